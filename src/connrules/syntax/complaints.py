"""The words for what is wrong with a token, a chunk's end or its nesting, and what the token was probably meant to be.

`accepted` is always the set of kinds that the parser could go on with at that place.
"""

from connrules import ast
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Edit, Fix, Related
from connrules.syntax.build_values import CLOCK_HELP, DURATION_HELP
from connrules.syntax.fixes import deleting, writing
from connrules.syntax.place import CLAUSES, NOTHING, Place
from connrules.syntax.scanner import MALFORMED, Token
from connrules.syntax.schedule_slips import delay_with_clock
from connrules.syntax.slips import slip
from connrules.syntax.tables import tables
from connrules.syntax.time_complaints import about_duration, about_time, last_of
from connrules.syntax.times_meant import duration_meant
from connrules.text import SourceText, Span, closest

_IN_WORDS = {
    "STRING": "a name in quotes",
    "WORD": "a name",
    "DURATION": "a duration such as `1d`",
    "TIME": "a time such as `2026-03-01`",
    "CLOCK": "a time of the day such as `09:00`",
    "NUMBER": "a number",
    "OPERATOR": "one of `= != < <= > >=`",
    "QUOTED_NAME": "a property",
}
_TOGETHER = (
    (frozenset({"SEND", "AFTER"}), "a clause (`after`, `unless`, `send` …)"),
    (frozenset({"RULE", "POLICY"}), "a declaration (`rule`, `on`, `segment`, `policy`, `test`)"),
    (frozenset({"LIMIT", "QUIET"}), "a clause of the policy (`limit`, `time zone`, `quiet`)"),
    (frozenset({"EXPECT", "EACH"}), "a step (`at`, `user`, `expect` …)"),
    (frozenset({"SENT", "IGNORED"}), "what becomes of a trigger (`sent`, `cancelled`, `nothing` …)"),
    (frozenset({"USER", "LPAR"}), 'a condition on the user such as `user.country = "FR"`'),
)
"""What kinds that are accepted together are called, so that not all of them need be named."""
_DIGITS = frozenset({"NUMBER", "BAD_NUMBER", "DURATION", "TIME", "CLOCK"})


def mended(token: Token, accepted: set[str]) -> Token | None:
    """The token that was probably meant, so that the rest of the rule can still be read; None: no idea."""
    match token.kind:
        case "UNTERMINATED" | "BAD_ESCAPE" | "TYPOGRAPHIC" if "STRING" in accepted:
            return Token("STRING", '"?"', token.start)
        case "STRING" | "TYPOGRAPHIC" | "WORD" | "NUMBER" | "BAD_NUMBER" | "DURATION" | "TIME" | "CLOCK":
            if "CLOCK" in accepted and token.kind in _DIGITS:
                return Token("CLOCK", "09:00", token.start)
            if "DURATION" in accepted and token.kind in _DIGITS:
                return Token("DURATION", "1d", token.start)
            if "TIME" in accepted and "STRING" not in accepted and token.kind != "WORD":
                return Token("TIME", "2000-01-01", token.start)
    return None


def about_token(source: SourceText, chunk: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    """What is wrong with a token that does not fit."""
    token = chunk[index]
    place = Place(source, chunk, index, accepted)
    if accepted == {"PER"} and (window := duration_meant(source.text[token.start :].partition("\n")[0])):
        fix = place.writing(token, last_of(place, window), f"per {window}")
        return _unexpected(source, token, "expected `per`", f"write `per {window}`", fix)
    if accepted == {"DURATION"} and (found := delay_with_clock(place)) is not None:
        return found.finding(source)
    unlike_any = token.kind in MALFORMED - {"BAD_NUMBER"} and duration_meant(token.text.strip('"“”')) is None
    if accepted == {"DURATION"} and not unlike_any:
        return about_duration(place)
    if {"DURATION", "TIME"} <= accepted and "STRING" not in accepted and token.kind in {"NUMBER", "BAD_NUMBER"}:
        return about_duration(place)
    if (found := slip(place)) is not None:
        return found.finding(source)
    if accepted == {"CLOCK"} and token.kind in _DIGITS | {"STRING"}:
        return finding("CR113", source, token.span, f"`{token.text}` is no time of the day", help=CLOCK_HELP)
    malformed = _about_malformed(source, token, accepted)
    if malformed is not None:
        return malformed
    if "TIME" in accepted and "STRING" not in accepted and token.kind in _DIGITS | {"STRING"}:
        return about_time(source, token)
    return _about_unexpected(source, chunk, index, accepted)


def about_end(source: SourceText, chunk: list[Token], accepted: set[str]) -> Diagnostic:
    """What is missing where a declaration ends too early."""
    last = chunk[-1]
    found = slip(Place(source, chunk, len(chunk), accepted))
    if found is not None:
        return found.finding(source)
    title = _title(chunk)
    if "ON" in accepted and chunk[0].kind == "RULE" and any(token.kind == "COLON" for token in chunk):
        message, remedy = f"{title} has no `on`", 'say what triggers it, e.g. `on received_push of "Abandoned Cart"`'
    else:
        message, remedy = f"{title} ends too early", f"{_expected(accepted, last)} belongs here"
    return finding("CR104", source, Span(last.span.end, last.span.end), message, label="it ends here", help=remedy)


def _title(chunk: list[Token]) -> str:
    """What to call the declaration of a chunk."""
    match [token.kind for token in chunk[:2]]:
        case ["RULE" | "SEGMENT", "COLON"]:
            return f"this {chunk[0].text}"
        case ["RULE" | "SEGMENT", _]:
            return f"the {chunk[0].text} `{chunk[1].text}`"
        case ["TEST", "STRING"]:
            return f"the test {chunk[1].text}"
        case ["POLICY", *_]:
            return "the policy"
        case ["SEGMENT" | "TEST", *_]:
            return f"this {chunk[0].text}"
        case _:
            return "this rule"


def about_trigger_in_test(source: SourceText, other: list[Token]) -> Diagnostic:
    """`on purchase` as a step of a test."""
    event = other[1].text if len(other) > 1 else "purchase"
    custom = "event " if event.startswith('"') else ""
    remedy = f"a step says with `at` when something happens: write `at 0s {custom}{event}`"
    return finding("CR101", source, other[0].span, "unexpected `on`", help=remedy)


def about_second_trigger(source: SourceText, chunk: list[Token], other: list[Token]) -> Diagnostic:
    """A rule without `send`, and inside of it another `on`."""
    if is_weekday(other):
        remedy = f"write `next {other[1].text.lower()} at 09:00`, or another time of the day"
        return finding("CR101", source, other[0].span.to(other[1].span), "unexpected `on`", help=remedy)
    pairs = zip([NOTHING, *chunk], chunk, strict=False)
    first = next(token for before, token in pairs if token.kind == "ON" and before.kind != "CONVERT")
    title = _title(chunk)
    label = f"the first one is on line {source.position(first.start).line}"
    remedy = "join the triggers with `or` in one `on`"
    related = (Related(source, first.span, "the first one"),)
    message = f"{title} has a second `on`"
    return finding("CR107", source, other[0].span, message, label=label, help=remedy, related=related)


def is_weekday(chunk: list[Token]) -> bool:
    """Whether a chunk that looks like a rule is a schedule: `on monday at 09:00`."""
    return len(chunk) > 1 and chunk[0].kind == "ON" and chunk[1].text.lower() in ast.WEEKDAYS


def about_nesting(source: SourceText, chunk: list[Token], deepest: int) -> Diagnostic:
    """A condition nested too deep to be meant."""
    place = next(token for token in chunk if token.kind in {"LPAR", "NOT"})
    message = f"conditions nest more than {deepest} deep here"
    return finding("CR101", source, place.span, message, help="name fewer things at once, or split the rule")


def _about_malformed(source: SourceText, token: Token, accepted: set[str]) -> Diagnostic | None:
    match token.kind:
        case "UNTERMINATED":
            return _about_unterminated(source, token)
        case "BAD_ESCAPE":
            return _about_escape(source, token)
        case "TYPOGRAPHIC":
            return finding(
                "CR103",
                source,
                token.span,
                f"`{token.text[0]}` and `{token.text[-1]}` do not quote a name",
                label="text stands in straight double quotes",
                help=f'write "{token.text[1:-1]}"',
                fix=_in_quotes(source, token, token.text[1:-1]),
            )
        case "BAD_NUMBER" if "TIME" in accepted and "NUMBER" not in accepted:
            return about_time(source, token)
        case "BAD_NUMBER":
            return finding(
                "CR101",
                source,
                token.span,
                f"`{token.text}` is no number, duration or time",
                help=f'write a number out in full, put text in quotes: "{token.text}"',
            )
        case "BAD_WORD" | "UNEXPECTED":
            return _about_character(source, token, accepted)
    return None


def _about_unterminated(source: SourceText, token: Token) -> Diagnostic:
    quote, fix = token.text[0], None
    remedy = f"add a `{quote}` at the end; it never goes past the end of a line"
    typographic = [place for place, char in enumerate(token.text) if char in "“”„"]
    if typographic:
        remedy = 'the closing quote is a typographic one; write a straight `"`'
    if len(typographic) == 1 and quote == '"':
        at = Span(token.start + typographic[0], token.start + typographic[0] + 1)
        fix = Fix('write a straight `"`', (Edit(at, '"'),), safe=False)
    message = f"the {'property name' if quote == '`' else 'string'} is not closed"
    label = "it starts here and the line ends"
    return finding("CR102", source, token.span, message, label=label, help=remedy, fix=fix)


def _about_escape(source: SourceText, token: Token) -> Diagnostic:
    place = _first_bad_escape(token.text)
    span = Span(token.start + place, token.start + place + 2)
    message = f"`{token.text[place : place + 2]}` is no escape"
    return finding("CR103", source, span, message, help='the escapes are `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{1F600}`')


def _first_bad_escape(text: str) -> int:
    place = 0
    while place < len(text):
        if text[place] == "\\":
            if text[place + 1] not in '"\\nt':
                return place
            place += 1
        place += 1
    return 0


def _about_character(source: SourceText, token: Token, accepted: set[str]) -> Diagnostic:
    char = next((c for c in token.text if not (c.isascii() and (c.isalnum() or c == "_"))), token.text[0])
    if token.kind == "BAD_WORD":
        message, fix = f"`{token.text}` has a letter that a bare word cannot have: `{char}`", None
        if "STRING" in accepted:
            fix = _in_quotes(source, token, token.text)
        return finding("CR103", source, token.span, message, help=f'put names in quotes: "{token.text}"', fix=fix)
    within_word = source.text[token.start - 1 : token.span.end + 1].strip() if token.start else ""
    fix = writing(source, token.span, "", title="delete it") if len(within_word) == 3 else deleting(source, token.span)
    message = f"the character `{char}` means nothing here"
    return finding("CR103", source, token.span, message, help="delete it", fix=fix)


def _in_quotes(source: SourceText, token: Token, text: str) -> Fix | None:
    """A text in straight quotes; one with a backslash would have to be looked at."""
    return None if "\\" in text else writing(source, token.span, f'"{text}"', title=f'write "{text}"')


def _unexpected(source: SourceText, token: Token, label: str, remedy: str, fix: Fix | None = None) -> Diagnostic:
    return finding("CR101", source, token.span, f"unexpected `{token.text}`", label=label, help=remedy, fix=fix)


def _about_unexpected(source: SourceText, chunk: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    token, place, fix = chunk[index], Place(source, chunk, index, accepted), None
    before = chunk[index - 1] if index else None
    label = f"expected {_expected(accepted, before)}"
    if token.kind == "WORD" and (near := _near_keyword(token.text, accepted)):
        remedy, fix = f"did you mean `{near}`?", place.writing(token, token, near)
    elif before is not None and before.text == token.text:
        remedy, fix = f"delete one of the two `{token.text}`", place.deleting(token, token)
    elif before is not None and before.kind == "DURATION" and token.kind in _DIGITS:
        meant = duration_meant(source.text[before.start :].partition("\n")[0])
        remedy = f"a duration is one word: `{meant}`" if meant else DURATION_HELP
        fix = place.writing(before, last_of(place, meant, -1), meant) if meant else None
    elif token.kind == "WORD" and "STRING" in accepted and "WORD" not in accepted:
        remedy, fix = f'text stands in quotes: "{token.text}"', _in_quotes(source, token, token.text)
    elif before is not None and before.kind in {"ON", "UNLESS"} and token.kind in CLAUSES:
        remedy = f"name an event, e.g. `purchase`, before `{token.text}`"
    elif "WORD" in accepted and token.text.isidentifier():
        remedy = f"`{token.text}` is a reserved word; {_another_way(token.text, accepted)}"
    else:
        remedy, fix = _what_to_do(place)
    return _unexpected(source, token, label, remedy, fix)


def _what_to_do(place: Place) -> tuple[str, Fix | None]:
    token, accepted = place.token, place.accepted
    if "RULE" in accepted:
        return "a rule begins with `rule NAME:` or with `on`; delete what stands before that", None
    if accepted == {"COLON"}:
        what = "`policy`" if place.declaration == "POLICY" else f"the name of a {place.chunk[0].text}"
        return f"{what} is followed by `:`", place.writing_behind(place.before, ":")
    choices = [text for text, kind in tables().fixed.items() if kind in accepted and text.isidentifier()]
    if len(choices) == len(accepted) == 1 and token.kind == "OPERATOR":
        return f"write `{choices[0]}`", place.writing(token, token, choices[0])
    if len(choices) == len(accepted) == 1 and place.before.text:
        meant = f"{place.before.text} {choices[0]} {token.text}"
        return f"write `{meant}`", place.writing(place.before, token, meant)
    if len(choices) == len(accepted) == 2:
        return f"write `{choices[0]}` or `{choices[1]}`", None
    if token.kind in CLAUSES:
        return f"write what is expected before `{token.text}`", None
    return "write what is expected in its place", None


def _another_way(word: str, accepted: set[str]) -> str:
    """How to write a name that is a reserved word."""
    if "STRING" in accepted:
        return f'put it in quotes if it is a name: "{word}"'
    if "QUOTED_NAME" in accepted:
        return f"put it in backticks if it is a property: `{word}`"
    return "an event is expected here, e.g. `purchase`"


def _near_keyword(text: str, accepted: set[str]) -> str | None:
    words = [word for word, kind in tables().fixed.items() if kind in accepted and word.isidentifier()]
    glued = next((w for w in sorted(words, key=len, reverse=True) if text.startswith(w) and text != w), None)
    near = closest(text, words)
    return near or (f"{glued} {text.removeprefix(glued)}" if glued else None)


def _expected(accepted: set[str], before: Token | None) -> str:
    """What could stand here, in words; soft keywords are named only where nothing else could stand."""
    texts = {kind: text for text, kind in tables().fixed.items()}
    if before is not None and before.kind == "EVENT" and "STRING" in accepted:
        return "the name of a custom event in quotes"
    together = next((words for kinds, words in _TOGETHER if kinds <= accepted), None)
    if together is not None and "WORD" not in accepted:
        return together
    if before is not None and before.kind in {"ON", "UNLESS"}:
        return "an event such as `purchase`"
    soft = accepted & {"WORD"} != set()
    words = [_IN_WORDS[kind] for kind in _IN_WORDS if kind in accepted]
    fixed = sorted(
        f"`{texts[kind]}`" for kind in accepted if kind in texts and not (soft and texts[kind].isidentifier())
    )
    everything = words + fixed
    if not everything:
        return "the end"
    return everything[0] if len(everything) == 1 else f"{', '.join(everything[:-1])} or {everything[-1]}"
