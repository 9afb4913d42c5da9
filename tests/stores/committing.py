"""A process that commits batches to the file it is given until it is killed, and says which were committed.

    python -m tests.stores.committing FILE [BOUND [LIMIT]]

BOUND: bytes that a journal and a piece may hold, so that it folds all the time; LIMIT: bytes that a file may grow to.
"""

import sys
from pathlib import Path

from connrules.connectors.sqlite import SqliteStore, users
from connrules.run.ports import StoreError
from tests.stores.batches import Batches


def main(path: Path, bound: int = 0, limit: int = 0) -> None:
    if bound:
        users._JOURNAL = users._PIECE = bound  # type: ignore[misc]
    if limit:
        import resource  # noqa: PLC0415  # there is none on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    batches = Batches()
    try:
        store = SqliteStore(path)
        loaded = store.load()
        if loaded is not None:
            batches.take_up_to(loaded.core)
        say("ready")
        while True:
            store.commit(batches.take())
            say(batches.number)
    except StoreError as error:
        say(error)


def say(what: object) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
