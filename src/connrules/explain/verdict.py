"""Which clause decided what became of a trigger, and what was found when it was asked."""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.check.patterns import where_of
from connrules.event import Event, Kind, Outcome, Reason
from connrules.explain.case import Case
from connrules.explain.conditions import why
from connrules.explain.story import Clause, Drawn, Fact, Inactive, Occurrence, Sent, UsedUp, Waiting
from connrules.reference.chance import bucket
from connrules.reference.checks import channels_of
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import OBJECT_KIND, ObjectKind


class Verdict(NamedTuple):
    """What decided: the clause, if one did, what was found, and what cancelled or restarted a wait."""

    clause: Clause | None
    facts: tuple[Fact, ...] = ()
    by: Occurrence | None = None


def verdict(case: Case) -> Verdict:
    """What decided a case."""
    node = case.rule.node
    match case.outcome.kind:
        case Kind.CANCELLED:
            return _cancelled(case)
        case Kind.RESTARTED:
            newer = next(case.later_waits())
            return Verdict(case.clause(node.delay) if node.delay else None, (), case.world.occurrence(newer.trigger))
        case Kind.SENT | Kind.PENDING:
            return Verdict(case.clause(node.delay or node.send))
        case Kind.IGNORED | Kind.DROPPED:
            return _refused(case)
        case Kind.GOAL:
            raise AssertionError("a goal belongs to the case of the send or hold-out that opened it")
        case _:
            assert_never(case.outcome.kind)


def trigger_pattern(case: Case) -> ast.Pattern:
    """The pattern that speaks of the trigger."""
    return next(pattern for pattern in case.rule.node.on.patterns if case.past.matches(pattern, case.trigger))


def _cancelled(case: Case) -> Verdict:
    pattern = next(p for p in case.exceptions if format_pattern(p) == case.outcome.pattern)
    event = case.canceller
    assert event is not None, "an event cancelled it"
    where = where_of(pattern)
    facts = () if where is None else why(where, case.world.about_event(event, case.trigger))
    return Verdict(case.clause(pattern, "unless "), facts, case.world.occurrence(event))


def _refused(case: Case) -> Verdict:  # one case per reason
    node, now = case.rule.node, case.outcome.at
    assert case.outcome.reason is not None
    match case.outcome.reason:
        case Reason.RULE_NOT_LIVE | Reason.RULE_ENDED:
            return _not_live(case)
        case Reason.TARGET_NOT_PUBLISHED | Reason.TARGET_STOPPED:
            return Verdict(case.clause(node.send), (case.world.inactive(ObjectKind.CAMPAIGN, case.target, now),))
        case Reason.SOURCE_NOT_ACTIVE:
            return _source_not_active(case)
        case Reason.AUDIENCE:
            return _condition(case, node.if_)
        case Reason.AUDIENCE_AT_SEND:
            return _condition(case, node.still_if)
        case Reason.ALREADY_WAITING:
            return _already_waiting(case)
        case Reason.NOT_ELIGIBLE:
            return _not_eligible(case)
        case Reason.OUTSIDE_WINDOW:
            return _outside_window(case)
        case Reason.HELD_OUT:
            return _held_out(case)
        case Reason.LIMITED:
            return _limited(case)
        case Reason.RULE_REMOVED:
            raise AssertionError("the rules of a reference run are never replaced")
        case _:
            assert_never(case.outcome.reason)


def _not_live(case: Case) -> Verdict:
    node = case.rule.node
    begins, ends = (clause.time.ms if clause else None for clause in (node.from_, node.until))
    clause = node.from_ if begins is not None and case.outcome.at < begins else node.until
    assert clause is not None
    return Verdict(case.clause(clause), (Inactive("rule", case.rule.name, case.outcome.at, ((begins, ends),)),))


def _source_not_active(case: Case) -> Verdict:
    kind = (OBJECT_KIND.get(case.trigger.type) if isinstance(case.trigger, Event) else None) or ObjectKind.CAMPAIGN
    fact = case.world.inactive(kind, case.world.object_of(case.trigger) or "", case.outcome.at)
    return Verdict(case.clause(trigger_pattern(case), "on "), (fact,))


def _condition(case: Case, clause: ast.If | ast.StillIf | None) -> Verdict:
    assert clause is not None
    at_trigger = isinstance(clause, ast.If)
    attributes = case.attributes if at_trigger else case.world.attributes_when_due(case.outcome)
    return Verdict(case.clause(clause), why(clause.condition, case.world.about_user(attributes)))


def _already_waiting(case: Case) -> Verdict:
    node, blocking = case.rule.node, next(case.later_waits())
    clause = node.per or node.delay
    until = blocking.due if blocking.outcome.kind is Kind.PENDING else blocking.outcome.at
    fact = Waiting(case.world.occurrence(blocking.trigger), blocking.due, until)
    return Verdict(case.clause(clause) if clause else None, (fact,))


def _not_eligible(case: Case) -> Verdict:
    clause = case.rule.node.eligibility
    match clause:
        case ast.Once():
            return Verdict(case.clause(clause), (_used_up(_own_sends(case, None), 1, None),))
        case ast.AtMost(count, window):
            return Verdict(case.clause(clause), (_used_up(_own_sends(case, window), count, window),))
        case None:
            raise AssertionError("without a clause everyone is eligible")
        case _:
            assert_never(clause)


def _outside_window(case: Case) -> Verdict:
    window = case.window
    assert window is not None
    return Verdict(case.window_clause(window), (case.world.clock(case.due, window.zone, case.attributes),))


def _held_out(case: Case) -> Verdict:
    clause = case.rule.node.hold_out
    assert clause is not None
    place = bucket("hold out", case.rule.name, case.past.user)
    return Verdict(case.clause(clause), (Drawn(place / 10_000, clause.share.millionths / 10_000),))


def _limited(case: Case) -> Verdict:
    for limit in case.past.checked.policy.limits:
        sends = [send for send in case.earlier_sends(limit.window) if counts(limit, send, case)]
        if len(sends) >= limit.count and (limit.channel is None or limit.channel.text in _channels(case, case.target)):
            return Verdict(case.policy_clause(limit), (_used_up(sends, limit.count, limit.window),))
    raise AssertionError("some limit was reached")


def counts(limit: ast.Limit, send: Outcome, case: Case) -> bool:
    """Whether a send counts against a limit."""
    return limit.channel is None or limit.channel.text in _channels(case, send.send or "")


def _channels(case: Case, campaign: str) -> tuple[str, ...]:
    return channels_of(campaign, case.past.checked)


def _own_sends(case: Case, window: ast.Duration | None) -> list[Outcome]:
    return [send for send in case.earlier_sends(window) if send.rule == case.rule.name]


def _used_up(sends: Sequence[Outcome], allowed: int, window: ast.Duration | None) -> UsedUp:
    return UsedUp(tuple(Sent(s.rule, s.send or "", s.at) for s in sends), allowed, window.ms if window else None)
