"""What a test expects: of rules that exist and can do it, of campaigns that are sent, for reasons that there are."""

from collections.abc import Iterator, Mapping
from typing import Final

from connrules import ast
from connrules.check.index import Index
from connrules.check.names.binding import Mention, Names, bind
from connrules.check.names.references import check_rule_name
from connrules.check.waits.waiting import can_wait
from connrules.checked import CheckedRule, CheckedTest
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.event import Reason
from connrules.syntax.fixes import writing
from connrules.syntax.spelling import quoted
from connrules.text import Span, closest
from connrules.vocabulary import ObjectKind

_IGNORED = (
    *(Reason.RULE_NOT_LIVE, Reason.TARGET_NOT_PUBLISHED, Reason.SOURCE_NOT_ACTIVE),
    *(Reason.AUDIENCE, Reason.ALREADY_WAITING, Reason.NOT_ELIGIBLE),
)
_DROPPED = (
    *(Reason.OUTSIDE_WINDOW, Reason.TARGET_STOPPED, Reason.RULE_ENDED),
    *(Reason.AUDIENCE_AT_SEND, Reason.NOT_ELIGIBLE, Reason.HELD_OUT, Reason.LIMITED),
)
REASONS: Final[Mapping[str, tuple[Reason, ...]]] = {
    "ignored": _IGNORED,
    "dropped": _DROPPED,
    "goal": (Reason.HELD_OUT,),
}
"""The fates that have a reason, each with those that it can have."""


def check_expectation(test: CheckedTest, step: ast.Expect, index: Index, names: Names | None) -> Iterator[Diagnostic]:
    """All findings about one expectation; `nothing` is always possible."""
    if step.subject is None:
        return
    if step.fate == "sent":
        yield from _sent(test, step.subject, index, names)
    else:
        yield from _of_rule(test, step, step.subject, index)
    if step.by is not None:
        yield from _by(test, step, step.by, index)
    if step.because is not None:
        yield from _because(test, step, step.because, index)


def _impossible(test: CheckedTest, span: Span, message: str, remedy: str, meant: str | None = None) -> Diagnostic:
    fix = writing(test.source, span, meant) if meant else None
    return finding("CR714", test.source, span, message, help=remedy, fix=fix)


def _sent(test: CheckedTest, campaign: ast.Name, index: Index, names: Names | None) -> Iterator[Diagnostic]:
    """A campaign that no rule sends. Whether one that is sent exists is said of the rule.

    While a rule names no campaign of the catalog, it may be this one that it is to send.
    """
    if campaign.text in index.sent or index.broken.any:
        return
    if campaign.text in index.rules:
        yield _a_rule(test, campaign, index.rules[campaign.text])
        return
    wrong = bind(test.source, [Mention(campaign, ObjectKind.CAMPAIGN, "sent")], names)[1] if names else []
    yield from wrong
    if not wrong and not _sends_the_unknown(index, names):
        near, meant = closest(campaign.text, index.sent), None
        remedy = "name a campaign that a rule sends"
        if near:
            remedy, meant = f'did you mean `"{near}"`?', quoted(near)
        yield _impossible(test, campaign.span, f"no rule sends `{campaign.text}`", remedy, meant)


def _a_rule(test: CheckedTest, name: ast.Name, rule: CheckedRule) -> Diagnostic:
    """The name of a rule where that of a campaign belongs."""
    sent = [quoted(target.text) for target in rule.node.targets]
    remedy = f"a campaign is named here: write `sent {sent[0]}`"
    if len(sent) > 1:
        remedy = f"a campaign is named here: it sends {' or '.join(f'`{each}`' for each in sent)}"
    message = f"`{name.text}` is a rule, and no campaign"
    return _impossible(test, name.span, message, remedy, sent[0] if len(sent) == 1 else None)


def _sends_the_unknown(index: Index, names: Names | None) -> bool:
    return names is not None and not all(names.catalog.named(ObjectKind.CAMPAIGN, name) for name in index.sent)


def _of_rule(test: CheckedTest, step: ast.Expect, name: ast.Name, index: Index) -> Iterator[Diagnostic]:
    """A rule that does not exist, or whose clauses leave no way to that fate."""
    unknown = list(check_rule_name(test.source, name, index))
    yield from unknown
    rule = index.rules.get(name.text)
    clause = None if rule is None or unknown else _wanting(rule, step)
    if clause is not None:
        message = f"`{name.text}` can have no `{step.fate}`: it has no `{clause}`"
        yield _impossible(test, step.span, message, f"add `{clause}` to the rule, or expect something else")


def _wanting(rule: CheckedRule, step: ast.Expect) -> str | None:
    """The clause without which a rule cannot come to that fate, where it is not there."""
    node = rule.node
    match step.fate:
        case "cancelled" if node.unless is None:
            return "unless"
        case "restarted" if not (node.after and node.after.restarting):
            return "restarting"
        case "goal" if node.convert is None:
            return "convert on"
        case _:
            return None


def _by(test: CheckedTest, step: ast.Expect, by: ast.Name, index: Index) -> Iterator[Diagnostic]:
    if step.fate != "sent":
        message = f"`by` says which rule sends, and nothing is sent in `{step.fate}`"
        remedy = f"delete the `by`; what stands behind `{step.fate}` is the rule"
        yield _impossible(test, by.span, message, remedy)
        return
    yield from check_rule_name(test.source, by, index)
    sender, sent = index.rules.get(by.text), step.subject
    targets = [target.text for target in sender.node.targets] if sender else []
    if sender is not None and sent is not None and sent.text in index.sent and sent.text not in targets:
        message = f"`{by.text}` does not send `{sent.text}`"
        yield _impossible(test, by.span, message, f"it sends {' or '.join(f'`{target}`' for target in targets)}")


def _because(test: CheckedTest, step: ast.Expect, because: ast.Name, index: Index) -> Iterator[Diagnostic]:
    assert step.fate is not None  # `expect nothing` has no reason
    possible = REASONS.get(step.fate, ())
    rule = index.rules.get(step.subject.text) if step.subject else None
    if because.text in possible:
        clause = _source_of(Reason(because.text), rule.node, index.policy) if rule else None
        if rule and clause:
            message = f"`{rule.name}` can have no `{because.text}`: there is no {clause}"
            yield _impossible(test, because.span, message, f"add {clause}, or expect something else")
        return
    listed = ", ".join(f"`{reason}`" for reason in possible)
    near = closest(because.text, possible)
    others = [fate for fate, reasons in REASONS.items() if because.text in reasons]
    if not possible:
        message = f"`{step.fate}` has no reason"
        remedy = f"write `expect {others[0]} …`, or delete the `because`" if others else "delete the `because`"
    elif others:
        message = f"`{because.text}` is no reason for `{step.fate}`"
        remedy = f"it is one for `{others[0]}`; those for `{step.fate}` are {listed}"
    else:
        message = f"there is no reason `{because.text}`"
        remedy = f"did you mean `{near}`?" if near else f"the reasons for `{step.fate}` are {listed}"
    yield _impossible(test, because.span, message, remedy, near if possible and not others else None)


def _source_of(reason: Reason, rule: ast.Rule, policy: ast.Policy) -> str | None:
    """The clause that alone gives a reason, or each of those that may, where neither the rule nor the policy has it."""
    window = rule.between or policy.quiet
    there = {
        Reason.RULE_NOT_LIVE: ("from/until", rule.from_ or rule.until),
        Reason.AUDIENCE: ("if", rule.if_),
        Reason.ALREADY_WAITING: ("after", can_wait(rule, policy)),
        Reason.NOT_ELIGIBLE: ("once/at most", rule.eligibility),
        Reason.OUTSIDE_WINDOW: ("or drop", window and window.drops),
        Reason.RULE_ENDED: ("until", rule.until),
        Reason.AUDIENCE_AT_SEND: ("still if", rule.still_if),
        Reason.HELD_OUT: ("hold out", rule.hold_out),
        Reason.LIMITED: ("limit", policy.limits),
    }
    clause, found = there.get(reason, ("", True))
    return None if found else " or ".join(f"`{text}`" for text in clause.split("/"))
