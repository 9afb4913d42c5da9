"""How the waits of each definition of a rule pass from one plan to another."""

from collections.abc import Iterator, Mapping, Set
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from connrules import plan
from connrules.run.comparing import meaning, recognise, same
from connrules.run.due import Clockwork, clockwork
from connrules.run.retired import Retired, Terms, terms_of
from connrules.run.rule import kept_paths
from connrules.run.saving import SavedSource
from connrules.run.values import Kept
from connrules.run.world import Key, World
from connrules.vocabulary import OBJECT_KIND, ObjectKind

Changed = Literal["pin", "follow"]
"""What the waits of a rule do that changed."""


class Fate(StrEnum):
    """What becomes of a wait."""

    GOES_ON = "goes_on"
    """Delay and exceptions are as they were."""
    PINNED = "pinned"
    """It keeps a delay or exceptions that the rule no longer has."""
    FOLLOWS = "follows"
    """It takes delay and exceptions of the rule as it is now."""
    DUE_NOW = "due_now"
    """It follows, and would have been due by now."""
    DROPPED = "dropped"
    """Its rule is gone."""


class Passage(NamedTuple):
    """How waits of one definition pass over."""

    fate: Fate
    rule: str = ""
    """The name of the rule now."""
    version: int = 0
    """0, or the number of the retired definition by which they go on."""
    places: tuple[int | None, ...] = ()
    """Of each property that they are to keep of their trigger, its place among those kept so far; None: it is not."""
    is_retimed: bool = False
    """Whether due is reckoned anew."""
    delay: int = 0
    clockwork: Clockwork | None = None
    """The schedule and the delivery window by which that is done; None: the `delay` alone."""

    def keep(self, kept: Kept) -> Kept:
        """What a wait keeps of its trigger's properties from now on; what it did not keep is missing."""
        return tuple(None if place is None else kept[place] for place in self.places)

    def over(self, source: SavedSource) -> SavedSource:
        """What is known of waits beside their triggers, as it is from now on; when they are due stays as it was."""
        return msgspec.structs.replace(source, rule=self.rule, version=self.version, kept=self.keep(source.kept))


class Passages:
    """The passages from one plan to another. `retired` are the definitions of the old one, by their numbers.

    `abouts` are the definitions that users wait under, by the rule's name and the number, each with the keys of what
    the triggers of its waits were about. Raises PlanError where a rule's clocks make no sense here.
    """

    def __init__(
        self,
        old: plan.Plan,
        retired: Mapping[int, Retired],
        new: plan.Plan,
        changed: Changed,
        abouts: Mapping[tuple[str, int], Set[Key]],
    ) -> None:
        self.names = {was: name for name, was in recognise(old, new).items()}
        """The names of rules now, by those that they had."""
        self._old = {rule.name: rule for rule in old.rules}
        self._new = {rule.name: rule for rule in new.rules}
        self._retired = retired
        self._objects: dict[tuple[str, str], plan.Object] = {
            (o.kind, o.name): _object((o.kind, o.name, o.id)) for o in old.objects or ()
        }
        self._world = World(new)
        self._follow = changed == "follow"
        self._abouts = abouts
        self._numbers: dict[tuple[str, bytes], int] = {}
        self._made: dict[int, Retired] = {}
        self._passages = {key: self._passage(*key) for key in sorted(abouts)}

    def of(self, rule: str, version: int) -> Passage:
        """How the waits of a definition pass over: of the rule as the old plan has it (0), or of a retired one."""
        if (rule, version) not in self._passages:
            self._passages[rule, version] = self._passage(rule, version)
        return self._passages[rule, version]

    def retired(self) -> dict[int, Retired]:
        """The definitions that waits go on by and that no rule has any more, by their numbers."""
        return dict(self._made)

    def _passage(self, rule: str, version: int) -> Passage:
        name = self.names.get(rule)
        if name is None:
            return Passage(Fate.DROPPED)
        before, now = self._old[rule], self._new[name]
        began = terms_of(self._retired[version].definition if version else before)
        if self._follow and not same(meaning(before), meaning(now)) and not same(began, terms_of(now)):
            return self._following(name, began, now)
        named = self._named(rule, version, began)
        is_lost = any(self._world.find_key((o.kind, o.name, o.id)) is None for o in named)
        stays = same(began, terms_of(now)) and not is_lost
        number = 0 if stays else self._retire(name, version, began, now, named)
        fate = Fate.GOES_ON if same(began, terms_of(now)) else Fate.PINNED
        return Passage(fate, name, number, tuple(range(len(kept_paths(began.exceptions)))))

    def _following(self, name: str, began: Terms, now: plan.Rule) -> Passage:
        """Such waits take what the rule says now, but that they wait per what they do."""
        terms = terms_of(now)._replace(per=began.per)
        number = 0 if same(began.per, now.per) else self._retire(name, 0, terms, now, ())
        kept = kept_paths(began.exceptions)
        places = tuple(kept.index(path) if path in kept else None for path in kept_paths(terms.exceptions))
        is_retimed = not same(began.timing, terms.timing)
        return Passage(Fate.FOLLOWS, name, number, places, is_retimed, now.delay, clockwork(now))

    def _retire(self, name: str, version: int, terms: Terms, now: plan.Rule, objects: tuple[plan.Object, ...]) -> int:
        """The number of a definition with such terms; two that have the same are one."""
        key = name, msgspec.json.encode(terms)
        if key not in self._numbers:
            self._numbers[key] = version or max((0, *self._retired, *self._made)) + 1
        number = self._numbers[key]
        known = self._made[number].objects if number in self._made else ()
        both = tuple({(o.kind, o.name, o.id): o for o in (*known, *objects)}.values())
        definition = msgspec.structs.replace(now, **terms._asdict())
        self._made[number] = Retired(name, definition, both)
        return number

    def _named(self, rule: str, version: int, terms: Terms) -> tuple[plan.Object, ...]:
        """The campaigns and cards that exceptions name, or imply for one of the waits."""
        known = dict(self._objects)
        for o in self._retired[version].objects if version else ():
            known[o.kind, o.name] = o
        implied: set[Key] = set()
        if any(matcher.scope == "implied" for matcher in terms.exceptions):
            implied = {key for key in self._abouts.get((rule, version), ()) if key[0] != ObjectKind.EVENT}
        named = [known.get(key) or _object((*key, None)) for key in sorted({*_names_in(terms)})]
        return (*(_object(key) for key in sorted(implied, key=str)), *named)


def _object(key: Key) -> plan.Object:
    kind, name, id_ = key
    return plan.Object(kind="card" if kind == ObjectKind.CARD else "campaign", name=name, id=id_)


def _names_in(terms: Terms) -> Iterator[tuple[str, str]]:
    """The campaigns and cards that exceptions name."""
    for matcher in terms.exceptions:
        kind = OBJECT_KIND.get(matcher.type)
        if kind is ObjectKind.CAMPAIGN or kind is ObjectKind.CARD:
            yield from ((kind.value, name) for name in matcher.objects or ())
