"""Chance: a stable hash of rule and user, never a random number, so that a user always falls on the same side."""

import hashlib
from typing import assert_never

from connrules import ast
from connrules.checked import CheckedRule


def bucket(purpose: str, rule: str, user: str) -> int:
    """A number from 0 to 999,999: the first 8 bytes of the SHA-256 of the three in UTF-8, with NUL between them.

    The bytes count as one number, the most significant first; of it, the remainder when divided by a million.
    """
    text = f"{purpose}\0{rule}\0{user}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % 1_000_000


def is_held_out(rule: CheckedRule, user: str) -> bool:
    """Whether the user is among those who never get the rule's message."""
    clause = rule.node.hold_out
    return clause is not None and bucket("hold out", rule.name, user) < clause.share.millionths


def target_of(rule: CheckedRule, user: str) -> str:
    """The campaign that the rule sends to the user: of a split, the one that falls to this user."""
    match rule.node.send:
        case ast.Send(target):
            return target.text
        case ast.SendOneOf(arms):
            return _arm(arms, bucket("send one of", rule.name, user)).target.text
        case clause:
            assert_never(clause)


def _arm(arms: tuple[ast.Arm, ...], place: int) -> ast.Arm:
    """The first arm whose share, with those before it, reaches beyond the place."""
    reached = 0
    for arm in arms:
        reached += arm.share.millionths
        if place < reached:
            return arm
    raise AssertionError("the shares of a split make a whole: the checker has seen to it")
