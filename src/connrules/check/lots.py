"""On which side of a rule's chances a user falls, by the hash that the language names for it."""

import hashlib
from typing import assert_never

from connrules import ast
from connrules.checked import CheckedRule

_BUCKETS = 1_000_000


def is_held_out(rule: CheckedRule, user: str) -> bool:
    """Whether the user is among those who never get the rule's message."""
    clause = rule.node.hold_out
    return clause is not None and _bucket("hold out", rule.name, user) < clause.share.millionths


def target_for(rule: CheckedRule, user: str) -> str:
    """The campaign that the rule sends to the user: of a split, the one that falls to them."""
    match rule.node.send:
        case ast.Send(target):
            return target.text
        case ast.SendOneOf(arms):
            place = _bucket("send one of", rule.name, user)
            for arm in arms:
                place -= arm.share.millionths
                if place < 0:
                    return arm.target.text
            return arms[-1].target.text  # the shares make no whole, which is a finding of its own
        case _:
            assert_never(rule.node.send)


def _bucket(purpose: str, rule: str, user: str) -> int:
    text = f"{purpose}\0{rule}\0{user}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % _BUCKETS
