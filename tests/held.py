"""How much a test holds in memory: what connrules and the test's own file asked for, whatever other threads do."""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import connrules

Thing = TypeVar("Thing")

_DATACLASSES = "<string>"
"""The file, as Python calls it, of the methods that it writes for dataclasses."""


class Held:
    """The most bytes that were held at any of the moments at which one looked."""

    def __init__(self, test: str) -> None:
        self.most = 0
        self._ours = (str(Path(connrules.__file__).parent), test, _DATACLASSES)

    def look(self) -> None:
        gc.collect()  # also of the pieces that Python keeps to use again, as many as happen to be there
        if sys.version_info < (3, 12):  # there, each class pattern makes a name anew, which the cache of types keeps
            sys._clear_type_cache()
        held = sum(
            trace.size
            for trace in tracemalloc.take_snapshot().traces
            if trace.traceback[0].filename.startswith(self._ours)
        )
        self.most = max(self.most, held)

    def looking(self, things: Iterable[Thing], every: int) -> Iterator[Thing]:
        """The same things, and a look whenever so many more of them have been taken and dealt with."""
        for number, each in enumerate(things, 1):
            yield each
            if number % every == 0:
                self.look()


@contextmanager
def held(test: str) -> Iterator[Held]:
    """What is asked for from here on; `test` is the path of the test's own file."""
    memory = Held(test)
    gc.freeze()  # what was there before need not be gone through at each look
    tracemalloc.start()
    try:
        yield memory
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert memory.most, "nobody has looked"


def grows(measure: Callable[[int], int], few: int, many: int) -> bool:
    """Whether many take more memory than few, but for what depends on the moment: a byte for each of them is found."""
    return measure(many) > measure(few) * 1.1 + (many - few)
