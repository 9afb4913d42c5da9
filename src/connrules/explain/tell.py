"""Tells a user's past as stories, one for each rule."""

from collections.abc import Iterator
from typing import Final

from connrules import ast
from connrules.check import Checked, CheckedRule
from connrules.event import Kind, Profiles
from connrules.explain.case import Case
from connrules.explain.clauses import clause_at
from connrules.explain.log import Log
from connrules.explain.mismatch import absent_triggers, mismatched_triggers, spared
from connrules.explain.near import nearest_miss
from connrules.explain.past import Past
from connrules.explain.story import Clock, Explanation, Goal, Late, Mismatch, Story, Trigger
from connrules.explain.verdict import trigger_pattern, verdict
from connrules.explain.world import World
from connrules.reference.chance import target_of

MOST_SOUGHT: Final = 50
"""Near misses take long to prove; they are sought for so many triggers of a rule, the last ones."""


def explain(  # noqa: PLR0913  # each says one thing about a run
    checked: Checked,
    log: Log,
    *,
    rule: str | None = None,
    until: int | None = None,
    dedupe: int = 0,
    profiles: Profiles | None = None,
) -> Explanation:
    """Why the user of a log did or did not get messages, by each rule or by the one of that name.

    Time moves on to the newest event of the whole log, or to `until` (epoch ms) if that is later; `dedupe` and
    `profiles` are those of the reference interpreter. Raises ValueError where the rule set has errors.
    """
    end = max((instant for instant in (log.newest, until) if instant is not None), default=0)
    past = Past(checked, log.user, log.events, end, dedupe, profiles)
    world = World(past)
    counted = {id(event) for event in past.events}
    return Explanation(
        user=log.user,
        events=len(past.all_events),
        until=end,
        stories=tuple(_story(past, world, each) for each in checked.rules if rule in {None, each.name}),
        late=tuple(Late(world.occurrence(late.event), late.late_ms) for late in log.late),
        repeated=tuple(world.occurrence(event) for event in past.all_events if id(event) not in counted),
    )


def _story(past: Past, world: World, rule: CheckedRule) -> Story:
    cases = list(_cases(past, world, rule))
    last = len(cases) - MOST_SOUGHT
    triggers = [_trigger(case, sought=place >= last) for place, case in enumerate(cases)]
    entries: list[Trigger | Mismatch] = [*triggers, *mismatched_triggers(past, world, rule)]
    return Story(
        rule=rule.name,
        place=clause_at(rule.source, rule.node.name.span if rule.node.name else rule.node.on.span),
        sends=tuple(target.text for target in rule.node.targets),
        target=target_of(rule, past.user),
        entries=tuple(sorted(entries, key=lambda entry: entry.event.at)),
        absent=() if entries else tuple(absent_triggers(past, world, rule)),
    )


def _cases(past: Past, world: World, rule: CheckedRule) -> Iterator[Case]:
    for place, outcome in enumerate(past.outcomes):
        if outcome.rule == rule.name and outcome.kind is not Kind.GOAL:
            yield Case(past, world, rule, outcome, place)


def _trigger(case: Case, *, sought: bool) -> Trigger:
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
        did_not_cancel=tuple(spared(case, outcome.at)) if waited else (),
        goal=_goal(case),
        miss=nearest_miss(case, found.facts) if sought else None,
    )


def _clocks(case: Case) -> tuple[Clock, ...]:
    """What the clocks of the schedule and of the window showed when the send was due."""
    delay, window = case.rule.node.delay, case.window
    zones = [delay.zone] if isinstance(delay, ast.InDays | ast.NextWeekday) else []
    zones += [window.zone] if window else []
    return tuple(dict.fromkeys(case.world.clock(case.due, zone, case.attributes) for zone in zones))


def _held(case: Case) -> Clock | None:
    """What the clock showed when the send was due first, where a closed window held it up."""
    window, first = case.window, case.due_without_window
    if window is None or first == case.due:
        return None
    return case.world.clock(first, window.zone, case.attributes)


def _goal(case: Case) -> Goal | None:
    goal, convert = case.past.goal(case.place), case.rule.node.convert
    if goal is None or convert is None:
        return None
    event = case.past.event(goal.by, goal.at, [convert.pattern])
    assert event is not None, "an event reached it"
    return Goal(case.world.occurrence(event), case.clause(convert, ""))
