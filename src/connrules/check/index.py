"""The index of a rule set: everything that declarations ask of one another, by name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connrules import ast
from connrules.checked import CheckedRule
from connrules.diagnostic import errors_of
from connrules.syntax.parser import Parsed
from connrules.syntax.scanner import TRIVIA, Token, scan
from connrules.text import SourceText

_ASKING = frozenset({"IF", "IN", "AND", "OR", "NOT", "LPAR"})
"""The words behind which a segment may be asked for, by people who leave out `in` or `segment`."""


class Broken(NamedTuple):
    """The names in files with errors. What a broken declaration declares or uses is no second mistake elsewhere."""

    rules: frozenset[str] = frozenset()
    """In one case, as who writes a name that is none may have had it in either."""
    segments: frozenset[str] = frozenset()
    used_segments: frozenset[str] = frozenset()
    any: bool = False
    """Whether a declaration may be missing at all."""


@dataclass(frozen=True, slots=True)
class Index:
    """A rule set as its checks look at it. Of several declarations of one name, the first counts."""

    rules: Mapping[str, CheckedRule]
    segments: Mapping[str, ast.Segment]
    policy: ast.Policy
    sent: frozenset[str]
    """The names of all campaigns that some rule may send."""
    broken: Broken

    @classmethod
    def of(
        cls, rules: Sequence[CheckedRule], segments: Mapping[str, ast.Segment], policy: ast.Policy, broken: Broken
    ) -> "Index":
        """The index of a rule set."""
        sent = frozenset(target.text for rule in rules for target in rule.node.targets)
        by_name: dict[str, CheckedRule] = {}
        for rule in rules:
            by_name.setdefault(rule.name, rule)
        return cls(by_name, segments, policy, sent, broken)


def broken_names(files: Sequence[Parsed]) -> Broken:
    """The names that stand in files with errors, by what their tokens look like."""
    sources = [parsed.file.source for parsed in files if errors_of(parsed.diagnostics)]
    triples = [triple for source in sources for triple in _triples(source)]
    rules = {name.text for _, keyword, name in triples if keyword.kind == "RULE"}.union(_meant(files))
    segments = [(before.kind in _ASKING, name.text) for before, keyword, name in triples if keyword.kind == "SEGMENT"]
    asked_for = {name.text.strip('"') for _, before, name in triples if before.kind in _ASKING}
    return Broken(
        rules=frozenset(name.casefold() for name in rules),
        segments=frozenset(text for is_use, text in segments if not is_use),
        used_segments=frozenset(asked_for.union(text.strip('"') for is_use, text in segments if is_use)),
        any=bool(sources),
    )


def _meant(files: Iterable[Parsed]) -> Iterator[str]:
    """Words that fixes of syntax write: one may be the name of a rule that has none yet."""
    for found in errors_of([finding for parsed in files for finding in parsed.diagnostics]):
        for edit in found.fix.edits if found.fix else ():
            yield edit.text.strip().rstrip(":")


def _triples(source: SourceText) -> Iterator[tuple[Token, Token, Token]]:
    start = Token("START", "", 0)
    tokens = [start, start, *(token for token in scan(source.text) if token.kind not in TRIVIA)]
    return zip(tokens, tokens[1:], tokens[2:], strict=False)
