"""Which campaigns, cards and custom events are known, and when they are active."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from connrules import plan
from connrules.text import nfc
from connrules.vocabulary import ObjectKind

Key = tuple[str, str, str | None]
"""Kind, name and id of a campaign, card or custom event."""

ALWAYS: Final[tuple[plan.Interval, ...]] = ((-(2**62), None),)


class Known:
    """An object that is known, and when it is active. One that rules or a catalog name is there once."""

    __slots__ = ("active", "channels", "is_lost", "key")

    def __init__(
        self,
        key: Key,
        active: tuple[plan.Interval, ...] = ALWAYS,
        channels: tuple[str, ...] = (),
        *,
        is_lost: bool = False,
    ) -> None:
        self.key = key
        self.active = active
        self.channels = channels
        self.is_lost = is_lost
        """Whether only waits speak of it that began when it was known: it starts nothing, and is not among `any`."""

    def is_same(self, other: "Known | None") -> bool:
        """Whether both are the same object."""
        return self is other or (other is not None and self.key == other.key)

    def active_at(self, instant: int) -> bool:
        """Whether it is active at an instant, in epoch milliseconds."""
        for start, end in self.active:  # noqa: SIM110  # a loop costs a third of `any` here
            if start <= instant and (end is None or instant < end):
                return True
        return False


class World:
    """What is known, by name and by id.

    An event may name an object by either; a name that two objects share is known to mean neither.
    """

    def __init__(self, compiled: plan.Plan) -> None:
        self._by_kind: dict[ObjectKind, dict[str, Known]] = {kind: {} for kind in ObjectKind}
        listed = compiled.objects is not None
        self._is_closed = {
            ObjectKind.CAMPAIGN: listed,
            ObjectKind.CARD: listed,
            ObjectKind.EVENT: compiled.events is not None,
        }
        for name in compiled.events or ():
            self._by_kind[ObjectKind.EVENT][name] = Known(("event", name, None))
        shared = Counter((o.kind, o.name) for o in compiled.objects or ())
        for o in compiled.objects or ():
            known = Known((o.kind, o.name, o.id), o.active, o.channels)
            references = self._by_kind[ObjectKind(o.kind)]
            if shared[o.kind, o.name] == 1:
                references.setdefault(o.name, known)
            if o.id is not None:
                references[o.id] = known

    def named(self, kind: ObjectKind) -> Mapping[str, Known]:
        """The objects of a kind by their names and ids, as they are mostly written: a first look before `find`."""
        return self._by_kind[kind]

    def find(self, kind: ObjectKind, reference: str) -> Known | None:
        """The object that an event names; None where it is unknown."""
        return self._by_kind[kind].get(reference) or self._find(kind, reference)

    def find_for_rule(self, kind: ObjectKind, name: str) -> Known | None:
        """The object that a rule names; events that name it find the very same."""
        known = self.find(kind, name)
        if known is None or self._is_closed[kind]:
            return known
        return self._by_kind[kind].setdefault(name, known)

    def target(self, name: str) -> Known:
        """The campaign that a rule sends; one that is unknown is never active."""
        return self.find(ObjectKind.CAMPAIGN, name) or Known((ObjectKind.CAMPAIGN.value, name, None), ())

    def find_key(self, key: Key) -> Known | None:
        """The object of a key that was written down, perhaps with another catalog: by its id, or else its name."""
        kind, name, id_ = key
        known = None if id_ is None else self._by_kind[ObjectKind(kind)].get(id_)
        return known or self.find(ObjectKind(kind), name)

    def recall(self, key: Key) -> Known:
        """The same, as events that name it find it. One that is unknown now is known from here on, as lost."""
        kind, name, id_ = ObjectKind(key[0]), *key[1:]
        references = self._by_kind[kind]
        known = references.get(id_ or "") or self.find_for_rule(kind, name)
        if known is None:
            known = Known(key, (), is_lost=True)
            references.setdefault(name, known)
            references.setdefault(id_ or name, known)
        return known

    def _find(self, kind: ObjectKind, reference: str) -> Known | None:
        """An object that is written otherwise, or that no rule names in a world without a catalog.

        Such a one is made afresh each time: a log may name any number, and memory must not grow with it.
        """
        name = nfc(reference)
        known = self._by_kind[kind].get(name)
        return Known((kind, name, None)) if known is None and not self._is_closed[kind] else known
