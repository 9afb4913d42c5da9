"""A snapshot: all that an engine remembers, as bytes that say what they are and whether they are whole.

Layout: one line of ASCII (`connrules snapshot 4`), the BLAKE2b digest of the rest (32 bytes), then JSON, which keeps
whole numbers of any size as they are. Rules are named, not numbered, so a snapshot means the same wherever it is read.
Most users have one wait and nothing else: these stand column by column, for that is written and read fastest.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from connrules.run.restoring import Restoring
from connrules.run.saving import Core, SavedNote, SavedSource, SavedUser, Saving, SnapshotError
from connrules.run.state import Held, Source, Wait, in_start_order

VERSION: Final = 4
_MAGIC: Final = b"connrules snapshot "
_HEADER: Final = _MAGIC + str(VERSION).encode() + b"\n"
_DIGEST_SIZE: Final = 32


class Alike(msgspec.Struct, frozen=True, array_like=True):
    """Users of whom a wait is all there is, which have in common what `source` says: column by column, in start order.

    Where all places are 0, they are left out.
    """

    source: SavedSource
    users: list[str]
    triggers: list[str]
    sinces: list[int]
    places: list[int] = []

    def rows(self, which: slice) -> tuple[list[str], list[str], list[int], list[int]]:
        """The columns of some of them, with all places."""
        users = self.users[which]
        return users, self.triggers[which], self.sinces[which], self.places[which] or [0] * len(users)


class Snapshot(msgspec.Struct, frozen=True):
    """All that an engine remembers."""

    core: Core
    lateness: int
    dedupe: int
    alike: tuple[Alike, ...]
    users: dict[str, SavedUser]
    """The other users."""
    note: SavedNote


def to_bytes(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot; the same state gives the same bytes."""
    body = msgspec.json.encode(snapshot, order="deterministic")
    return b"".join((_HEADER, _digest(body), body))


def from_bytes(data: bytes) -> Snapshot:
    """Read a snapshot. Raises SnapshotError rather than give half of one."""
    if not isinstance(data, bytes):
        raise SnapshotError(f"a snapshot is bytes, not {type(data).__name__}")
    if not data.startswith(_MAGIC):
        raise SnapshotError("this is not a snapshot of connrules")
    if not data.startswith(_HEADER):
        version = data[len(_MAGIC) :].split(b"\n", 1)[0][:20].decode("ascii", "replace")
        raise SnapshotError(f"the snapshot has version {version}; this connrules reads version {VERSION}")
    begin = len(_HEADER) + _DIGEST_SIZE
    body = memoryview(data)[begin:]
    if _digest(body) != data[len(_HEADER) : begin]:
        raise SnapshotError("the snapshot is damaged or cut off")
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()


def by_columns(users: Mapping[str, Held], saving: Saving) -> tuple[tuple[Alike, ...], dict[str, SavedUser]]:
    """The states of users: those of whom a wait is all there is, and the others."""
    waits: dict[int, list[Wait]] = {}
    others: dict[str, SavedUser] = {}
    last: Source | None = None
    same: list[Wait] = []
    for user, held in users.items():
        if type(held) is Wait:
            if held.source is last:
                same.append(held)
                continue
            if saving.is_shared(held.source):
                last = held.source
                same = waits.setdefault(id(last), [])
                same.append(held)
                continue
        others[user] = saving.user(held)
    return _alike(waits.values(), saving), others


def put_back(snapshot: Snapshot, restoring: Restoring) -> None:
    """Put back the states of users. Raises SnapshotError where they do not fit the plan."""
    for alike in snapshot.alike:
        restoring.add_alike(alike.source, alike.users, alike.triggers, alike.sinces, alike.places)
    for user, saved in snapshot.users.items():
        restoring.add(user, saved)


def _alike(groups: Iterable[list[Wait]], saving: Saving) -> tuple[Alike, ...]:
    """Columns of waits by what they have in common: what is the same may have been made more than once."""
    by_source: dict[SavedSource, list[Wait]] = {}
    for waits in groups:
        by_source.setdefault(saving.source(waits[0].source), []).extend(waits)
    return tuple(_columns(source, by_source[source]) for source in sorted(by_source, key=msgspec.json.encode))


def _columns(source: SavedSource, waits: list[Wait]) -> Alike:
    waits, sinces, places = in_start_order(waits)
    users, triggers = [wait.user for wait in waits], [wait.trigger for wait in waits]
    return Alike(source, users, triggers, sinces, places if any(places) else [])
