"""Plans that follow one another, each in force for a time, and how a user passes from one to the next."""

import hashlib
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from connrules.event import Kind, Profiles
from connrules.plan import Matcher, Plan, Rule
from connrules.run.lone import LoneEngine
from connrules.run.passage import Changed, Passages
from connrules.run.replacing import Definition, Replacement
from connrules.run.retired import Retired
from connrules.run.timers import NEVER
from connrules.run.wellformed import check_instant
from connrules.run.world import Key, World
from connrules.vocabulary import OBJECT_KIND, ObjectKind

_DIGITS: Final = 16
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


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
    digest_of_all: str
    """The same of the plan and the definitions that its rules had before, under which users may wait."""
    passing: Replacement | None
    """How users pass into it from the era before, at its beginning; None: it is the first."""


def eras(
    plan: Plan, formerly: Sequence[Former], dedupe: int, profiles: Profiles | None, kinds: frozenset[Kind]
) -> list[Era]:
    """The eras of former plans, and of the one that is in force from then on.

    Which definitions of rules live on in the next era depends on the plans alone, not on who waits: the same wherever
    it is asked. Raises PlanError where a plan cannot be run here, ValueError where the former ones are not in order,
    and what an `Engine` does.
    """
    _check(formerly)
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
        own = former.plan.to_json()
        found.append(Era(engine, former.until, _digest(own), _digest(own, _encode([*retired.items()])), passing))
        last = former
    return found


def _check(formerly: Sequence[Former]) -> None:
    for former in formerly:
        if not isinstance(former, Former):
            raise TypeError("what was in force before is a list of connrules.Former(plan, until, changed)")
        check_instant(former.until)
        if former.changed not in {"pin", "follow"}:
            raise ValueError(f"waits of a rule that changed are to `pin` or to `follow`, not {former.changed!r}")
    if any(after.until < before.until for before, after in pairwise(formerly)):
        raise ValueError("of the rules that were in force before, none may end earlier than the one before it")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:_DIGITS]


def _abouts(plan: Plan, retired: Mapping[int, Retired]) -> dict[Definition, Set[Key]]:
    """What the triggers of waits may be about, by the rule and the number of its definition, where an exception may
    imply it.

    Without a catalog `of any` may be about anything, and nothing is found for it.
    """
    world = World(plan)
    any_of_kind: dict[str, set[Key]] = {}
    for o in plan.objects or ():
        any_of_kind.setdefault(o.kind, set()).add((o.kind, o.name, o.id))
    found: dict[Definition, Set[Key]] = {
        (rule.name, 0): _implied(rule, world, any_of_kind) if _implies(rule) else frozenset() for rule in plan.rules
    }
    for number, former in retired.items():
        found[former.rule, number] = {(o.kind, o.name, o.id) for o in former.objects}
    return found


def _implies(rule: Rule) -> bool:
    return any(matcher.scope == "implied" for matcher in rule.exceptions)


def _implied(rule: Rule, world: World, any_of_kind: Mapping[str, Set[Key]]) -> Set[Key]:
    """What events may be about that match a trigger of a rule. One set where there is one, for it may be large."""
    found = [keys for matcher in rule.triggers if (keys := _keys(matcher, world, any_of_kind))]
    return found[0] if len(found) == 1 else frozenset[Key]().union(*found)


def _keys(matcher: Matcher, world: World, any_of_kind: Mapping[str, Set[Key]]) -> Set[Key]:
    kind = OBJECT_KIND.get(matcher.type)
    if kind is None or kind is ObjectKind.EVENT or matcher.rule is not None:
        return frozenset()
    if matcher.objects is None:
        return any_of_kind.get(kind.value, frozenset())
    named = (world.find_for_rule(kind, name) for name in matcher.objects)
    return {known.key for known in named if known is not None}
