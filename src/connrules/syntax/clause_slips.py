"""Slips in limits, splits, hold-outs, goals and conditions on users: how else people say them."""

import re
from collections.abc import Callable

from connrules.syntax.names_meant import EVENTS, word_like
from connrules.syntax.place import CLAUSES, COMPARATORS, Place, Slip
from connrules.syntax.scanner import Token

_LITERALS = frozenset({"STRING", "NUMBER", "TIME", "TRUE", "FALSE"})
_CLAUSE_MEANT = {
    **dict.fromkeys(("holdout", "hold_out"), "hold out"),
    **dict.fromkeys(("stillif", "still_if"), "still if"),
    **dict.fromkeys(("atmost", "at_most", "max"), "at most"),
    "goal": "convert on",
}
_POLICY_MEANT = {
    **dict.fromkeys(("cap", "frequency", "max"), "limit"),
    **dict.fromkeys(("timezone", "time_zone", "tz", "zone"), "time zone"),
    **dict.fromkeys(("quiet_hours", "dnd", "silent"), "quiet"),
}
"""What some call a clause, and what it is called."""


def _other_word(place: Place) -> Slip | None:
    """`holdout 10%`, `cap 3 per 1d`."""
    words = _POLICY_MEANT if place.goes_on_with("LIMIT", "QUIET") else _CLAUSE_MEANT
    meant = words.get(place.token.text)
    if place.goes_on_with("LIMIT", "QUIET") and place.token.kind == "AT" and place.at(1).kind == "MOST":
        meant, last = "limit", place.at(1)
    elif meant is None or not (place.goes_on_with("HOLD") or place.goes_on_with("LIMIT", "QUIET")):
        return None
    else:
        last = place.token
    text = place.text(place.token, last)
    return Slip("CR101", place.token, last, f"unexpected `{text}`", f"write `{meant}`")


def _share_without_sign(place: Place) -> Slip | None:
    """`hold out 10`, `send one of 50 A`."""
    if place.accepted != {"PERCENT"}:
        return None
    message = f"`{place.before.text}` is no share of the users"
    return Slip("CR101", place.before, place.before, message, f"shares are percentages: write `{place.before.text}%`")


def _split_without_shares(place: Place) -> Slip | None:
    """`send one of A, B`."""
    opener = place.at(-3)
    if place.before.kind != "OF" or opener.kind != "SEND" or place.accepted != {"NUMBER"}:
        return None
    return _split(place, opener, place.stop, "every campaign of `send one of` has its share")


def _split_without_one_of(place: Place) -> Slip | None:
    """`send A, B`, `send A or B`, `send 50% A, 50% B`."""
    if place.before.kind == "SEND" and place.token.kind == "NUMBER" and place.at(1).kind == "PERCENT":
        arms = place.line_from(place.token)
        if re.match(r"\d+% (?:\w+|\"[^\"]*\"),", arms):
            remedy = f"write `send one of {place.token.text}%`"
            return Slip("CR101", place.token, place.at(1), f"unexpected `{place.token.text}%`", remedy)
    if place.at(-2).kind == "SEND" and place.token.kind in {"COMMA", "OR", "AND"}:
        return _split(place, place.at(-2), place.stop - 1, "a rule sends one campaign")
    return None


def _split(place: Place, opener: Token, index: int, message: str) -> Slip | None:
    """The campaigns from an index on, each with an equal share."""
    if not _names(place, index):
        return None
    targets = [place.chunk[index]]
    while _separates(place, index + 1) and _names(place, index + 2):
        index += 2
        targets.append(place.chunk[index])
    if len(targets) < 2:
        return None
    share, rest = divmod(100, len(targets))
    arms = ", ".join(f"{share + (n < rest)}% {target.text}" for n, target in enumerate(targets))
    return Slip("CR101", opener, targets[-1], message, f"to send one of several write `send one of {arms}`")


def _separates(place: Place, index: int) -> bool:
    return index < len(place.chunk) and place.chunk[index].kind in {"COMMA", "OR", "AND"}


def _names(place: Place, index: int) -> bool:
    return index < len(place.chunk) and place.chunk[index].kind in {"STRING", "WORD"}


def _arms_joined_otherwise(place: Place) -> Slip | None:
    """`send one of 50% A and 50% B`."""
    if place.token.kind not in {"AND", "OR"} or place.at(-2).kind != "PERCENT" or place.at(1).kind != "NUMBER":
        return None
    return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `,`")


def _goal(place: Place) -> Slip | None:
    """`convert purchase within 7d`, `convert on purchase in 7d`, `convert within 7d on purchase`, no `within`."""
    if place.before.kind == "CONVERT" and place.accepted == {"ON"}:
        if place.token.kind == "WITHIN":
            first, last, within = place.token, place.at(1), place.at(1).text
            event = place.at(3).text if place.at(2).kind == "ON" else "purchase"
            remedy = f"the event stands first: write `convert on {event} within {within}`"
            return Slip("CR101", first, last, "unexpected `within`", remedy)
        remedy = f"write `convert on {place.token.text}`"
        return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", remedy)
    if "WITHIN" not in place.accepted or "WORD" in place.accepted:
        return None
    if place.token.kind in {"IN", "AFTER"} or place.token.text in {"for", "before"}:
        return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `within`")
    if place.token.kind in CLAUSES | {"$END"}:
        opener = next(token for token in reversed(place.chunk[: place.stop]) if token.kind == "CONVERT")
        text = place.text(opener, place.before)
        return Slip("CR104", opener, place.before, "the goal names no time", f"write `{text} within 7d`")
    return None


def _limit(place: Place) -> Slip | None:
    """`limit push 1 per 12h`, `limit 1 push per 12h`, `limit to 3 per 1d`, `limit 3 messages per 1d`."""
    if place.at(-2).kind != "LIMIT":
        return None
    before, token = place.before, place.token
    if place.accepted == {"TO"} and token.kind == "NUMBER":
        form = f"limit {token.text}" if before.kind == "TO" else f"limit {before.text} to {token.text}"
        return Slip("CR101", before, token, f"unexpected `{token.text}`", f"write `{form}`")
    if place.accepted == {"PER"} and token.kind == "WORD" and place.at(1).kind == "PER":
        every = token.text.lower() in {"message", "messages", "send", "sends", "times", "campaigns"}
        form = f"limit {before.text}" if every else f"limit {token.text} to {before.text}"
        return Slip("CR101", before, token, f"unexpected `{token.text}`", f"write `{form}`")
    return None


def _once_per(place: Place) -> Slip | None:
    """`once per 1d`."""
    if place.before.kind != "PER" or place.at(-2).kind != "ONCE" or place.token.kind != "DURATION":
        return None
    remedy = f"write `at most 1 per {place.token.text}`"
    return Slip("CR101", place.at(-2), place.token, "`once` is once for ever", remedy)


def _attribute_without_user(place: Place) -> Slip | None:
    """`if country = "FR"`, `if user country = "FR"`."""
    token = place.token
    if place.before.kind == "USER" and place.accepted == {"DOT"} and token.kind == "WORD":
        return Slip("CR101", place.before, token, f"unexpected `{token.text}`", f"write `user.{token.text}`")
    if not place.in_user_condition or token.text in EVENTS:
        return None
    if token.kind not in {"WORD", "QUOTED_NAME"} or place.at(1).kind not in COMPARATORS | {"DOT"}:
        return None
    remedy = f"what is known of the user begins with `user.`: write `user.{token.text}`"
    return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy)


def _segment(place: Place) -> Slip | None:
    """`if segment vip`, `if in vip`, `if user in segment vip`, `if vip`."""
    token, before = place.token, place.before
    first = last = name = None
    if token.kind == "SEGMENT" and place.in_user_condition:
        first, last, name = token, token, place.at(1)
    elif (before.kind == "IN" and place.accepted == {"SEGMENT"}) or (
        token.kind == "WORD" and place.in_user_condition and place.at(1).kind not in COMPARATORS | {"DOT"}
    ):
        first, last, name = token, token, token
    elif before.kind == "USER" and token.kind == "IN" and place.at(1).kind == "SEGMENT":
        first, last, name = before, token, place.at(2)
    elif before.kind == "SEGMENT" and place.at(-2).kind == "IN" and token.kind == "STRING":
        first, last, name = token, token, token
    if first is None or last is None or name is None or name.kind not in {"WORD", "STRING"}:
        return None
    remedy = f"write `in segment {word_like(name.text, 'my_segment')}`"
    return Slip("CR101", first, last, f"unexpected `{token.text}`", remedy)


def segment_without_equals(place: Place) -> Slip | None:
    """`segment vip: …`, `segment vip is …`, `segment vip user.x = 1`."""
    if place.declaration != "SEGMENT" or place.stop != 2 or place.before.kind != "WORD":
        return None
    token = place.token
    form = f"segment {place.before.text} ="
    replaced = token.kind in {"COLON", "IS", "IF", "WHERE"}
    if not replaced and token.kind not in {"USER", "NOT", "LPAR", "IN"}:
        return None
    remedy = f"write `{form}`" if replaced else f"write `{form} {token.text}`"
    return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, "expected `=`")


def _alternatives_without_path(place: Place) -> Slip | None:
    """`user.country = "FR" or "DE"`."""
    same = place.at(-3).kind == "OPERATOR" and place.at(-3).text == "=" and place.at(-2).kind in _LITERALS
    if place.before.kind != "OR" or place.token.kind not in _LITERALS or not same:
        return None
    path = place.text(place.path_before(-3), place.at(-4))
    remedy = f"write `{path} in ({place.at(-2).text}, {place.token.text})`"
    return Slip("CR101", place.token, place.token, "a value alone is no condition", remedy)


CLAUSE_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    _other_word,
    _share_without_sign,
    _split_without_shares,
    _split_without_one_of,
    _arms_joined_otherwise,
    _goal,
    _limit,
    _once_per,
    _segment,
    _attribute_without_user,
    _alternatives_without_path,
)
"""In the order in which they are looked for."""
