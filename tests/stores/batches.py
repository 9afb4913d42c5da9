"""Batches by number, the same in every process, and what a store holds when all up to a number are committed."""

from itertools import count
from random import Random
from typing import NamedTuple

from connrules.connectors.memory import MemoryStore
from connrules.run.ports import Batch, Note, Outbox, StateStore

CHANNELS = ("outcomes", "late")


class Contents(NamedTuple):
    """All that a store holds."""

    core: bytes
    plan: bytes
    position: bytes | None
    notes: tuple[bytes, ...]
    users: dict[str, bytes]
    outbox: tuple[Outbox, ...]


def contents(store: StateStore) -> Contents | None:
    loaded = store.load()
    if loaded is None:
        return None
    users = list(loaded.users)
    assert len(users) == len({user for user, _ in users}), "a user was given twice"
    outbox = tuple(map(store.outbox, CHANNELS))
    return Contents(loaded.core, loaded.plan, loaded.position, loaded.notes, dict(users), outbox)


class Batches:
    """Batches of a made-up history over some users: `take` gives the next, `expected` what a store holds after it."""

    def __init__(self, people: int = 400, most: int = 60) -> None:
        self.number = 0
        self._people = people
        self._most = most
        self._model = MemoryStore()

    @property
    def expected(self) -> Contents | None:
        return contents(self._model)

    def take(self) -> Batch:
        """The batch that comes after those that were taken before."""
        self.number += 1
        batch = self._batch(Random(self.number))
        self._model.commit(batch)
        return batch

    def take_up_to(self, core: bytes) -> None:
        """Go on behind the batch with that core."""
        for _ in count():
            if self.number == int(core):
                return
            self.take()

    def _batch(self, random: Random) -> Batch:
        lines = b"".join(b"%d of %d\n" % (line, self.number) for line in range(random.randrange(20)))
        start, before = self._model.outbox("outcomes")
        return Batch(
            {self._user(random): self._state(random) for _ in range(random.randrange(self._most))},
            b"%d" % self.number,
            now=self.number,
            note=Note(self.number + random.randrange(5), b"note %d" % self.number) if random.random() < 0.5 else None,
            outbox={"outcomes": lines, "late": b"late\n"} if random.random() < 0.8 else {},
            position=b"line %d" % self.number if random.random() < 0.9 else None,
            delivered={"outcomes": start + random.randint(0, len(before))} if random.random() < 0.2 else {},
            plan=b"plan" if self.number == 1 else None,
            anew=random.random() < 0.01,
        )

    def _user(self, random: Random) -> str:
        return f"user {random.randrange(self._people)}"

    def _state(self, random: Random) -> bytes | None:
        return None if random.random() < 0.3 else b"%d " % self.number * random.randrange(30)
