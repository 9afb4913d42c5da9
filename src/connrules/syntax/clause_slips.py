"""Slips in limits, goals, spans of time and conditions on users: how else people say them."""

from collections.abc import Callable

from connrules import ast
from connrules.syntax.condition_slips import condition_end
from connrules.syntax.names_meant import EVENTS, word_like
from connrules.syntax.place import CLAUSES, COMPARATORS, Place, Slip
from connrules.vocabulary import PURCHASE, SESSION_START

_LITERALS = frozenset({"STRING", "NUMBER", "TIME", "TRUE", "FALSE"})
_CLAUSE_MEANT = {
    **dict.fromkeys(("holdout", "hold_out"), "hold out"),
    **dict.fromkeys(("stillif", "still_if"), "still if"),
    **dict.fromkeys(("atmost", "at_most", "max"), "at most"),
    **dict.fromkeys(("wait", "delay"), "after"),
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
    fix = place.writing(place.token, last, meant)
    return Slip("CR101", place.token, last, f"unexpected `{text}`", f"write `{meant}`", fix=fix)


def _at_least(place: Place) -> Slip | None:
    """`at least 3 per 1d`."""
    if place.before.kind != "AT" or place.token.text != "least" or place.accepted != {"MOST"}:
        return None
    remedy = "nothing makes a rule send more often; there is only `at most`"
    return Slip("CR101", place.before, place.token, "unexpected `at least`", remedy)


def _once_in_more_words(place: Place) -> Slip | None:
    """`only once`, `at most once`, `at most once per 1d`."""
    if place.token.text in {"only", "just"} and place.at(1).kind == "ONCE":
        fix = place.writing(place.token, place.at(1), "once")
        return Slip(
            "CR101", place.token, place.at(1), f"unexpected `{place.token.text}`", "write `once` alone", fix=fix
        )
    if place.before.kind != "MOST" or place.token.kind != "ONCE":
        return None
    if place.at(1).kind == "PER":
        fix = place.writing(place.at(-2), place.token, "at most 1")
        return Slip("CR101", place.token, place.token, "unexpected `once`", "write `at most 1`", fix=fix)
    fix = place.writing(place.at(-2), place.token, "once")
    return Slip("CR101", place.at(-2), place.token, "`at most once` is one word", "write `once`", fix=fix)


def _recurring(place: Place) -> Slip | None:
    """`every monday`, `daily`."""
    if place.token.text not in {"every", "each", "daily", "weekly", "monthly"} or not place.goes_on_with("HOLD"):
        return None
    day = next((day for day in ast.WEEKDAYS if place.at(1).text.lower().startswith(day)), ast.WEEKDAYS[0])
    remedy = f"a rule acts when its trigger happens; `next {day} at 09:00` puts the send off until then"
    return Slip("CR101", place.token, place.token, "there is no recurring schedule", remedy)


def _restarting_alone(place: Place) -> Slip | None:
    if place.token.kind != "RESTARTING" or not place.goes_on_with("HOLD"):
        return None
    remedy = "it stands behind a delay: write `after 1d restarting`"
    return Slip("CR101", place.token, place.token, "`restarting` says nothing without `after`", remedy)


def _until_as_to(place: Place) -> Slip | None:
    """`from 2026-03-01 to 2026-04-01`."""
    if place.before.kind != "TIME" or place.at(-2).kind != "FROM" or place.token.text not in {"to", "till", "-"}:
        return None
    fix = place.writing(place.token, place.token, "until")
    return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `until`", fix=fix)


def _condition_after_goal(place: Place) -> Slip | None:
    """`convert on purchase within 7d where amount > 5`."""
    if place.token.kind != "WHERE" or place.before.kind != "DURATION" or place.at(-2).kind != "WITHIN":
        return None
    opener = next(token for token in reversed(place.chunk[: place.stop]) if token.kind == "CONVERT")
    last = place.chunk[condition_end(place) - 1]
    goal, condition = place.text(opener, place.at(-3)), place.text(place.token, last)
    meant = f"{goal} {condition} within {place.before.text}"
    remedy, fix = f"the condition stands before `within`: write `{meant}`", place.writing(opener, last, meant)
    return Slip("CR101", place.token, last, "unexpected `where`", remedy, fix=fix)


def _goal(place: Place) -> Slip | None:
    """`convert purchase within 7d`, `convert on purchase in 7d`, `convert within 7d on purchase`, no `within`."""
    if place.before.kind == "CONVERT" and place.accepted == {"ON"}:
        if place.token.kind == "WITHIN":
            first, last, within = place.token, place.at(1), place.at(1).text
            event = place.at(3).text if place.at(2).kind == "ON" else "purchase"
            remedy = f"the event stands first: write `convert on {event} within {within}`"
            whole = event in {PURCHASE, SESSION_START} and place.at(4).kind in CLAUSES | {"$END"}
            fix = place.writing(place.before, place.at(3), f"convert on {event} within {within}") if whole else None
            return Slip("CR101", first, last, "unexpected `within`", remedy, fix=fix)
        meant = f"convert on {place.token.text}"
        fix = place.writing(place.before, place.token, meant)
        return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", f"write `{meant}`", fix=fix)
    if "WITHIN" not in place.accepted or "WORD" in place.accepted:
        return None
    if place.token.kind in {"IN", "AFTER"} or place.token.text in {"for", "before"}:
        fix = place.writing(place.token, place.token, "within")
        return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `within`", fix=fix)
    if place.token.kind in CLAUSES | {"$END"}:
        opener = next(token for token in reversed(place.chunk[: place.stop]) if token.kind == "CONVERT")
        text = place.text(opener, place.before)
        return Slip("CR104", opener, place.before, "the goal names no time", f"write `{text} within 7d`")
    return None


def _limit(place: Place) -> Slip | None:
    """`limit in-app to 1 …`, `limit push 1 …`, `limit 1 push per 12h`, `limit to 3 …`, `limit 3 messages per 1d`."""
    if place.before.kind == "LIMIT" and place.at(1).text == "-" and place.glued(1) and place.glued(2):
        channel = f"{place.token.text}_{place.at(2).text}"
        text, fix = place.text(place.token, place.at(2)), place.writing(place.before, place.at(2), f"limit {channel}")
        return Slip("CR101", place.token, place.at(2), f"`{text}` is no word", f"write `limit {channel}`", fix=fix)
    if place.at(-2).kind != "LIMIT":
        return None
    before, token = place.before, place.token
    if place.accepted == {"TO"} and token.kind == "NUMBER":
        form = f"limit {token.text}" if before.kind == "TO" else f"limit {before.text} to {token.text}"
        fix = place.writing(place.at(-2), token, form)
        return Slip("CR101", before, token, f"unexpected `{token.text}`", f"write `{form}`", fix=fix)
    if place.accepted == {"PER"} and token.kind == "WORD" and place.at(1).kind == "PER":
        every = token.text.lower() in {"message", "messages", "send", "sends", "times", "campaigns"}
        form = f"limit {before.text}" if every else f"limit {token.text} to {before.text}"
        fix = place.writing(place.at(-2), token, form)
        return Slip("CR101", before, token, f"unexpected `{token.text}`", f"write `{form}`", fix=fix)
    return None


def _once_per(place: Place) -> Slip | None:
    """`once per 1d`."""
    if place.before.kind != "PER" or place.at(-2).kind != "ONCE" or place.token.kind != "DURATION":
        return None
    meant = f"at most 1 per {place.token.text}"
    fix = place.writing(place.at(-2), place.token, meant)
    return Slip("CR101", place.at(-2), place.token, "`once` is once for ever", f"write `{meant}`", fix=fix)


def _attribute_without_user(place: Place) -> Slip | None:
    """`if country = "FR"`, `if user country = "FR"`."""
    token = place.token
    if place.before.kind == "USER" and place.accepted == {"DOT"} and token.kind == "WORD":
        meant = f"user.{token.text}"
        fix = place.writing(place.before, token, meant)
        return Slip("CR101", place.before, token, f"unexpected `{token.text}`", f"write `{meant}`", fix=fix)
    if not place.in_user_condition or token.text in EVENTS:
        return None
    if token.kind not in {"WORD", "QUOTED_NAME"} or place.at(1).kind not in COMPARATORS | {"DOT"}:
        return None
    remedy = f"what is known of the user begins with `user.`: write `user.{token.text}`"
    fix = place.writing(token, token, f"user.{token.text}")
    return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)


def _segment(place: Place) -> Slip | None:
    """`if segment vip`, `if in vip`, `if user in segment vip`, `if vip`."""
    token, before = place.token, place.before
    start = first = last = name = None
    if token.kind == "SEGMENT" and place.in_user_condition:
        start, first, last, name = token, token, token, place.at(1)
    elif (before.kind == "IN" and place.accepted == {"SEGMENT"}) or (
        token.kind == "WORD" and place.in_user_condition and place.at(1).kind not in COMPARATORS | {"DOT"}
    ):
        start, first, last, name = (before if before.kind == "IN" else token), token, token, token
    elif before.kind == "USER" and token.kind == "IN" and place.at(1).kind == "SEGMENT":
        start, first, last, name = before, before, token, place.at(2)
    elif before.kind == "SEGMENT" and place.at(-2).kind == "IN" and token.kind == "STRING":
        start, first, last, name = place.at(-2), token, token, token
    if start is None or first is None or last is None or name is None or name.kind not in {"WORD", "STRING"}:
        return None
    meant = f"in segment {word_like(name.text, 'my_segment')}"
    fix = place.writing(start, name, meant)
    return Slip("CR101", first, last, f"unexpected `{token.text}`", f"write `{meant}`", fix=fix)


def segment_without_equals(place: Place) -> Slip | None:
    """`segment vip: …`, `segment vip is …`, `segment vip user.x = 1`."""
    if place.declaration != "SEGMENT" or place.stop != 2 or place.before.kind != "WORD":
        return None
    token = place.token
    form = f"segment {place.before.text} ="
    replaced = token.kind in {"COLON", "IS", "IF", "WHERE"}
    if not replaced and token.kind not in {"USER", "NOT", "LPAR", "IN"}:
        return None
    meant = form if replaced else f"{form} {token.text}"
    fix = place.writing_behind(place.before, " =", token) if replaced else place.writing_behind(place.before, " =")
    return Slip("CR101", token, token, f"unexpected `{token.text}`", f"write `{meant}`", "expected `=`", fix)


def _alternatives_without_path(place: Place) -> Slip | None:
    """`user.country = "FR" or "DE"`."""
    same = place.at(-3).kind == "OPERATOR" and place.at(-3).text == "=" and place.at(-2).kind in _LITERALS
    if place.before.kind != "OR" or place.token.kind not in _LITERALS or not same:
        return None
    start = place.path_before(-3)
    meant = f"{place.text(start, place.at(-4))} in ({place.at(-2).text}, {place.token.text})"
    more = place.at(1).kind == "OR" and place.at(2).kind in _LITERALS
    fix = None if more else place.writing(start, place.token, meant)
    return Slip("CR101", place.token, place.token, "a value alone is no condition", f"write `{meant}`", fix=fix)


CLAUSE_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    _other_word,
    _at_least,
    _once_in_more_words,
    _recurring,
    _restarting_alone,
    _until_as_to,
    _condition_after_goal,
    _goal,
    _limit,
    _once_per,
    _segment,
    _attribute_without_user,
    _alternatives_without_path,
)
"""In the order in which they are looked for."""
