"""Chance that is none: a user always falls on the same side, on every engine and in every run.

A user's bucket is a number below a million: the first eight bytes, as a big-endian number modulo a million, of the
SHA-256 of purpose, rule and user in UTF-8, with a zero byte between them.
"""

import hashlib
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal

from connrules import plan

BUCKETS: Final = 1_000_000
Purpose = Literal["hold out", "send one of"]


@lru_cache(maxsize=4096)  # a wait is looked at when it starts and when it is due, and mostly beside others of its user
def bucket(purpose: Purpose, rule: str, user: str) -> int:
    """The bucket of a user, for one purpose of one rule."""
    text = f"{purpose}\0{rule}\0{user}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % BUCKETS


def is_held_out(share: int, rule: str, user: str) -> bool:
    """Whether a user is among the share, in millionths, that a rule sends nothing."""
    return bucket("hold out", rule, user) < share


def chosen(ends: tuple[int, ...], rule: str, user: str) -> int:
    """Which arm of a split is that of a user; `ends` are the sums of the shares so far."""
    place = bucket("send one of", rule, user)
    return next(number for number, end in enumerate(ends) if place < end)


def ends_of(arms: tuple[plan.Arm, ...]) -> tuple[int, ...]:
    """The sums of the shares of a split, arm by arm."""
    return tuple(accumulate(arm.share for arm in arms))
