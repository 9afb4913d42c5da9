"""Tells a user's past as stories, one for each rule."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from connrules import ast
from connrules.check import Checked, CheckedRule
from connrules.event import Kind, Profiles, Reason
from connrules.explain.case import Case
from connrules.explain.clauses import clause_at
from connrules.explain.log import Log
from connrules.explain.mismatch import absent_triggers, mismatched_triggers, spared
from connrules.explain.near import Budget, nearest_miss
from connrules.explain.past import Past
from connrules.explain.story import Clock, Explanation, Goal, Late, Mismatch, Story, Trigger
from connrules.explain.verdict import trigger_pattern, verdict
from connrules.explain.world import World
from connrules.reference.chance import target_of

MOST_SOUGHT: Final = 50
"""Near misses take long to prove; they are sought for so many triggers of a rule, the last ones."""
MOST_REPLAYED: Final = 60_000
"""When so many events were replayed for near misses, they are sought for no more than the last trigger of a rule."""

Watch = Callable[[str, int, int], None]
"""Is told how far an explanation is: the rule, how many of its triggers are told, and how many there are."""


def explain(  # noqa: PLR0913  # each says one thing about a run
    checked: Checked,
    log: Log,
    *,
    rule: str | None = None,
    since: int | None = None,
    until: int | None = None,
    dedupe: int = 0,
    profiles: Profiles | None = None,
    watch: Watch | None = None,
) -> Explanation:
    """Why the user of a log did or did not get messages, by each rule or by the one of that name.

    Time moves on to the newest event of the whole log, or to `until` (epoch ms) if that is later; `dedupe` and
    `profiles` are those of the reference interpreter. Only what came at the instant `since` or after it is told; what
    came before still counts. `watch` is called before each trigger is told. Raises ValueError where the rule set has
    errors.
    """
    end = max((instant for instant in (log.newest, until) if instant is not None), default=0)
    past = Past(checked, log.user, log.events, end, dedupe, profiles, since)
    world = World(past)
    counted = {id(event) for event in past.events}
    rules = [each for each in checked.rules if rule in {None, each.name}]
    return Explanation(
        user=log.user,
        events=len(past.all_events),
        until=end,
        since=since,
        stories=tuple(_stories(past, world, rules, watch)),
        late=tuple(
            Late(world.occurrence(late.event), late.late_ms) for late in log.late if past.is_told(late.event.time)
        ),
        repeated=tuple(
            world.occurrence(event)
            for event in past.all_events
            if id(event) not in counted and past.is_told(event.time)
        ),
    )


def _stories(past: Past, world: World, rules: Sequence[CheckedRule], watch: Watch | None) -> Iterator[Story]:
    """The story of each rule. What one rule leaves of its share of the budget, the next ones may spend."""
    budget = Budget(MOST_REPLAYED)
    for place, rule in enumerate(rules):
        cases = list(_cases(past, world, rule))
        triggers, sought = _triggers(cases, budget, budget.left - budget.left // (len(rules) - place), watch)
        yield _story(past, world, rule, triggers, sought)


def _triggers(cases: Sequence[Case], budget: Budget, keep: int, watch: Watch | None) -> tuple[list[Trigger], int]:
    """The cases as told, and for how many of them, the last ones, near misses were sought.

    They are sought while there is more in the budget than is to be kept for other rules, and for the last one always.
    """
    told: list[Trigger] = []
    sought = 0
    for case in reversed(cases):
        if watch is not None:
            watch(case.rule.name, len(told), len(cases))
        is_sought = not told or (len(told) < MOST_SOUGHT and budget.left > keep)
        told.append(_trigger(case, budget if is_sought else None))
        sought += is_sought
    return told[::-1], sought


def _story(past: Past, world: World, rule: CheckedRule, triggers: Sequence[Trigger], sought: int) -> Story:
    entries: list[Trigger | Mismatch] = [*triggers, *mismatched_triggers(past, world, rule)]
    return Story(
        rule=rule.name,
        place=clause_at(rule.source, rule.node.name.span if rule.node.name else rule.node.on.span),
        sends=tuple(target.text for target in rule.node.targets),
        target=target_of(rule, past.user),
        entries=tuple(sorted(entries, key=lambda entry: entry.event.at)),
        absent=() if entries else tuple(absent_triggers(past, world, rule)),
        sought=sought,
    )


def _cases(past: Past, world: World, rule: CheckedRule) -> Iterator[Case]:
    for place, outcome in enumerate(past.outcomes):
        if outcome.rule == rule.name and outcome.kind is not Kind.GOAL and past.is_told(outcome.triggered_at):
            yield Case(past, world, rule, outcome, place)


def _trigger(case: Case, budget: Budget | None) -> Trigger:
    """A case as told, with a near miss where there is a budget to seek it."""
    outcome, found = case.outcome, verdict(case)
    waited = outcome.kind is not Kind.IGNORED
    return Trigger(
        event=case.world.occurrence(case.trigger),
        pattern=case.clause(trigger_pattern(case), "on "),
        outcome=outcome.kind,
        at=outcome.at,
        due=case.due if waited else None,
        reason=outcome.reason,
        send=outcome.send,
        per=outcome.per,
        clause=found.clause,
        by=found.by,
        facts=found.facts,
        clocks=_clocks(case) if waited else (),
        held=_held(case) if waited else None,
        held_by=case.window_clause(case.window) if waited and case.window and case.is_held else None,
        did_not_cancel=tuple(spared(case, outcome.at)) if waited else (),
        goal=_goal(case),
        miss=nearest_miss(case, found.facts, budget) if budget else None,
    )


def _clocks(case: Case) -> tuple[Clock, ...]:
    """What the clocks of the schedule, and of a window that was closed, showed when the send was due."""
    delay, window = case.rule.node.delay, case.window
    zones = [delay.zone] if isinstance(delay, ast.InDays | ast.NextWeekday) else []
    zones += [window.zone] if window and (case.is_held or case.outcome.reason is Reason.OUTSIDE_WINDOW) else []
    return tuple(dict.fromkeys(case.world.clock(case.due, zone, case.attributes) for zone in zones))


def _held(case: Case) -> Clock | None:
    """What the clock showed when the send was due first, where a closed window held it up."""
    if case.window is None or not case.is_held:
        return None
    return case.world.clock(case.due_without_window, case.window.zone, case.attributes)


def _goal(case: Case) -> Goal | None:
    goal, convert = case.past.goal(case.place), case.rule.node.convert
    if goal is None or convert is None:
        return None
    event = case.past.event(goal.by, goal.at, [convert.pattern])
    assert event is not None, "an event reached it"
    return Goal(case.world.occurrence(event), case.clause(convert, ""))
