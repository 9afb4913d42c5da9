"""Bytes with their checksum before them: SQLite does not notice when a disk gives back other bytes than it took."""

from typing import Final
from zlib import crc32

_SIZE: Final = 4


class DamagedError(Exception):
    """Bytes that are not those that were written, or not there."""


def seal(data: bytes, place: str = "") -> bytes:
    """The bytes to write at a place: under another name, they are not the same."""
    return _checksum(data, place) + data


def unseal(sealed: object, place: str = "") -> memoryview:
    """What was sealed for that place. Raises DamagedError for anything else."""
    if not isinstance(sealed, bytes):
        raise DamagedError
    data = memoryview(sealed)[_SIZE:]
    if _checksum(data, place) != sealed[:_SIZE]:
        raise DamagedError
    return data


def _checksum(data: bytes | memoryview, place: str) -> bytes:
    return crc32(data, crc32(place.encode())).to_bytes(_SIZE, "big")
