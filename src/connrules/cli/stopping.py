"""Signals that end a run wait until what must not be interrupted is done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

from connrules.cli.exit import Terminated


class Stopping:
    """While it is entered, SIGINT and SIGTERM raise KeyboardInterrupt and Terminated, but not amid uninterrupted work.

    A second signal does not wait.
    """

    def __init__(self) -> None:
        self._is_busy = False
        self._asked: KeyboardInterrupt | None = None
        self._before: list[tuple[signal.Signals, Any]] = []

    def __enter__(self) -> Self:
        with suppress(ValueError):  # only the main thread may say what a signal does
            for number, error in ((signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)):
                self._before.append((number, signal.signal(number, self._ask(error))))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """What is done in it is done to its end."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
        if self._asked is not None:
            asked, self._asked = self._asked, None
            raise asked

    def _ask(self, error: type[KeyboardInterrupt]) -> Callable[[int, object], None]:
        def ask(_signal: int, _frame: object) -> None:
            if not self._is_busy or self._asked is not None:
                raise error
            self._asked = error()

        return ask
