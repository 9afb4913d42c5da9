"""What keeps a wait from starting, and a due send from being sent: all the reasons, in the order of the checks.

The first is the one that is given. Instants are epoch milliseconds.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from connrules import ast
from connrules.checked import Checked, CheckedRule
from connrules.event import Reason
from connrules.reference.chance import is_held_out
from connrules.reference.conditions import Facts, holds
from connrules.reference.matching import campaign_is_active, campaign_of, object_is_active
from connrules.reference.timing import zone_of
from connrules.reference.user import User, Wait


def reasons_not_to_start(checked: Checked, wait: Wait, *, is_waiting: bool) -> Iterator[Reason]:
    """Why a trigger starts no wait. `is_waiting`: there is one of the same rule, user and `per` value already."""
    rule, now = wait.rule, wait.triggered_at
    if not _is_live(rule.node, now):
        yield Reason.RULE_NOT_LIVE
    if not campaign_is_active(wait.target, now, checked.catalog):
        yield Reason.TARGET_NOT_PUBLISHED
    if not object_is_active(wait.trigger, checked.catalog):
        yield Reason.SOURCE_NOT_ACTIVE
    if rule.node.if_ and not _is_true_of(wait.user, rule.node.if_.condition, checked):
        yield Reason.AUDIENCE
    if is_waiting and not (rule.node.after and rule.node.after.restarting):
        yield Reason.ALREADY_WAITING
    if not _is_eligible(rule, wait.user, now):
        yield Reason.NOT_ELIGIBLE


def reasons_to_drop(checked: Checked, wait: Wait) -> Iterator[Reason]:
    """Why a due send is not sent."""
    rule, due = wait.rule, wait.due
    if wait.is_outside:
        yield Reason.OUTSIDE_WINDOW
    if not campaign_is_active(wait.target, due, checked.catalog):
        yield Reason.TARGET_STOPPED
    if not _is_live(rule.node, due):
        yield Reason.RULE_ENDED
    if rule.node.still_if and not _is_true_of(wait.user, rule.node.still_if.condition, checked):
        yield Reason.AUDIENCE_AT_SEND
    if not _is_eligible(rule, wait.user, due):
        yield Reason.NOT_ELIGIBLE
    if is_held_out(rule, wait.user.name):
        yield Reason.HELD_OUT
    if not all(_is_within(limit, wait, checked) for limit in checked.policy.limits):
        yield Reason.LIMITED


def channels_of(target: str, checked: Checked) -> tuple[str, ...]:
    """The channels of a campaign; none where it is not known."""
    campaign = campaign_of(target, checked.catalog)
    return campaign.channels if campaign else ()


def _is_live(rule: ast.Rule, instant: int) -> bool:
    begun = rule.from_ is None or rule.from_.time.ms <= instant
    ended = rule.until is not None and rule.until.time.ms <= instant
    return begun and not ended


def _is_true_of(user: User, condition: ast.Condition, checked: Checked) -> bool:
    types = checked.catalog.user.attributes if checked.catalog else {}
    return holds(condition, Facts(user.attributes, types, segments=checked.segments, zone=zone_of(checked.policy)))


def _is_eligible(rule: CheckedRule, user: User, instant: int) -> bool:
    sends = (send.at for send in user.sends if send.rule == rule.name)
    match rule.node.eligibility:
        case None:
            return True
        case ast.Once():
            return not any(True for _ in sends)
        case ast.AtMost(count, window):
            return _count_in(window, instant, sends) < count
        case clause:
            assert_never(clause)


def _is_within(limit: ast.Limit, wait: Wait, checked: Checked) -> bool:
    """Whether one more send keeps the limit."""
    if limit.channel is None:
        sends = (send.at for send in wait.user.sends)
    elif limit.channel.text in channels_of(wait.target, checked):
        sends = (send.at for send in wait.user.sends if limit.channel.text in send.channels)
    else:
        return True
    return _count_in(limit.window, wait.due, sends) < limit.count


def _count_in(window: ast.Duration, instant: int, sends: Iterable[int]) -> int:
    """How many sends lie in the window that ends with the instant and begins after the instant so long before it."""
    return sum(instant - window.ms < at <= instant for at in sends)
