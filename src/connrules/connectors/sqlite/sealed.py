"""Bytes with their checksum before them: SQLite does not notice when a disk gives back other bytes than it took."""

from typing import Final
from zlib import crc32

_SIZE: Final = 4


class DamagedError(Exception):
    """Bytes that are not those that were written."""


def seal(data: bytes) -> bytes:
    """The bytes to write."""
    return crc32(data).to_bytes(_SIZE, "big") + data


def unseal(sealed: bytes) -> memoryview:
    """What was sealed. Raises DamagedError for anything else."""
    data = memoryview(sealed)[_SIZE:]
    if crc32(data) != int.from_bytes(sealed[:_SIZE], "big"):
        raise DamagedError
    return data
