"""Slips: what people write who know other languages, and how conn says it.

Each function looks for one kind of slip at the token that does not fit. What its help line says to write must be read
without a finding; the tests do as it says.
"""

from collections.abc import Callable

from connrules.syntax.clause_slips import CLAUSE_SLIPS, segment_without_equals
from connrules.syntax.condition_slips import CONDITION_SLIPS, open_where
from connrules.syntax.names_meant import EVENTS, bare_name, declared_name, event_word, property_name
from connrules.syntax.place import CLAUSES, COMPARATORS, NOTHING, Place, Slip
from connrules.syntax.scanner import Token
from connrules.syntax.schedule_slips import SCHEDULE_SLIPS
from connrules.syntax.send_slips import SEND_SLIPS
from connrules.syntax.step_slips import STEP_SLIPS
from connrules.syntax.times_meant import time_meant


def slip(place: Place) -> Slip | None:
    """The slip that best explains a token that does not fit; None where nothing known does."""
    found = (look(place) for look in _LOOKS)
    return next((slip for slip in found if slip is not None and NOTHING not in (slip.first, slip.last)), None)


def _patterns_without_or(place: Place) -> Slip | None:
    """`unless purchase opened_push`, `on A and B`, `unless purchase, opened_push`."""
    token = place.token
    if "OR" in place.accepted and "RPAR" not in place.accepted and "WORD" not in place.accepted:
        if token.text in EVENTS or token.kind in {"EVENT", "SENT", "CANCELLED"}:
            remedy = f"events are joined with `or`: write `or {token.text}`"
            fix = place.writing(token, token, f"or {token.text}")
            return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
        if token.kind == "AND" and place.at(2).kind in COMPARATORS | {"DOT"} and place.before.text in EVENTS:
            remedy, fix = "a condition begins with `where`: write `where`", place.writing(token, token, "where")
            return Slip("CR101", token, token, "unexpected `and`", remedy, fix=fix)
        if token.kind in {"AND", "COMMA"} and open_where(place) is None:
            return _joined_by(place, token, place.at(1))
    if place.after_path() and place.before.text in EVENTS and place.at(-2).kind == "AND":
        return _joined_by(place, place.at(-2), place.before)
    if token.kind in {"OF", "WHERE"} and place.before.text in EVENTS and place.at(-2).kind == "COMMA":
        return _joined_by(place, place.at(-2), place.before)
    return None


def _joined_by(place: Place, join: Token, event: Token) -> Slip:
    remedy = f"any one of the events is enough: write `or{' ' + event.text if event.text else ''}`"
    known = event.text in EVENTS or event.kind in {"EVENT", "SENT", "CANCELLED"}
    fix = place.writing(join, join, "or" if join.kind == "AND" else " or") if known else None
    return Slip("CR101", join, join, f"`{join.text}` joins no events", remedy, fix=fix)


def _object_without_of(place: Place) -> Slip | None:
    """`opened_push "A"`, `opened_push of "A" "B"`."""
    token = place.token
    if token.kind != "STRING":
        return None
    if "OF" in place.accepted:
        remedy, fix = f"write `of {token.text}`", place.writing(token, token, f"of {token.text}")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    if "COMMA" in place.accepted and "RPAR" not in place.accepted:
        remedy = f"write a comma between names: `, {token.text}`"
        fix = place.writing_behind(place.before, ",")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    return None


def _rule_without_name(place: Place) -> Slip | None:
    if place.before.kind != "RULE" or place.token.kind != "COLON":
        return None
    remedy = "give the rule a name, e.g. `rule my_rule:`, or delete `rule:`"
    return Slip("CR101", place.before, place.token, "the rule has no name", remedy)


def _nothing_after_or(place: Place) -> Slip | None:
    ends = place.token.kind in CLAUSES | {"$END"}
    if place.before.kind not in {"OR", "AND"} or not ends or place.accepted & {"CLOCK", "HOLD"}:
        return None
    word = place.before.text
    condition = "QUOTED_NAME" in place.accepted
    what, example = ("a condition", "`amount > 5`") if condition else ("an event", "`purchase`")
    if place.in_user_condition:
        what, example = "a condition", '`user.country = "FR"`'
    remedy = f"name {what}, e.g. {example}, or delete the `{word}`"
    return Slip("CR101", place.before, place.before, f"{what} is missing after `{word}`", remedy)


def _open_parenthesis(place: Place) -> Slip | None:
    if "RPAR" not in place.accepted or place.token.kind not in CLAUSES | {"$END"}:
        return None
    opened: list[Token] = []
    for token in place.chunk[: place.stop]:
        if token.kind == "LPAR":
            opened.append(token)
        elif token.kind == "RPAR" and opened:
            opened.pop()
    if not opened:
        return None
    closing = ")" * len(opened)
    remedy, fix = f"add `{closing}` after `{place.before.text}`", place.writing_behind(place.before, closing)
    return Slip("CR101", opened[-1], opened[-1], "this parenthesis is not closed", remedy, fix=fix)


def _closing_parenthesis(place: Place) -> Slip | None:
    kinds = [token.kind for token in place.chunk[: place.stop]]
    if place.token.kind != "RPAR" or kinds.count("LPAR") > kinds.count("RPAR"):
        return None
    remedy, fix = "delete it: no parenthesis is open here", place.deleting(place.token, place.token)
    return Slip("CR101", place.token, place.token, "unexpected `)`", remedy, fix=fix)


def _clock_after_date(place: Place) -> Slip | None:
    """`from 2026-03-01 09:00`."""
    date = place.before if place.before.kind == "TIME" else place.at(-2)
    if date.kind != "TIME" or (date is not place.before and place.before.kind != "AT"):
        return None
    meant = time_meant(date.text, place.token.text)
    if meant is None:
        return None
    text = place.text(date, place.token)
    remedy = f"write `{meant}`, or an offset such as `+01:00` in place of the `Z`"
    return Slip("CR113", date, place.token, f"`{text}` is not a time", remedy, "a time is one word and names its zone")


def _trigger_without_on(place: Place) -> Slip | None:
    """`rule b: received_push of "X"`, `when received_push …`."""
    token = place.token
    if "ON" not in place.accepted:
        return None
    if token.text in {"when", "upon", "trigger", "On", "ON", "When"} and place.at(1).kind in {"WORD", "EVENT"}:
        remedy, fix = "a trigger begins with `on`: write `on`", place.writing(token, token, "on")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    if token.text in EVENTS or token.kind == "EVENT":
        meant = f"on {token.text}"
        remedy, fix = f"a trigger begins with `on`: write `{meant}`", place.writing(token, token, meant)
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    return None


def _rule_as_event(place: Place) -> Slip | None:
    """`on sent of "Welcome"`, `on dropped b`, `on sent b where a = 1`."""
    token, before = place.token, place.before
    if token.kind == "OF" and before.kind in {"SENT", "CANCELLED"}:
        remedy = f"`{before.text}` names a rule, no campaign: e.g. `{before.text} reminder`"
        return Slip("CR101", before, token, "unexpected `of`", remedy)
    if token.kind == "WHERE" and place.at(-2).kind in {"SENT", "CANCELLED"}:
        remedy = f"what a rule did has no properties: write `{place.text(place.at(-2), before)}` alone"
        return Slip("CR101", token, token, "unexpected `where`", remedy)
    listens = place.at(-2).kind in {"ON", "UNLESS", "OR"} and "WORD" not in place.accepted
    if listens and before.kind in {"DROPPED", "IGNORED", "PENDING", "RESTARTED", "GOAL"} and token.kind == "WORD":
        remedy = f"of another rule's doings there are two: write `sent {token.text}` or `cancelled {token.text}`"
        return Slip("CR101", before, token, f"`{before.text}` is no event", remedy)
    return None


def _string_as_event(place: Place) -> Slip | None:
    """`on "Signed Up"`, `at 0s "Signed Up"`."""
    step = place.declaration == "TEST" and place.at(-2).kind == "AT"
    if place.token.kind != "STRING" or "EVENT" not in place.accepted or "STRING" in place.accepted:
        return None
    if place.before.kind not in {"ON", "UNLESS"} and not step:
        return None
    meant = f"event {place.token.text}"
    remedy, fix = f"a custom event begins with `event`: write `{meant}`", place.writing(place.token, place.token, meant)
    return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", remedy, fix=fix)


_LOOKS: tuple[Callable[[Place], Slip | None], ...] = (
    _rule_without_name,
    segment_without_equals,
    declared_name,
    *SCHEDULE_SLIPS,
    *SEND_SLIPS,
    *CLAUSE_SLIPS,
    *STEP_SLIPS,
    *CONDITION_SLIPS,
    _clock_after_date,
    _object_without_of,
    _patterns_without_or,
    property_name,
    _nothing_after_or,
    _open_parenthesis,
    _closing_parenthesis,
    _trigger_without_on,
    _rule_as_event,
    _string_as_event,
    event_word,
    bare_name,
)
