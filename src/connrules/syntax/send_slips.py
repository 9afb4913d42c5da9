"""Slips in what a rule sends and to which share of the users: campaigns, splits and hold-outs."""

import re
from collections.abc import Callable
from decimal import Decimal

from connrules.syntax.place import Place, Slip
from connrules.syntax.scanner import Token


def _hold_out(place: Place) -> Slip | None:
    """`hold-out 10%`, `hold 10%`, `hold out 10% of users`."""
    token, before = place.token, place.before
    if before.kind == "HOLD" and token.text == "-" and place.at(1).kind == "OUT":
        fix = place.writing(before, place.at(1), "hold out")
        return Slip("CR101", before, place.at(1), "`hold-out` is no clause", "write `hold out`", fix=fix)
    if before.kind == "HOLD" and token.kind == "NUMBER" and place.accepted == {"OUT"}:
        last, meant = place.at(1) if place.at(1).kind == "PERCENT" else token, f"hold out {token.text}%"
        fix = place.writing(before, last, meant)
        return Slip("CR101", before, token, f"unexpected `{token.text}`", f"write `{meant}`", fix=fix)
    if before.kind == "PERCENT" and place.at(-3).kind == "OUT" and token.kind == "OF":
        last = place.at(1) if place.at(1).kind == "WORD" and place.same_line(token, place.at(1)) else token
        text = place.text(token, last)
        remedy, fix = f"shares are of the users: delete `{text}`", place.deleting(token, last)
        return Slip("CR101", token, last, f"unexpected `{text}`", remedy, fix=fix)
    return None


def _decimal_comma(place: Place) -> Slip | None:
    """`33,3%`."""
    if place.accepted != {"PERCENT"} or place.token.kind != "COMMA" or place.at(1).kind != "NUMBER":
        return None
    last = place.at(2) if place.at(2).kind == "PERCENT" else place.at(1)
    text = place.text(place.before, last)
    meant = f"{place.before.text}.{place.at(1).text}%"
    remedy, fix = f"decimals follow a point: write `{meant}`", place.writing(place.before, last, meant)
    return Slip("CR101", place.before, last, f"`{text}` is no share", remedy, fix=fix)


def _share_without_sign(place: Place) -> Slip | None:
    """`hold out 10`, `send one of 50 A`."""
    if place.accepted != {"PERCENT"}:
        return None
    number = place.before.text
    message, remedy = f"`{number}` is no share of the users", f"shares are percentages: write `{number}%`"
    fix = place.writing(place.before, place.before, f"{number}%")
    if 0 < Decimal(number) < 1:
        remedy, fix = f"{remedy} or `{(Decimal(number) * 100).normalize():f}%`", None
    return Slip("CR101", place.before, place.before, message, remedy, fix=fix)


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
            fix = place.writing(place.before, place.at(1), f"send one of {place.token.text}%")
            return Slip("CR101", place.token, place.at(1), f"unexpected `{place.token.text}%`", remedy, fix=fix)
        shares = list(re.finditer(r"(\d+(?:\.\d+)?%)\s*(\"[^\"]*\"|\w+)", arms))
        if len(shares) > 1:
            meant = f"send one of {', '.join(f'{share[1]} {share[2]}' for share in shares)}"
            last = [token for token in place.chunk if token.start < place.token.start + shares[-1].end()][-1]
            fix = place.writing(place.before, last, meant)
            message, remedy = f"unexpected `{place.token.text}%`", f"write `{meant}`"
            return Slip("CR101", place.token, place.at(1), message, remedy, fix=fix)
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
    fix = place.writing(opener, targets[-1], f"send one of {arms}")
    return Slip("CR101", opener, targets[-1], message, f"to send one of several write `send one of {arms}`", fix=fix)


def _separates(place: Place, index: int) -> bool:
    return index < len(place.chunk) and place.chunk[index].kind in {"COMMA", "OR", "AND"}


def _names(place: Place, index: int) -> bool:
    return index < len(place.chunk) and place.chunk[index].kind in {"STRING", "WORD"}


def _arms_joined_otherwise(place: Place) -> Slip | None:
    """`send one of 50% A and 50% B`."""
    if place.token.kind not in {"AND", "OR"} or place.at(-2).kind != "PERCENT" or place.at(1).kind != "NUMBER":
        return None
    fix = place.writing_behind(place.before, ",", place.token)
    return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `,`", fix=fix)


def _arms_without_comma(place: Place) -> Slip | None:
    """`send one of 50% "A" 50% "B"`."""
    if place.token.kind != "NUMBER" or place.at(-2).kind != "PERCENT" or place.at(1).kind != "PERCENT":
        return None
    share = f"{place.token.text}%"
    remedy = f"write a comma between campaigns: `, {share}`"
    fix = place.writing_behind(place.before, ",")
    return Slip("CR101", place.token, place.at(1), f"unexpected `{share}`", remedy, fix=fix)


def _share_behind(place: Place) -> Slip | None:
    """`send one of "A" 50%, "B" 50%`."""
    name, number = place.token, place.at(1)
    if place.accepted != {"NUMBER"} or place.before.kind not in {"OF", "COMMA"} or name.kind not in {"STRING", "WORD"}:
        return None
    if number.kind != "NUMBER" or place.at(2).kind != "PERCENT":
        return None
    remedy = f"the share stands first: write `{number.text}% {name.text}`"
    fix = place.writing(name, place.at(2), f"{number.text}% {name.text}")
    return Slip("CR101", name, place.at(2), f"unexpected `{name.text}`", remedy, fix=fix)


def _kind_before_name(place: Place) -> Slip | None:
    """`send campaign "X"`, `send push "X"`."""
    kind, name = place.before, place.token
    if place.at(-2).kind not in {"SEND", "PERCENT"} or kind.kind != "WORD" or name.kind != "STRING":
        return None
    if not place.same_line(place.at(-2), name):
        return None
    opener = "send" if place.at(-2).kind == "SEND" else f"{place.at(-3).text}%"
    remedy = f"delete it: write `{opener} {name.text}`"
    return Slip("CR101", kind, kind, f"unexpected `{kind.text}`", remedy, fix=place.deleting(kind, kind))


SEND_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    _hold_out,
    _decimal_comma,
    _share_without_sign,
    _share_behind,
    _split_without_shares,
    _split_without_one_of,
    _arms_joined_otherwise,
    _arms_without_comma,
    _kind_before_name,
)
"""In the order in which they are looked for."""
