"""Rules that follow from one another in a circle: whether they can go round twice, how fast, and a timeline of it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connrules import ast
from connrules.catalog import ALWAYS, Interval
from connrules.check.together.follows import is_by_itself
from connrules.check.together.timeline import Stage, Told, later_by
from connrules.check.together.witness import Setting, happens, knows
from connrules.check.waits.waiting import shortest_wait
from connrules.checked import CheckedRule
from connrules.duration import format_duration
from connrules.event import Kind, Outcome

_FAR = 2**62
_SOON = 60_000
"""How long after a message a user of a timeline does something with it, where nothing speaks for later."""
MOST_PLAYED = 20
"""Of how many rules a circle may be that is played: a longer timeline shows nobody anything."""


class Link(NamedTuple):
    """A rule of a circle, and its trigger that follows from what the rule before it sends."""

    rule: CheckedRule
    pattern: ast.Pattern


Circle = Sequence[Link]


def period(circle: Circle) -> int:
    """How long (ms) it takes at the least to go round once."""
    return sum(shortest_wait(link.rule.node) for link in circle)


def bounds(circle: Circle) -> list[str]:
    """What keeps the circle from going round as often as users like: `at most 1 per 1w`."""
    clauses = [link.rule.node.eligibility for link in circle]
    return [f"at most {c.count} per {c.window.spelling}" for c in clauses if isinstance(c, ast.AtMost)]


def quotas_of(circle: Circle, stage: Stage) -> list[ast.Limit]:
    """The limits of the policy that count something of what the circle sends."""
    return [limit for limit in stage.index.policy.limits if any(stage.may_count(limit, link.rule) for link in circle)]


def leaves_no_second_round(circle: Circle, quotas: Iterable[ast.Limit]) -> bool:
    """Whether a limit, or an `at most` of a rule, is used up by one round when the next one begins."""
    own = [link.rule.node.eligibility for link in circle]
    counts = [(c.window, c.count) for c in own if isinstance(c, ast.AtMost)]
    counts += [(quota.window, quota.count - len(circle) + 1) for quota in quotas]
    return any(left <= 1 and window.ms > period(circle) for window, left in counts)


def goes_round_twice(circle: Circle, stage: Stage) -> bool:
    """Whether there is time for every rule to send twice, while it lives and what it sends is active."""
    # Between which instants (epoch ms) the first rule may be triggered.
    first, last, passed, whole = -_FAR, _FAR, 0, period(circle)
    for link in circle:
        lifetime = _lifetime(link.rule, stage)
        if lifetime is None:
            return False
        first = max(first, lifetime[0] - passed)
        passed += shortest_wait(link.rule.node)
        last = min(last, lifetime[1] - passed - whole)
    return first < last


def _lifetime(rule: CheckedRule, stage: Stage) -> tuple[int, int] | None:
    """From when until when (epoch ms) a rule may send, with pauses in between; None: never, as far as is known."""
    begins = rule.node.from_.time.ms if rule.node.from_ else ALWAYS[0][0]
    ends = rule.node.until.time.ms if rule.node.until else _FAR
    targets = [interval for target in rule.node.targets for interval in _active(target, stage)]
    if not targets:
        return None
    begins = max(begins, min(start for start, _ in targets))
    return begins, min(ends, max(_FAR if end is None else end for _, end in targets))


def _active(target: ast.Name, stage: Stage) -> tuple[Interval, ...]:
    if stage.names is None:
        return ALWAYS
    campaign = stage.names.catalog.campaign(target.text)
    return campaign.intervals if campaign else ()


# A timeline that goes round


def going_round(circle: Circle, stage: Stage, title: str, sends: int) -> str:
    """The test in which the rules of the circle send so often, in turn; "" where there is none, or no telling."""
    if len(circle) > MOST_PLAYED:
        return ""
    turned = next((turn for turn in _turns(circle) if _begin(turn, stage)), None)
    if turned is None:
        return ""
    conditions = [c.condition for link in turned for c in (link.rule.node.if_, link.rule.node.still_if) if c]
    known = knows(list(dict.fromkeys(conditions)), 0, Setting(stage.index, stage.names))
    begin = _begin(turned, stage)
    rules = [link.rule for link in turned]
    if known is None or begin is None:
        return ""
    steps = [*known, begin]
    told = stage.find(steps, rules, lambda told: told.sent_by(rules[0]) is not None)
    played = _played(turned, steps, told, stage, sends) if told else None
    return played.witness(title) if played else ""


def _turns(circle: Circle) -> Iterator[list[Link]]:
    """The circle, begun at each of its rules."""
    return ([*circle[place:], *circle[:place]] for place in range(len(circle)))


def _begin(circle: Circle, stage: Stage) -> ast.Happening | None:
    """The event that triggers the first rule of a circle."""
    first = circle[0]
    tried = (first.pattern, *first.rule.node.on.patterns)
    begun = (happens([pattern], 0, Setting(stage.index, stage.names)) for pattern in tried)
    return next((event for event in begun if event is not None), None)


def _played(circle: Circle, steps: Sequence[ast.Happening], told: Told, stage: Stage, sends: int) -> Told | None:
    """The circle's timeline, played on and on with what users do with each message, until there are so many sends."""
    user, made, shown = told.steps[0].user, list(steps), list[Outcome]()
    going: Told | None = told
    for place in range(sends):
        sent = _next_send(going, circle[place % len(circle)].rule, shown) if going else None
        if going is None or sent is None:
            return None
        shown.append(sent)
        link = circle[(place + 1) % len(circle)]
        if isinstance(link.pattern, ast.SentRule) or len(shown) == sends:
            continue
        answer = happens([link.pattern], 0, Setting(stage.index, stage.names), about=sent.send)
        if answer is None:
            return None
        made.append(later_by(answer, sent.at - told.start + _pause(link, stage)))
        going = stage.play(made, told.start, *([user] if user else []))
    return going


def _next_send(told: Told, rule: CheckedRule, shown: Sequence[Outcome]) -> Outcome | None:
    """The first send of a rule that comes after those shown."""
    now = shown[-1].at if shown else told.start
    sends = (o for o in told.outcomes if o.kind is Kind.SENT and o.rule == rule.name and o.at >= now)
    return next((sent for sent in sends if sent not in shown), None)


def _pause(link: Link, stage: Stage) -> int:
    """How long after a message its user does something with it: as soon as nothing keeps the rule from sending."""
    if is_by_itself(link.pattern):
        return 0
    eligibility = link.rule.node.eligibility
    windows = [limit.window.ms for limit in quotas_of([link], stage)]
    return max([_SOON, *windows, *([eligibility.window.ms] if isinstance(eligibility, ast.AtMost) else [])])


def pace(circle: Circle, stage: Stage) -> str:
    """How often it can go round, in words."""
    shortest, limits = period(circle), bounds(circle)
    at_once = "at once, each time" if all(is_by_itself(link.pattern) for link in circle) else "as often as users like"
    words = f"every {format_duration(shortest)} at the soonest" if shortest else at_once
    if limits:
        words += f", but for `{limits[0]}`"
    elif quotas_of(circle, stage):
        words += ", but for the limits of the policy"
    return words
