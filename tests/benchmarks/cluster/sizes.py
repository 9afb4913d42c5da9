"""How much there is of a user who waits: in the value that the rules keep, in a checkpoint, on Java's heap."""

from pathlib import Path
from typing import Final, NamedTuple

import connrules
from connrules.connectors.rows import RowReader
from connrules.run.keyed import KeyedEngine
from tests.benchmarks.cluster.contenders import plan, told
from tests.benchmarks.cluster.log import RULE, START

_USERS: Final = (20_000, 100_000)


class Size(NamedTuple):
    """A figure, in bytes."""

    title: str
    each: float
    """Of one user more."""
    all: int | None = None
    """Of all `users`."""
    users: int = 1


def sizes(folder: Path, scale: float) -> list[Size]:
    """The figures. Raises CalledProcessError where a job fails."""
    found = [Size("value of the rules", len(value_of_waiting()))]
    few, many = (round(users * scale) for users in _USERS)
    for backend in ("hashmap", "rocksdb"):
        task = {"backend": backend, "users": [few, many], "folder": str(folder), "plan": plan()}
        less, more = told("waiting", task)
        each = (more["checkpoint"] - less["checkpoint"]) / (many - few)
        found.append(Size(f"checkpoint, {backend}", each, int(more["checkpoint"]), many))
        if backend == "hashmap":
            found.append(Size("heap of Java, hashmap", (more["heap"] - less["heap"]) / (many - few)))
    return found


def value_of_waiting() -> bytes:
    """The state of a user who waits for the rule."""
    engine = KeyedEngine(connrules.compile_rules(connrules.loads(RULE)))
    line = f'{{"id":"e000000001","user":"user-00000001","type":"received_push","campaign":"Cart 00000","time":{START}}}'
    row = RowReader(engine.needs).read_one(line.encode())
    state = engine.turn(row.user, None, START, row, known_as=row.id).state
    assert state is not None
    return state
