"""A snapshot: all that an engine remembers, as bytes that say what they are and whether they are whole.

Layout: one line of ASCII (`connrules snapshot 4`), the SHA-256 of the rest (32 bytes), then JSON, which keeps
whole numbers of any size as they are. Rules are named, not numbered, so a snapshot means the same wherever it is read.
"""

import hashlib
from typing import Final

import msgspec

from connrules.run.saving import Core, SavedNote, SavedUser, SnapshotError

VERSION: Final = 4
_MAGIC = b"connrules snapshot "
_HEADER = _MAGIC + str(VERSION).encode() + b"\n"
_DIGEST_SIZE = 32


class Snapshot(msgspec.Struct, frozen=True):
    """All that an engine remembers."""

    core: Core
    lateness: int
    dedupe: int
    users: dict[str, SavedUser]
    note: SavedNote


def to_bytes(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot; the same state gives the same bytes."""
    body = msgspec.json.encode(snapshot, order="deterministic")
    return _HEADER + hashlib.sha256(body).digest() + body


def from_bytes(data: bytes) -> Snapshot:
    """Read a snapshot. Raises SnapshotError rather than give half of one."""
    if not isinstance(data, bytes):
        raise SnapshotError(f"a snapshot is bytes, not {type(data).__name__}")
    if not data.startswith(_MAGIC):
        raise SnapshotError("this is not a snapshot of connrules")
    if not data.startswith(_HEADER):
        version = data[len(_MAGIC) :].split(b"\n", 1)[0].decode("ascii", "replace")[:20]
        raise SnapshotError(f"the snapshot has version {version}; this connrules reads version {VERSION}")
    rest = data[len(_HEADER) :]
    digest, body = rest[:_DIGEST_SIZE], rest[_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        raise SnapshotError("the snapshot is damaged or cut off")
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None
