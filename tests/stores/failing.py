"""A store that fails: what is built on a store must come through it."""

from connrules.run.ports import Batch, Loaded, Outbox, StateStore, StoreError


class FailingStore:
    """A `StateStore` in front of another, which raises at its `at`-th commit, counted from 1, and is well again after.

    Nothing is kept of that commit; with `kept`, all of it is, as where a connection breaks while the answer
    is awaited: whoever called cannot tell.
    """

    def __init__(self, store: StateStore, at: int, *, kept: bool = False) -> None:
        self._store = store
        self._at = at
        self._kept = kept
        self.commits = 0

    def load(self) -> Loaded | None:
        return self._store.load()

    def commit(self, batch: Batch) -> None:
        self.commits += 1
        if self.commits != self._at:
            self._store.commit(batch)
            return
        if self._kept:
            self._store.commit(batch)
        raise StoreError("the disk is gone", "bring it back")

    def outbox(self, channel: str) -> Outbox:
        return self._store.outbox(channel)

    def close(self) -> None:
        self._store.close()
