"""Plans that follow one another, each in force for a time, and how a user passes from one to the next."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise
from typing import Final, NamedTuple

from connrules.event import Kind, Profiles
from connrules.plan import Matcher, Object, Plan
from connrules.run.lone import LoneEngine
from connrules.run.passage import Changed, Passages
from connrules.run.replacing import Definition, Replacement
from connrules.run.retired import Retired
from connrules.run.timers import NEVER
from connrules.run.world import Key, World
from connrules.vocabulary import OBJECT_KIND, ObjectKind

_DIGITS: Final = 16


class Former(NamedTuple):
    """Rules that were in force before those that follow them."""

    plan: Plan
    until: int
    """The instant (epoch ms) from which on the next ones are in force: the events of that instant are theirs."""
    changed: Changed = "pin"
    """What those who wait for a rule do then that the next ones have changed."""


class Era(NamedTuple):
    """The time in which a plan is in force."""

    engine: LoneEngine
    until: int
    """The instant (epoch ms) at which it ends; `NEVER`: it does not."""
    digest: str
    """What tells the plan from others: the first digits of the SHA-256 of its JSON."""
    passing: Replacement | None
    """How users pass into it from the era before, at its beginning; None: it is the first."""


def eras(
    plan: Plan, formerly: Sequence[Former], dedupe: int, profiles: Profiles | None, kinds: frozenset[Kind]
) -> list[Era]:
    """The eras of former plans, and of the one that is in force from then on.

    Which definitions of rules live on in the next era depends on the plans alone, not on who waits: the same wherever
    it is asked. Raises PlanError where a plan cannot be run here, ValueError where the former ones are not in order.
    """
    if any(after.until <= before.until for before, after in pairwise(formerly)):
        raise ValueError("of the rules that were in force before, each has to end later than the one before it")
    found: list[Era] = []
    last: Former | None = None
    for former in (*formerly, Former(plan, NEVER)):
        retired: dict[int, Retired] = {}
        passing = None
        if last is not None:
            before = found[-1].engine.retired
            passages = Passages(last.plan, before, former.plan, last.changed, _abouts(last.plan, before))
            retired = passages.retired()
            passing = Replacement(passages, last.plan, former.plan, last.until, profiles)
        engine = LoneEngine(former.plan, dedupe, profiles, kinds, retired)
        found.append(Era(engine, former.until, _digest(former.plan), passing))
        last = former
    return found


def _digest(plan: Plan) -> str:
    return hashlib.sha256(plan.to_json()).hexdigest()[:_DIGITS]


def _abouts(plan: Plan, retired: Mapping[int, Retired]) -> dict[Definition, Set[Key]]:
    """What the triggers of waits may be about, by the rule and the number of its definition.

    Without a catalog `of any` may be about anything, and nothing is found for it.
    """
    world = World(plan)
    found: dict[Definition, Set[Key]] = {
        (rule.name, 0): {key for matcher in rule.triggers for key in _keys(matcher, world, plan.objects or ())}
        for rule in plan.rules
    }
    for number, former in retired.items():
        found[former.rule, number] = {(o.kind, o.name, o.id) for o in former.objects}
    return found


def _keys(matcher: Matcher, world: World, objects: Sequence[Object]) -> Iterator[Key]:
    """What events may be about that match a trigger."""
    kind = OBJECT_KIND.get(matcher.type)
    if kind is None or kind is ObjectKind.EVENT or matcher.rule is not None:
        return
    if matcher.objects is None:
        yield from ((o.kind, o.name, o.id) for o in objects if o.kind == kind.value)
        return
    for name in matcher.objects:
        known = world.find_for_rule(kind, name)
        if known is not None:
            yield known.key
