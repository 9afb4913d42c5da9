"""The index of a rule set: what its rules, segments and tests ask of one another and of the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connrules import ast
from connrules.check.checked import CheckedRule


@dataclass(frozen=True, slots=True)
class Index:
    """The rules and segments by name, and the policy. Of several of one name, the first counts."""

    rules: Mapping[str, CheckedRule] = field(default_factory=dict)
    segments: Mapping[str, ast.Segment] = field(default_factory=dict)
    policy: ast.Policy = ast.Policy()  # noqa: RUF009  # frozen

    @classmethod
    def of(cls, rules: Sequence[CheckedRule], segments: Mapping[str, ast.Segment], policy: ast.Policy) -> "Index":
        """The index of a rule set."""
        return cls({rule.name: rule for rule in reversed(rules)}, segments, policy)
