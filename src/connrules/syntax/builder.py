"""Productions of the grammar to AST nodes. What a token cannot be, though its shape is right, is a finding.

One method per production, named after it: it gets the nodes, tokens and gaps below the production, and where that
stands in the text. A builder serves one declaration.
"""

from typing import Any

from connrules import ast
from connrules.diagnostic import Related
from connrules.syntax.build_clauses import ClauseBuilder
from connrules.syntax.build_steps import StepBuilder
from connrules.syntax.build_values import Children
from connrules.text import Span

_SLOTS: dict[type[ast.Clause | ast.PolicyClause], str] = {
    ast.On: "on",
    ast.If: "if_",
    ast.After: "delay",
    ast.InDays: "delay",
    ast.NextWeekday: "delay",
    ast.Unless: "unless",
    ast.Per: "per",
    ast.StillIf: "still_if",
    ast.Between: "between",
    ast.From: "from_",
    ast.Until: "until",
    ast.Once: "eligibility",
    ast.AtMost: "eligibility",
    ast.HoldOut: "hold_out",
    ast.Convert: "convert",
    ast.Send: "send",
    ast.SendOneOf: "send",
    ast.TimeZone: "time_zone",
    ast.Quiet: "quiet",
}


class Builder(ClauseBuilder, StepBuilder):
    """Builds one declaration; `findings` says what is wrong with it."""

    def _named_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(self._name(children[1]), children[3:], span)

    def _unnamed_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(None, children, span)

    def _rule(self, name: ast.Name | None, clauses: Children, span: Span) -> ast.Rule | None:
        slots = self._slots(clauses, "this rule")
        if "send" not in slots:
            self._report(
                "CR104",
                Span(span.end, span.end),
                f"{_rule_title(name)} has no `send`",
                label="the rule ends here and says nothing to send",
                help='add the follow-on campaign, e.g. `send "Cart Reminder"`',
            )
            return None
        return ast.Rule(name=name, span=span, **slots)

    def _slots(self, clauses: Children, where: str) -> dict[str, Any]:
        """The clauses by the field in which they stand. A second one for the same field is a finding."""
        slots: dict[str, Any] = {}
        for clause in clauses:
            slot = _SLOTS[type(clause)]
            if slot in slots:
                self._duplicate_clause(slots[slot], clause, where)
            else:
                slots[slot] = clause
        return slots

    def _duplicate_clause(self, first: ast.Clause, second: ast.Clause, where: str) -> None:
        line = self._source.position(first.span.start).line
        if first.keyword == second.keyword:
            there = "the first one"
            message = f"the clause `{second.keyword}` stands twice in {where}"
            label = f"the first one is on line {line}"
        else:
            message = f"`{first.keyword}` and `{second.keyword}` exclude each other"
            there = "the other one"
            label = f"`{first.keyword}` is on line {line}"
        remedy = (
            "join the patterns with `or`, or delete one" if isinstance(second, ast.Unless) else "delete one of them"
        )
        related = (Related(self._source, first.span, there),)
        self._report("CR107", second.span, message, label=label, help=remedy, related=related)

    def _segment(self, children: Children, span: Span) -> ast.Segment:
        _, name, sign, condition = children
        self._equals(sign, f'segment {name} = user.country = "FR"')
        return ast.Segment(self._name(name), condition, span)

    def _policy(self, children: Children, span: Span) -> ast.Policy:
        limits = tuple(clause for clause in children[2:] if isinstance(clause, ast.Limit))
        others = [clause for clause in children[2:] if not isinstance(clause, ast.Limit)]
        return ast.Policy(limits, **self._slots(others, "the policy"), span=span)

    def _test(self, children: Children, span: Span) -> ast.Test:
        return ast.Test(self._name(children[1]), self._steps(children[3:]), span)


def _rule_title(name: ast.Name | None) -> str:
    return f"the rule `{name.text}`" if name else "this rule"
