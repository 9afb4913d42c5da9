"""Slips in tests: what people write for a step or an expectation."""

from collections.abc import Callable, Mapping, Set
from functools import lru_cache

from connrules.syntax.names_meant import EVENTS, word_like
from connrules.syntax.place import CLAUSES, COMPARATORS, DECLARATIONS, NOTHING, STEPS, Place, Slip
from connrules.syntax.scanner import TRIVIA, scan

_FATES = frozenset({"SENT", "CANCELLED", "DROPPED", "IGNORED", "PENDING", "RESTARTED", "GOAL"})
_SOFT_STEPS = STEPS - CLAUSES
_NONE = frozenset({"no", "none", "never", "not", "zero", "0", "nothing"})
_SENDING = frozenset({"send", "sends", "sending", "send_of", "message", "delivered"})


def _nothing(place: Place) -> Slip | None:
    """`expect no send`, `expect nothing sent`, `expect not sent X`."""
    if place.goes_on_with("NOTHING") and place.token.text in _NONE:
        more = place.at(1).text in _SENDING | {"sent"}
        last = place.at(1) if more else place.token
        message = f"`{place.text(place.token, last)}` is not how conn says it"
        alone = place.at(place.chunk.index(last) - place.stop + 1).kind in CLAUSES | STEPS | {"$END"}
        fix = place.writing(place.token, last, "nothing") if alone else None
        return Slip("CR101", place.token, last, message, "to expect no send write `nothing`", fix=fix)
    if place.before.kind == "NOTHING" and place.token.text in _SENDING | {"sent"}:
        fix = place.deleting(place.token, place.token)
        return Slip(
            "CR101", place.token, place.token, f"unexpected `{place.token.text}`", "write `nothing` alone", fix=fix
        )
    return None


def _sent(place: Place) -> Slip | None:
    """`expect send X`, `expect "X"`."""
    if not place.goes_on_with("SENT", "IGNORED"):
        return None
    token = place.token
    if token.text in _SENDING:
        fix = place.writing(token, token, "sent")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", "write `sent`", fix=fix)
    if token.kind == "STRING":
        remedy, fix = f"write `sent {token.text}`", place.writing(token, token, f"sent {token.text}")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    return None


def _rule_not_as_a_word(place: Place) -> Slip | None:
    """`cancelled "cart_reminder"`, `by rule r`, `on sent "welcome"`: rules are named by words."""
    token, before = place.token, place.before
    if before.kind in _SOFT_STEPS and place.at(-2).kind in _FATES:
        message = f"the name of a rule is missing after `{place.at(-2).text}`"
        return Slip("CR101", place.at(-2), place.at(-2), message, f"write `{place.at(-2).text} cart_reminder`")
    if before.kind not in _FATES | {"BY", "BECAUSE"} or "WORD" not in place.accepted:
        return None
    if token.kind == "RULE" and place.at(1).kind == "WORD":
        message, meant = "unexpected `rule`", f"{before.text} {place.at(1).text}"
        fix = place.writing(before, place.at(1), meant)
        return Slip("CR101", token, place.at(1), message, f"write `{meant}`", fix=fix)
    if token.kind == "STRING" and "STRING" not in place.accepted:
        what, name = ("reasons are words", word_like(token.text)) if before.kind == "BECAUSE" else _rule_meant(place)
        fix = place.writing(before, token, f"{before.text} {name}") if name else None
        remedy = f"{what}: write `{before.text} {name}`" if name else what
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    return None


def _rule_meant(place: Place) -> tuple[str, str]:
    """What to say of a text where the name of a rule belongs, and that name; empty where there is no telling it."""
    text, word = place.token.text.strip('"'), word_like(place.token.text)
    names, senders = _rules_in(place.source.text)
    if word not in names and text in senders:
        return f"a rule is named here, and `{senders[text]}` is the one that sends `{text}`", senders[text]
    if word == text or word in names:  # the rule may stand in another file
        return "rules are named by words", word
    return "rules are named by words: write the name that stands behind `rule`", ""


@lru_cache(maxsize=1)  # of the file that is being parsed
def _rules_in(text: str) -> tuple[Set[str], Mapping[str, str]]:
    """The names of the rules in a file, and by campaign the rule that sends it, where that is one rule with a name."""
    names: set[str] = set()
    senders: dict[str, str] = {}
    name, sends, before = "", False, NOTHING
    for token in (token for token in scan(text) if token.kind not in TRIVIA):
        if token.kind in DECLARATIONS:
            name = ""
        elif before.kind == "RULE" and token.kind == "WORD":
            name = token.text
            names.add(name)
        sends = token.kind == "SEND" or (sends and token.kind not in CLAUSES | DECLARATIONS)
        if sends and token.kind in {"STRING", "WORD"}:
            campaign = token.text.strip('"')
            senders[campaign] = name if senders.get(campaign, name) == name else ""
        before = token
    return names, {campaign: rule for campaign, rule in senders.items() if rule}


def _step_without_at(place: Place) -> Slip | None:
    """`after 2h purchase`, `2h purchase`, `purchase at 2h`, `on purchase`."""
    if place.declaration != "TEST" or not place.goes_on_with("EXPECT"):
        return None
    token = place.token
    if token.kind in {"COMMA", "AND", "OR"} and place.at(1).text in EVENTS:
        remedy = f"each event is a step of its own: write `at 0s {place.at(1).text}`"
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy)
    if token.kind in {"AFTER", "IN"} and place.at(1).kind in {"DURATION", "TIME"}:
        meant = f"at {place.at(1).text}"
        fix = place.writing(token, place.at(1), meant)
        remedy = f"a step says with `at` when something happens: write `{meant}`"
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    if token.kind == "DURATION":
        remedy, fix = f"write `at {token.text}`", place.writing(token, token, f"at {token.text}")
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    if token.text in EVENTS or token.kind == "EVENT":
        remedy = f"the time stands before the event: write `at 0s {token.text}`"
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy)
    return None


def _user_after_time(place: Place) -> Slip | None:
    """`at 2h user "u1" purchase`."""
    if place.at(-2).kind != "USER" or place.at(-4).kind != "AT" or place.accepted != {"AT"}:
        return None
    meant = f"user {place.before.text} at {place.at(-3).text}"
    remedy, fix = f"the user stands before the time: write `{meant}`", place.writing(place.at(-4), place.before, meant)
    return Slip("CR101", place.at(-4), place.before, "unexpected `user`", remedy, fix=fix)


def _user_behind(place: Place) -> Slip | None:
    """`expect sent "Welcome" user "u" at 1d`, where an `at` after a user begins an event."""
    user, moment = place.at(-4), place.before
    if user.kind != "USER" or place.at(-2).kind != "AT" or place.declaration != "TEST":
        return None
    steps = [token for token in place.chunk[: place.stop - 4] if token.kind in {"EXPECT", "AT"}]
    if not steps or steps[-1].kind != "EXPECT" or not place.same_line(steps[-1], moment):
        return None
    expected = place.source.text[steps[-1].span.end : user.start].strip()
    meant = f"expect user {place.at(-3).text} {expected} at {moment.text}"
    remedy, fix = f"the user stands behind `expect`: write `{meant}`", place.writing(steps[-1], moment, meant)
    return Slip("CR101", user, moment, "unexpected `user`", remedy, fix=fix)


def _values_in_parentheses(place: Place) -> Slip | None:
    """`each x in (1h, 2h)`, `each x = 1h`."""
    if place.at(-3).kind == "EACH" and place.before.kind == "IN" and place.token.kind in {"LPAR", "UNEXPECTED"}:
        remedy = "the values of `each` stand without: delete it, and the one at the end"
        return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", remedy)
    return None


def _clock_as_moment(place: Place) -> Slip | None:
    """`at 10:00 purchase`."""
    if place.declaration != "TEST" or place.token.kind != "CLOCK" or not {"DURATION", "TIME"} <= place.accepted:
        return None
    hours, minutes = map(int, place.token.text.split(":"))
    meant = f"{hours}h{minutes}m" if minutes else f"{hours}h"
    remedy = f"the times of a test count from its start: write `{meant}`"
    fix = place.writing(place.token, place.token, meant)
    return Slip("CR101", place.token, place.token, f"unexpected `{place.token.text}`", remedy, fix=fix)


def _property_without_where(place: Place) -> Slip | None:
    """`at 2h purchase amount = 30`, `at 2h purchase with amount = 30`."""
    if place.declaration != "TEST" or "WHERE" not in place.accepted:
        return None
    token = place.token
    if token.kind == "WITH" and place.at(2).kind in COMPARATORS | {"DOT"}:
        fix = place.writing(token, token, "where")
        return Slip("CR101", token, token, "unexpected `with`", "write `where`", fix=fix)
    if token.kind in {"WORD", "QUOTED_NAME"} and place.at(1).kind in COMPARATORS | {"DOT"}:
        meant = f"where {token.text}"
        remedy, fix = f"properties begin with `where`: write `{meant}`", place.writing(token, token, meant)
        return Slip("CR101", token, token, f"unexpected `{token.text}`", remedy, fix=fix)
    return None


def _or_between_properties(place: Place) -> Slip | None:
    """`at 2h purchase where a = 1 or b = 2`."""
    if place.declaration != "TEST" or place.token.kind != "OR" or "AND" not in place.accepted:
        return None
    remedy, fix = "an event has all of its properties: write `and`", place.writing(place.token, place.token, "and")
    return Slip("CR101", place.token, place.token, "unexpected `or`", remedy, fix=fix)


def _test_without_quotes(place: Place) -> Slip | None:
    """`test a purchase cancels:`, `test: …`."""
    if place.declaration != "TEST" or place.stop != 1:
        return None
    if place.token.kind == "COLON":
        remedy = 'say what it shows, e.g. `test "a purchase cancels":`'
        return Slip("CR101", place.chunk[0], place.token, "the test has no name", remedy)
    name = []
    for token in place.chunk[1:]:
        if token.kind == "COLON" or not place.same_line(place.chunk[0], token):
            break
        name.append(token)
    if not name or any(token.kind in {"STRING", "UNTERMINATED", "TYPOGRAPHIC"} for token in name):
        return None
    text = place.text(name[0], name[-1])
    fix = None if "\\" in text else place.writing(name[0], name[-1], f'"{text}"')
    return Slip("CR101", name[0], name[-1], f"`{text}` stands without quotes", f'write `test "{text}":`', fix=fix)


STEP_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    _test_without_quotes,
    _nothing,
    _sent,
    _rule_not_as_a_word,
    _step_without_at,
    _user_after_time,
    _user_behind,
    _values_in_parentheses,
    _clock_as_moment,
    _property_without_where,
    _or_between_properties,
)
"""In the order in which they are looked for."""
