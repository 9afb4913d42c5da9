"""Slips in conditions: what people write who know SQL, Python or English, and how conn compares properties."""

from collections.abc import Callable

from connrules.diagnostic import Edit, Fix
from connrules.syntax.names_meant import EVENTS
from connrules.syntax.place import CLAUSES, COMPARATORS, NOTHING, Place, Slip
from connrules.syntax.scanner import Token
from connrules.text import Span

_NULLS = frozenset({"null", "none", "nil", "undefined", "empty", "blank", "NULL", "None"})
_OPERATORS = {
    **dict.fromkeys(("==", "===", "equals", "eq"), "="),
    **dict.fromkeys(("≠", "<>", "=!", "!==", "~="), "!="),
    **dict.fromkeys(("≥", "=>"), ">="),
    **dict.fromkeys(("≤", "=<"), "<="),
    **dict.fromkeys(("includes", "has", "include", "contain", "containing"), "contains"),
    **dict.fromkeys(("startswith", "begins with", "starts_with", "beginswith"), "starts with"),
    **dict.fromkeys(("exists",), "is present"),
}
_LITERALS = frozenset({"STRING", "NUMBER", "TIME", "TRUE", "FALSE"})
_JOINS = {"&&": "and", "||": "or", "&": "and", "|": "or"}


def _null(place: Place) -> Slip | None:
    """`coupon = null`, `coupon is null`, `coupon is not missing`."""
    comparator = place.before
    if comparator.kind == "IS":
        return _after_is(place)
    if comparator.text not in {"=", "!="} or place.token.text not in _NULLS:
        return None
    path = place.text(place.path_before(-1), place.at(-2))
    form = "missing" if comparator.text == "=" else "present"
    message, meant = f"there is no `{place.token.text}` to compare with", f"{path} is {form}"
    fix = place.writing(place.path_before(-1), place.token, meant)
    return Slip("CR101", place.token, place.token, message, f"write `{meant}`", fix=fix)


def _after_is(place: Place) -> Slip | None:
    start = place.path_before(-1)
    path = place.text(start, place.at(-2))
    negated = place.token.kind == "NOT"
    value = place.at(1) if negated else place.token
    last = value if negated else place.token
    if value.text in _NULLS or value.kind in {"MISSING", "PRESENT"}:
        missing = (value.kind != "PRESENT") != negated
        form = f"is {'missing' if missing else 'present'}"
    elif value.kind in COMPARATORS:
        meant = f"{'not ' if negated else ''}{path} {value.text}"
        message, fix = f"`{place.text(place.before, last)}` is not how conn says it", place.writing(start, last, meant)
        return Slip("CR101", place.before, last, message, f"write `{meant}` without `is`", fix=fix)
    elif value.kind in _LITERALS:
        form = f"{'!=' if negated else '='} {value.text}"
    else:
        return None
    message, meant = f"`{place.text(place.before, last)}` is not how conn says it", f"{path} {form}"
    return Slip("CR101", place.before, last, message, f"write `{meant}`", fix=place.writing(start, last, meant))


def _not_after_path(place: Place) -> Slip | None:
    """`category not in (…)`."""
    if place.token.kind != "NOT" or not place.after_path() or place.at(1).kind not in COMPARATORS:
        return None
    start, following = place.path_before(), place.at(1)
    path = place.text(start, place.before)
    opposite = {"=": "!=", "<": ">=", ">": "<=", "<=": ">", ">=": "<", "!=": "="}.get(following.text)
    if opposite:
        value = place.at(2).text if place.at(2).kind in _LITERALS else "…"
        remedy, fix = f"write `{path} {opposite} {value}`", place.writing(start, following, f"{path} {opposite}")
    else:
        ending = {"IN": "in (…)", "CONTAINS": "contains …", "STARTS": "starts with …"}.get(following.kind, "is …")
        remedy, fix = f"write `not {path} {ending}`", place.writing(start, place.token, f"not {path}")
    return Slip("CR101", place.token, place.token, "`not` stands before the property", remedy, fix=fix)


def _or_without_parentheses(place: Place) -> Slip | None:
    """`where a > 50 or b = "x"`: a bare `or` separates patterns."""
    start = open_where(place)
    if start is None:
        return None
    bracketed = place.before.kind == "OR" and place.token.kind in {"NOT", "LPAR", "QUOTED_NAME"}
    compared = place.token.kind in COMPARATORS | {"DOT"} and place.at(-2).kind == "OR"
    compared = compared or (place.token.kind == "NOT" and place.at(1).kind in COMPARATORS and place.at(-2).kind == "OR")
    if not (bracketed or compared) or place.before.text in EVENTS:
        return None
    opener = place.before if bracketed else place.at(-2)
    end = condition_end(place)
    whole = place.text(place.chunk[start + 1], place.chunk[end - 1])
    return Slip(
        "CR101",
        opener,
        opener,
        "a bare `or` separates event patterns, and a condition follows",
        f"put the whole condition in parentheses: `where ({whole})`",
        fix=_in_parentheses(place.chunk[start + 1], place.chunk[end - 1]),
    )


def _in_parentheses(first: Token, last: Token) -> Fix:
    opening, closing = Span(first.start, first.start), Span(last.span.end, last.span.end)
    return Fix("put the whole condition in parentheses", (Edit(opening, "("), Edit(closing, ")")), safe=False)


def open_where(place: Place) -> int | None:
    """The index of the `where` whose condition reaches up to the token, where no parenthesis is open."""
    depth = 0
    for index in range(place.stop - 1, -1, -1):
        kind = place.chunk[index].kind
        depth += (kind == "RPAR") - (kind == "LPAR")
        if kind == "WHERE":
            return index if depth == 0 else None
        if kind in CLAUSES - COMPARATORS:
            return None
    return None


def condition_end(place: Place) -> int:
    """The index at which the condition ends that goes on at the token: at a clause, or `or` and an event."""
    index = place.stop
    while index < len(place.chunk) and place.chunk[index].kind not in CLAUSES - COMPARATORS:
        following = place.chunk[index + 1] if index + 1 < len(place.chunk) else NOTHING
        if place.chunk[index].kind == "OR" and (following.text in EVENTS or following.kind == "EVENT"):
            break
        index += 1
    return index


def _operator(place: Place) -> Slip | None:
    """`≥`, `==`, `<>`, `equals`, `begins with`, `ends with`, `like`."""
    if place.before.kind == "OPERATOR" and place.token.kind == "OPERATOR" and place.glued(0):
        first, last = place.before, place.token
        if place.at(1).kind == "OPERATOR" and place.glued(1):
            last = place.at(1)
    elif place.after_path() and place.token.kind != "$END":
        first = last = place.token
        if place.at(1).kind in {"WITH", "OPERATOR"} and (place.at(1).kind == "WITH" or place.glued(1)):
            last = place.at(1)
    else:
        return None
    text = place.text(first, last)
    value = place.at(place.chunk.index(last) - place.stop + 1)
    if text in {"==", "===", "<>", "!=="} and value.text in _NULLS:
        start = place.path_before(place.chunk.index(first) - place.stop)
        path = place.text(start, place.at(place.chunk.index(first) - place.stop - 1))
        meant = f"{path} is {'missing' if text[0] == '=' else 'present'}"
        remedy, fix = f"write `{meant}`", place.writing(start, value, meant)
    elif text in _OPERATORS:
        remedy, fix = f"write `{_OPERATORS[text]}`", place.writing(first, last, _OPERATORS[text])
    elif text.lower() in {"like", "ilike", "matches", "ends with", "endswith"}:
        remedy = "`contains` looks for a part of a text, `starts with` for its beginning; neither has wildcards"
        fix = None
    else:
        return None
    code = "CR103" if first.kind == "UNEXPECTED" else "CR101"
    return Slip(code, first, last, f"there is no `{text}`", remedy, fix=fix)


def _sign_between_conditions(place: Place) -> Slip | None:
    """`&&`, `||`, `!`."""
    if place.token.kind != "UNEXPECTED":
        return None
    if place.token.text == "!" and "NOT" in place.accepted:
        fix = place.writing(place.token, place.token, "not")
        return Slip("CR103", place.token, place.token, "there is no `!`", "write `not`", fix=fix)
    last = place.at(1) if place.at(1).text == place.token.text and place.glued(1) else place.token
    text = place.text(place.token, last)
    if text not in _JOINS:
        return None
    word = _JOINS[text]
    if word.upper() not in place.accepted:
        word = "or"  # between events there is no other
    remedy = f"write `{word}`"
    fix = place.writing(place.token, last, word)
    start = open_where(place)
    if word == "or" and start is not None and place.at(2).text not in EVENTS:
        remedy += ", and put the whole condition in parentheses"
        around = _in_parentheses(place.chunk[start + 1], place.chunk[condition_end(place) - 1])
        fix = Fix(remedy, (*fix.edits, *around.edits), safe=False) if fix else None
    return Slip("CR103", place.token, last, f"there is no `{text}`", remedy, fix=fix)


def _list_without_parentheses(place: Place) -> Slip | None:
    """`in ["a", "b"]`, `in "a", "b"`."""
    if place.before.kind != "IN" or not (place.token.text in {"[", "{"} or place.token.kind in _LITERALS):
        return None
    items: list[Token] = []
    index = place.stop
    while index < len(place.chunk) and (place.chunk[index].kind in _LITERALS | {"COMMA"} or index == place.stop):
        if place.chunk[index].kind in _LITERALS:
            items.append(place.chunk[index])
        index += 1
    text = ", ".join(item.text for item in items) or "…"
    closes = {"[": "]", "{": "}"}.get(place.token.text)
    end = place.chunk[index] if closes and index < len(place.chunk) else place.chunk[index - 1]
    whole = bool(items) and (end.text == closes if closes else end in items)
    fix = place.writing(place.token, end, f"({text})") if whole else None
    code = "CR103" if place.token.kind == "UNEXPECTED" else "CR101"
    message = f"unexpected `{place.token.text}`"
    return Slip(code, place.token, place.token, message, f"values stand in parentheses: `in ({text})`", fix=fix)


def _between(place: Place) -> Slip | None:
    """`amount between 5 and 10`."""
    if place.token.text != "between" or not place.after_path():
        return None
    low, high = place.at(1), place.at(3)
    start = place.path_before()
    path = place.text(start, place.before)
    known = {low.kind, high.kind} <= _LITERALS
    values = (low.text, high.text) if known else ("…", "…")
    meant = f"{path} >= {values[0]} and {path} <= {values[1]}"
    negated = place.chunk[place.chunk.index(start) - 1].kind == "NOT"
    fix = place.writing(start, high, meant) if known and not negated and place.at(2).text in {"and", "to"} else None
    return Slip("CR101", place.token, place.token, "`between` compares no properties", f"write `{meant}`", fix=fix)


def _not_in_capitals(place: Place) -> Slip | None:
    if place.after_path() and place.before.text.lower() == "not" and place.token.kind in {"WORD", "QUOTED_NAME"}:
        fix = place.writing(place.before, place.before, "not")
        return Slip("CR101", place.before, place.before, f"unexpected `{place.before.text}`", "write `not`", fix=fix)
    return None


def _comma_between_conditions(place: Place) -> Slip | None:
    compared = place.at(2).kind in COMPARATORS | {"DOT"}
    if place.token.kind != "COMMA" or "AND" not in place.accepted or not compared:
        return None
    remedy = "conditions are joined with `and`: write `and`"
    fix = place.writing_behind(place.before, " and", place.token)
    return Slip("CR101", place.token, place.token, "unexpected `,`", remedy, fix=fix)


def _decimal_comma(place: Place) -> Slip | None:
    """`total > 20,50`."""
    apart = not (place.glued(0) and place.glued(1))
    if place.token.kind != "COMMA" or {place.before.kind, place.at(1).kind} != {"NUMBER"} or apart:
        return None
    if "COMMA" in place.accepted:
        return None
    meant = f"{place.before.text}.{place.at(1).text}"
    message = f"`{place.text(place.before, place.at(1))}` is no number"
    remedy, fix = f"decimals follow a point: write `{meant}`", place.writing(place.before, place.at(1), meant)
    return Slip("CR101", place.before, place.at(1), message, remedy, fix=fix)


CONDITION_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    _null,
    _not_after_path,
    _operator,
    _between,
    _or_without_parentheses,
    _sign_between_conditions,
    _list_without_parentheses,
    _not_in_capitals,
    _comma_between_conditions,
    _decimal_comma,
)
"""In the order in which they are looked for."""
