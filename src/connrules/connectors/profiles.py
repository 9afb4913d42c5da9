"""Profiles of users from a file, one JSON object a line: `{"user": "u1", "attributes": {"country": "FR"}}`.

Unknown fields are ignored, as are lines that are blank.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from connrules.connectors.jsonl import complaint
from connrules.connectors.streams import Lines
from connrules.files import UnreadableError

_NOTHING: Final[Mapping[str, Any]] = {}
_EXAMPLE: Final = 'write one user a line: {"user": "u1", "attributes": {"country": "FR"}}'


class _Line(msgspec.Struct):
    user: str
    attributes: dict[str, Any]


_decode = msgspec.json.Decoder(_Line).decode


class Profiles:
    """What a file says of users; held in memory, so its size is that of the file."""

    def __init__(self, by_user: Mapping[str, Mapping[str, Any]]) -> None:
        self._by_user = by_user

    def attributes(self, user: str) -> Mapping[str, Any]:
        """The attributes of a user; empty where the file does not name the user."""
        return self._by_user.get(user, _NOTHING)


def read_profiles(path: str | Path) -> Profiles:
    """The profiles in a file, plain or compressed with gzip or zstd; `-` is standard input.

    Raises UnreadableError where the file cannot be read, or a line of it is no profile or names a user for the second
    time; it names the line.
    """
    lines = Lines(path)
    try:
        return Profiles(dict(_profiles(lines)))
    finally:
        lines.close()


def _profiles(lines: Lines) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: set[str] = set()
    for number, line in _numbered(lines):
        user, attributes = _profile(line, f"{lines.name}:{number}")
        if user in seen:
            raise UnreadableError(f"{lines.name}:{number}: the user `{user}` stands twice", "keep one line a user")
        seen.add(user)
        yield user, attributes


def _numbered(lines: Lines) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    for batch in lines.batches():
        first = lines.number - len(batch) + 1
        numbered: Iterable[tuple[int, bytes]] = enumerate(batch, first)
        yield from ((number, line) for number, line in numbered if line and not line.isspace())


def _profile(line: bytes, place: str) -> tuple[str, dict[str, Any]]:
    try:
        read = _decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise UnreadableError(f"{place}: {complaint(error, 'a profile')}", _EXAMPLE) from None
    if not read.user:
        raise UnreadableError(f"{place}: user: it is empty", _EXAMPLE)
    return read.user, read.attributes
