"""Slips in conditions: what people write who know SQL, Python or English, and how conn compares properties."""

from collections.abc import Callable

from connrules.syntax.names_meant import EVENTS
from connrules.syntax.place import CLAUSES, COMPARATORS, NOTHING, Place, Slip
from connrules.syntax.scanner import Token

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
    message = f"there is no `{place.token.text}` to compare with"
    return Slip("CR101", place.token, place.token, message, f"write `{path} is {form}`")


def _after_is(place: Place) -> Slip | None:
    path = place.text(place.path_before(-1), place.at(-2))
    negated = place.token.kind == "NOT"
    value = place.at(1) if negated else place.token
    last = value if negated else place.token
    if value.text in _NULLS or value.kind in {"MISSING", "PRESENT"}:
        missing = (value.kind != "PRESENT") != negated
        form = f"is {'missing' if missing else 'present'}"
    elif value.kind in COMPARATORS:
        remedy = f"write `{'not ' if negated else ''}{path} {value.text}` without `is`"
        return Slip("CR101", place.before, last, f"`{place.text(place.before, last)}` is not how conn says it", remedy)
    elif value.kind in _LITERALS:
        form = f"{'!=' if negated else '='} {value.text}"
    else:
        return None
    text = place.text(place.before, last)
    return Slip("CR101", place.before, last, f"`{text}` is not how conn says it", f"write `{path} {form}`")


def _not_after_path(place: Place) -> Slip | None:
    """`category not in (…)`."""
    if place.token.kind != "NOT" or not place.after_path() or place.at(1).kind not in COMPARATORS:
        return None
    path = place.text(place.path_before(), place.before)
    following = place.at(1)
    opposite = {"=": "!=", "<": ">=", ">": "<=", "<=": ">", ">=": "<", "!=": "="}.get(following.text)
    if opposite:
        value = place.at(2).text if place.at(2).kind in _LITERALS else "…"
        remedy = f"write `{path} {opposite} {value}`"
    else:
        ending = {"IN": "in (…)", "CONTAINS": "contains …", "STARTS": "starts with …"}.get(following.kind, "is …")
        remedy = f"write `not {path} {ending}`"
    return Slip("CR101", place.token, place.token, "`not` stands before the property", remedy)


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
    )


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
        remedy = f"write `{path} is {'missing' if text[0] == '=' else 'present'}`"
    elif text in _OPERATORS:
        remedy = f"write `{_OPERATORS[text]}`"
    elif text.lower() in {"like", "ilike", "matches", "ends with", "endswith"}:
        remedy = "`contains` looks for a part of a text, `starts with` for its beginning; neither has wildcards"
    else:
        return None
    code = "CR103" if first.kind == "UNEXPECTED" else "CR101"
    return Slip(code, first, last, f"there is no `{text}`", remedy)


def _sign_between_conditions(place: Place) -> Slip | None:
    """`&&`, `||`, `!`."""
    if place.token.kind != "UNEXPECTED":
        return None
    if place.token.text == "!" and "NOT" in place.accepted:
        return Slip("CR103", place.token, place.token, "there is no `!`", "write `not`")
    last = place.at(1) if place.at(1).text == place.token.text and place.glued(1) else place.token
    text = place.text(place.token, last)
    if text not in _JOINS:
        return None
    word = _JOINS[text]
    if word.upper() not in place.accepted:
        word = "or"  # between events there is no other
    remedy = f"write `{word}`"
    if word == "or" and open_where(place) is not None and place.at(2).text not in EVENTS:
        remedy += ", and put the whole condition in parentheses"
    return Slip("CR103", place.token, last, f"there is no `{text}`", remedy)


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
    code = "CR103" if place.token.kind == "UNEXPECTED" else "CR101"
    message = f"unexpected `{place.token.text}`"
    return Slip(code, place.token, place.token, message, f"values stand in parentheses: `in ({text})`")


def _between(place: Place) -> Slip | None:
    """`amount between 5 and 10`."""
    if place.token.text != "between" or not place.after_path():
        return None
    low, high = place.at(1), place.at(3)
    path = place.text(place.path_before(), place.before)
    values = (low.text, high.text) if {low.kind, high.kind} <= _LITERALS else ("…", "…")
    remedy = f"write `{path} >= {values[0]} and {path} <= {values[1]}`"
    return Slip("CR101", place.token, place.token, "`between` compares no properties", remedy)


def _not_in_capitals(place: Place) -> Slip | None:
    if place.after_path() and place.before.text.lower() == "not" and place.token.kind in {"WORD", "QUOTED_NAME"}:
        return Slip("CR101", place.before, place.before, f"unexpected `{place.before.text}`", "write `not`")
    return None


def _comma_between_conditions(place: Place) -> Slip | None:
    compared = place.at(2).kind in COMPARATORS | {"DOT"}
    if place.token.kind != "COMMA" or "AND" not in place.accepted or not compared:
        return None
    return Slip("CR101", place.token, place.token, "unexpected `,`", "conditions are joined with `and`: write `and`")


def _decimal_comma(place: Place) -> Slip | None:
    """`total > 20,50`."""
    apart = not (place.glued(0) and place.glued(1))
    if place.token.kind != "COMMA" or {place.before.kind, place.at(1).kind} != {"NUMBER"} or apart:
        return None
    if "COMMA" in place.accepted:
        return None
    meant = f"{place.before.text}.{place.at(1).text}"
    message = f"`{place.text(place.before, place.at(1))}` is no number"
    return Slip("CR101", place.before, place.at(1), message, f"decimals follow a point: write `{meant}`")


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
