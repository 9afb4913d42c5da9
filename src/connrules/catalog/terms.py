"""What a catalog says of a thing in a word: how it stands, when it is active, of what type it is.

The checker knows these without a catalog, too; so they are apart from the models, which take their time to load.
"""

from enum import StrEnum
from typing import Literal

Interval = tuple[int, int | None]
"""`[from, to)` in epoch milliseconds; without an end: open."""

ALWAYS: tuple[Interval, ...] = ((-(2**62), None),)

PropertyType = Literal["string", "number", "boolean", "time", "list", "object"]


class Status(StrEnum):
    """How a campaign or card stands as of the catalog's date. When it was active is another matter: see `intervals`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    ARCHIVED = "archived"
