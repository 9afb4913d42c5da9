"""Which log to read next, given how far one was read: the same again, what is left of one that was rotated, another.

What is not certain is refused or warned of, so that nothing is left out and nothing read twice in silence.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from connrules.connectors.looks import Found, identity_of, look, look_at_sibling, look_if_readable
from connrules.connectors.position import Mark, Position
from connrules.connectors.siblings import siblings
from connrules.connectors.streams import Identity, Lines
from connrules.files import STANDARD, UnreadableError

_BESIDE: Final = 16
"""So many rotated logs that are there when a log is begun are remembered: the newest."""
_PUT_BACK: Final = "put the log back as it was, or begin anew: with another state file, and another output"


class Log(NamedTuple):
    """A log to read."""

    path: Path
    real: str
    """The real path of the file; empty: it is standard input."""
    asked: str
    """The path that was asked for, under which logs come one after the other."""
    head: bytes = b""
    """The first bytes of what was read of it before."""
    is_over: bool = False
    """Whether nothing more will be written to it: its last line is whole, whatever it looks like."""
    identity: Identity | None = None
    """Which file it was when it was looked at; None: any."""


class Step(NamedTuple):
    """What to read next: a log, None where there is none now, and the position to begin at."""

    log: Log | None
    begin: Position


class Search:
    """Finds the log to read next.

    `on_note` is told what is good to know, `on_warning` what may be lost or left out. `waits`: a log that is not there
    yet is no error. All methods raise UnreadableError.
    """

    def __init__(
        self,
        path: Path,
        on_note: Callable[[str], object],
        on_warning: Callable[[str], object],
        *,
        waits: bool = False,
    ) -> None:
        self.path = path
        self.waits = waits
        self._on_note = on_note
        self._on_warning = on_warning
        self._asked = str(path.absolute())
        self._copies: set[Path] = set()
        """Those that people were told of."""

    def first(self, before: Position | None, *, is_emptied: bool = False) -> Step:
        """Where to go on, or to begin: `before` is where the last reading ended; None: there was none.

        `is_emptied`: that log was emptied, or written anew, before what was added to it last could be read.
        """
        if not _can_be_read_again(self.path):
            return Step(Log(self.path, "", "", is_over=True), before.of_next() if before else Position())
        here = self._here()
        if before is None or not self._is_asked_again(before, here):
            return self._begin(before, here)
        if here and before.is_of(here.start):
            known = msgspec.structs.replace(before, log=self._real, asked=self._asked)
            return Step(self._log(here)._replace(head=here.start[: before.offset]), known)
        if here and before.may_be_of(here.start):
            raise changed(str(self.path))
        former, behind = self._rotated(before, here, None)
        if former:
            files = ", then ".join(str(found.path) for found in (former, *behind))
            self._on_note(f"{self.path}: it was rotated; first comes what is left of {files}")
            log = self._log(former, is_over=True)
            return Step(log._replace(real=before.log, head=former.start[: before.offset]), before)
        if is_emptied:
            self._on_warning(cut_off(str(self.path)))
        elif before.head and (here or behind):
            self._check_end(before)
        if behind:
            files = ", then ".join(str(found.path) for found in behind)
            self._on_note(f"{self.path}: it was rotated; first comes {files}")
        return self._next(before, here, behind)

    def after(self, before: Position, identity: Identity | None) -> Step:
        """What comes behind a log that was read to its end, which was the file of that identity."""
        here = self._here()
        _, behind = self._rotated(before, here, identity)
        return self._next(before, here, behind)

    @property
    def _real(self) -> str:
        return os.path.realpath(self.path)

    def _here(self) -> Found | None:
        """What is under the path that was asked for."""
        try:
            return look(self.path)
        except UnreadableError:
            if self.path.exists():
                raise
            return None

    def _is_asked_again(self, before: Position, here: Found | None) -> bool:
        same = bool(before.asked) and (before.asked == self._asked or before.log == self._real)
        return same or bool(here and before.is_of(here.start))

    def _begin(self, before: Position | None, here: Found | None) -> Step:
        """A log of which nothing was read: rotated ones beside it are left out."""
        if here is None and not self.waits:
            Lines(self.path).close()  # says why it cannot be read
        if before and before.log:
            self._leave(before)
        if here and before and _is_known(here, before.done):
            raise self._read_before()
        begin = before.of_next(self._real, self._asked) if before else Position(self._real, self._asked)
        begin = msgspec.structs.replace(begin, beside=self._beside())
        return Step(self._log(here) if here else None, begin)

    def _leave(self, before: Position) -> None:
        """Another path is asked for: what was read under the former has to be at its end."""
        former = _former(before)
        if former is None:
            self._check_end(before)
        elif _has_more(former.path, before):
            raise self._not_at_end(str(former.path))
        else:
            self._on_note(f"{self.path}: {former.path} was read to its end; this one is read from its beginning")

    def _check_end(self, before: Position) -> None:
        """The log that was read before is not to be found."""
        if not before.at_end:
            raise self._not_at_end(before.log)
        if before.head is not None:
            self._on_warning(
                f"{self.path}: another log than the one that was read before, which is not to be found: "
                f"if more was written to that after its line {before.lines:,}, it is left out"
            )

    def _beside(self) -> tuple[Mark, ...]:
        """How the rotated logs begin that are there now; those that cannot be read are not known."""
        try:
            found = [look_if_readable(file) for file in siblings(self.path)[-_BESIDE:]]
        except UnreadableError:
            return ()
        return tuple(Mark.of(each.start) for each in found if each)

    def _rotated(
        self, before: Position, here: Found | None, identity: Identity | None
    ) -> tuple[Found | None, list[Found]]:
        """The rotated log that was read before, where it is found, and those behind it that are new, the oldest first.

        Where it is not found, those behind the newest that is known.
        """
        fresh: list[Found] = []
        behind: list[Found] | None = None
        files = siblings(self.path)
        former = next((file for file in files if identity and identity_of(file) == identity), None)
        for file in reversed(files):
            if not (found := look_at_sibling(file)) or not found.start:
                continue
            if file == former or (former is None and before.is_of(found.start)):
                return found, fresh[::-1]
            if _is_known(found, (*before.beside, *before.done)):
                behind = fresh.copy() if behind is None else behind
                if before.head is None:
                    break
            elif twin := next(
                (each for each in [*fresh, here] if each and each.start and found.is_same_as(each)), None
            ):
                self._tell_of_copy(found.path, twin.path)
            else:
                fresh.append(found)
        behind = fresh if behind is None else behind
        return None if identity else _former_elsewhere(before, here), behind[::-1]

    def _tell_of_copy(self, copy: Path, twin: Path) -> None:
        if copy not in self._copies:
            self._on_warning(f"{copy}: it begins as {twin} does, and is left out as a copy of that")
        self._copies.add(copy)

    def _next(self, before: Position, here: Found | None, behind: list[Found]) -> Step:
        """The oldest of those behind, or else the log itself."""
        if behind:
            log = self._log(behind[0], is_over=True)
        elif here:
            if _is_known(here, before.done):
                raise self._read_before()
            log = self._log(here)
        else:
            return Step(None, before)
        return Step(log, before.of_next(log.real, log.asked))

    def _log(self, found: Found, *, is_over: bool = False) -> Log:
        return Log(found.path, os.path.realpath(found.path), self._asked, is_over=is_over, identity=found.identity)

    def _read_before(self) -> UnreadableError:
        return UnreadableError(
            f"{self.path}: it was read before, and other logs since",
            "name the log that comes next; to read this one once more, take another state file, and another output",
        )

    def _not_at_end(self, former: str) -> UnreadableError:
        return UnreadableError(
            f"{self.path}: another log than the one that was read before, {former}, which was not read to its end",
            f"run with --events {former} first, and then with this one",
        )


def check_log(path: Path) -> None:
    """Raise UnreadableError where a log cannot be opened."""
    if _can_be_read_again(path):
        Lines(path).close()


def changed(name: str) -> UnreadableError:
    """What to say of a log that is not what it was."""
    return UnreadableError(f"{name}: it was read before, and has been changed since where it was read", _PUT_BACK)


def shorter(name: str) -> UnreadableError:
    """What to say of a log of which more was read than there is."""
    return UnreadableError(f"{name}: it is shorter than what was read of it before", _PUT_BACK)


def cut_off(name: str) -> str:
    """What to say of a log that was emptied while it was followed."""
    return f"{name}: it was cut off, and is read from its beginning; what was written last before that may be lost"


def _can_be_read_again(path: Path) -> bool:
    """Whether it is no pipe: what cannot be opened says so when it is."""
    return str(path) != STANDARD and (path.is_file() or not path.exists() or path.is_dir())


def _is_known(found: Found, marks: tuple[Mark, ...]) -> bool:
    return any(mark.fits(found.start) for mark in marks)


def _former(before: Position) -> Found | None:
    """The file of the log that was read before, under its name or one that it was given when it was rotated."""
    log = Path(before.log)
    for file in [log, *reversed(siblings(log))] if log.parent.is_dir() else []:
        if (found := look_at_sibling(file)) and (before.is_of(found.start) or (file == log and before.head is None)):
            return found
    return None


def _former_elsewhere(before: Position, here: Found | None) -> Found | None:
    """The file of a log that has kept its name, where the path is a link to another one now."""
    found = look_at_sibling(Path(before.log)) if before.log and before.head else None
    is_other = found is not None and (here is None or found.identity != here.identity)
    return found if found and is_other and before.is_of(found.start) else None


def _has_more(file: Path, before: Position) -> bool:
    lines = Lines(file)
    try:
        return lines.go_to(before.offset) and bool(lines.read())
    finally:
        lines.close()
