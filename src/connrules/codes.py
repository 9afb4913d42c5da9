"""Every code of a finding, with its name and severity: the table that checker, documentation and suppressions share.

A code's documentation is a page of its own in the package's folder `findings/`, named after the code.
"""

from typing import Final, Literal, NamedTuple

from connrules.diagnostic import Diagnostic, Fix, Related, Severity
from connrules.text import SourceText, Span


class Code(NamedTuple):
    """A kind of finding."""

    code: str
    name: str
    severity: Severity
    needs_catalog: bool = False
    dated: bool = False
    """Whether it asks how things stand at a date; looking at history leaves those out."""
    fix: Literal["", "unsafe", "safe"] = ""
    """The best fix that the check offers, at least for some of what it finds."""


FAMILIES: Final = {
    "CR1": "Syntax",
    "CR2": "Names and catalog",
    "CR3": "Delay and exceptions",
    "CR4": "Publish order",
    "CR5": "The rule set as a whole",
    "CR6": "Style",
    "CR7": "Suppressions and tests",
}
"""What the codes that begin so are about."""

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_ROWS: Final = (
    # 1xx Syntax
    Code("CR101", "unexpected-token", _E, fix="unsafe"),
    Code("CR102", "unterminated-string", _E, fix="unsafe"),
    Code("CR103", "unexpected-character", _E, fix="unsafe"),
    Code("CR104", "incomplete-rule", _E),
    Code("CR105", "invalid-duration", _E, fix="unsafe"),
    Code("CR106", "unknown-interaction", _E, fix="unsafe"),
    Code("CR107", "duplicate-clause", _E),
    Code("CR108", "clause-order", _W, fix="safe"),
    Code("CR109", "invisible-or-bidi-character", _E, fix="unsafe"),
    Code("CR110", "confusable-name", _W),
    Code("CR111", "invalid-encoding", _E),
    Code("CR112", "duplicate-name", _E),
    Code("CR113", "invalid-time", _E, fix="unsafe"),
    # 2xx Names and catalog
    Code("CR201", "unknown-campaign", _E, needs_catalog=True, fix="unsafe"),
    Code("CR202", "unknown-card", _E, needs_catalog=True, fix="unsafe"),
    Code("CR203", "unknown-event-name", _W, needs_catalog=True, fix="unsafe"),
    Code("CR204", "name-differs-in-case-or-spaces", _E, needs_catalog=True, fix="safe"),
    Code("CR205", "inactive-source", _E, needs_catalog=True, dated=True),
    Code("CR206", "draft-source-without-date", _W, needs_catalog=True, dated=True),
    Code("CR207", "interaction-channel-mismatch", _E, needs_catalog=True),
    Code("CR208", "card-used-as-campaign", _E, needs_catalog=True),
    Code("CR209", "ambiguous-name", _E, needs_catalog=True),
    Code("CR210", "no-conversion-event-or-control-group", _E, needs_catalog=True),
    Code("CR211", "inactive-target", _E, needs_catalog=True, dated=True),
    Code("CR212", "unknown-target", _E, needs_catalog=True, fix="unsafe"),
    Code("CR213", "missing-object", _E),
    Code("CR214", "nothing-implied", _E),
    Code("CR215", "unknown-property", _W, needs_catalog=True, fix="unsafe"),
    Code("CR216", "property-type-mismatch", _E, needs_catalog=True, fix="unsafe"),
    Code("CR217", "unknown-user-attribute", _W, needs_catalog=True, fix="unsafe"),
    Code("CR218", "unknown-segment", _E, fix="unsafe"),
    Code("CR219", "unknown-rule-reference", _E, fix="unsafe"),
    Code("CR220", "catalog-stale", _W, needs_catalog=True, dated=True),
    Code("CR221", "unused-segment", _W),
    Code("CR222", "segment-cycle", _E),
    # 3xx Delay and exceptions
    Code("CR301", "exception-without-delay", _E, fix="unsafe"),
    Code("CR302", "impossible-exception", _E, needs_catalog=True),
    Code("CR303", "exception-already-happened", _W),
    Code("CR304", "exception-equals-trigger", _I),
    Code("CR305", "duplicate-pattern", _W, fix="safe"),
    Code("CR306", "subsumed-pattern", _W, fix="safe"),
    Code("CR307", "delay-beyond-lifetime", _E, needs_catalog=True),
    Code("CR308", "zero-delay", _W, fix="safe"),
    Code("CR309", "window-never-opens", _E),
    Code("CR310", "control-group-exception", _W),
    Code("CR311", "restarting-without-delay", _E),
    Code("CR312", "exception-source-inactive-while-waiting", _W, needs_catalog=True),
    Code("CR313", "delay-over-two-years", _W),
    Code("CR314", "non-canonical-duration", _I, fix="safe"),
    Code("CR315", "invalid-share", _E),
    # 4xx Publish order
    Code("CR401", "source-live-before-follow-on", _W, needs_catalog=True),
    Code("CR402", "publish-order-cycle", _E, needs_catalog=True, dated=True),
    Code("CR403", "disjoint-lifetimes", _E, needs_catalog=True),
    Code("CR404", "partial-overlap", _W, needs_catalog=True),
    Code("CR405", "published-at-the-same-instant", _W, needs_catalog=True, dated=True),
    Code("CR406", "one-shot-source-already-sent", _W, needs_catalog=True, dated=True),
    Code("CR407", "planned-order-wrong", _W, needs_catalog=True, dated=True),
    # 5xx The rule set as a whole
    Code("CR501", "send-loop", _E),
    Code("CR502", "possible-loop", _W),
    Code("CR503", "self-trigger", _W),
    Code("CR504", "duplicate-rule", _W, fix="unsafe"),
    Code("CR505", "overlapping-rules", _W),
    Code("CR506", "shadowed-rule", _E),
    Code("CR507", "unreachable-rule", _E),
    Code("CR508", "simultaneous-sends", _W),
    Code("CR509", "limit-makes-rule-silent", _W),
    Code("CR510", "filter-never-true", _E),
    Code("CR511", "limit-counts-nothing", _W),
    # 6xx Style
    Code("CR601", "not-formatted", _I, fix="safe"),
    Code("CR602", "unnamed-rule", _I, fix="unsafe"),
    Code("CR603", "naming-convention", _W),
    # 7xx Suppressions and tests
    Code("CR701", "unused-suppression", _W, fix="safe"),
    Code("CR702", "expired-suppression", _W),
    Code("CR703", "unknown-code", _E, fix="unsafe"),
    Code("CR704", "suppression-without-reason", _W),
    Code("CR711", "rule-without-test", _I),
    Code("CR712", "exception-never-tested", _I),
    Code("CR713", "test-without-expectation", _E),
    Code("CR714", "impossible-step", _E, fix="unsafe"),
)

CODES: Final[dict[str, Code]] = {row.code: row for row in _ROWS}


def find_code(text: str) -> Code | None:
    """The code that a user names by its code or by its name, in any case."""
    wanted = text.strip().upper()
    return CODES.get(wanted) or next((c for c in _ROWS if c.name.upper() == wanted), None)


def finding(  # noqa: PLR0913  # a finding has these parts
    code: str,
    source: SourceText,
    span: Span,
    message: str,
    *,
    label: str = "",
    help: str = "",  # noqa: A002  # the field's name everywhere
    severity: Severity | None = None,
    fix: Fix | None = None,
    related: tuple[Related, ...] = (),
    witness: str = "",
    silent_rule: str = "",
) -> Diagnostic:
    """A finding of that code, with the severity of the table unless this one is worse or milder."""
    row = CODES[code]
    words = (message, label, help)
    return Diagnostic(
        row.code, row.name, severity or row.severity, source, span, *words, fix, related, witness, silent_rule
    )
