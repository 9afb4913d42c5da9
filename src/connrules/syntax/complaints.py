"""The words for what is wrong with a token, a chunk's end or its nesting, and what the token was probably meant to be.

`accepted` is always the set of kinds that the parser could go on with at that place.
"""

from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.builder import DURATION_HELP, TIME_HELP
from connrules.syntax.grammar import fixed_tokens
from connrules.syntax.scanner import Token
from connrules.text import SourceText, Span, closest

_IN_WORDS = {
    "STRING": "a name in quotes",
    "WORD": "a name",
    "DURATION": "a duration such as `1d`",
    "TIME": "a time such as `2026-03-01`",
    "NUMBER": "a number",
    "OPERATOR": "one of `= != < <= > >=`",
    "QUOTED_NAME": "a property",
    "$END": "the end of the rule",
}
_DIGITS = frozenset({"NUMBER", "BAD_NUMBER", "DURATION", "TIME"})


def mended(token: Token, accepted: set[str]) -> Token | None:
    """The token that was probably meant, so that the rest of the rule can still be read; None: no idea."""
    match token.kind:
        case "UNTERMINATED" | "BAD_ESCAPE" | "TYPOGRAPHIC" if "STRING" in accepted:
            return Token("STRING", '"?"', token.start)
        case "STRING" | "TYPOGRAPHIC" | "WORD" | "NUMBER" | "BAD_NUMBER" | "DURATION" | "TIME":
            if "DURATION" in accepted and token.kind in _DIGITS:
                return Token("DURATION", "1d", token.start)
            if "TIME" in accepted and "STRING" not in accepted and token.kind != "WORD":
                return Token("TIME", "2000-01-01", token.start)
    return None


def about_token(source: SourceText, chunk: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    """What is wrong with a token that does not fit."""
    token = chunk[index]
    malformed = _about_malformed(source, token, accepted)
    if malformed is not None:
        return malformed
    if token.kind.startswith("RESERVED_"):
        return _about_reserved(source, token, accepted)
    if "DURATION" in accepted and token.kind in _DIGITS:
        return _about_duration(source, token)
    if "TIME" in accepted and "STRING" not in accepted and token.kind in _DIGITS | {"STRING"}:
        return _about_time(source, token)
    return _about_unexpected(source, chunk, index, accepted)


def about_end(source: SourceText, chunk: list[Token], accepted: set[str]) -> Diagnostic:
    """What is missing where a declaration ends too early."""
    first, last = chunk[0], chunk[-1]
    title = f"the rule `{chunk[1].text}`" if first.kind == "RULE" and len(chunk) > 1 else "this rule"
    if "ON" in accepted and any(token.kind == "COLON" for token in chunk):
        message, remedy = f"{title} has no `on`", 'say what triggers it, e.g. `on received_push of "Abandoned Cart"`'
    else:
        message, remedy = f"{title} ends too early", f"{_expected(accepted, last)} belongs here"
    return finding("CR104", source, Span(last.span.end, last.span.end), message, label="it ends here", help=remedy)


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
            )
        case "BAD_NUMBER" if "DURATION" in accepted:
            return _about_duration(source, token)
        case "BAD_NUMBER" if "TIME" in accepted and "NUMBER" not in accepted:
            return _about_time(source, token)
        case "BAD_NUMBER":
            return finding(
                "CR101",
                source,
                token.span,
                f"`{token.text}` is no number, duration or time",
                help=f'write a number out in full, put text in quotes: "{token.text}"',
            )
        case "BAD_WORD" | "UNEXPECTED":
            return _about_character(source, token)
    return None


def _about_unterminated(source: SourceText, token: Token) -> Diagnostic:
    quote = token.text[0]
    remedy = f"add a `{quote}` at the end; it never goes past the end of a line"
    if any(char in token.text for char in "“”„"):
        remedy = 'the closing quote is a typographic one; write a straight `"`'
    what = "string" if quote == '"' else "property name"
    return finding(
        "CR102", source, token.span, f"the {what} is not closed", label="it starts here and the line ends", help=remedy
    )


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


def _about_character(source: SourceText, token: Token) -> Diagnostic:
    char = next((c for c in token.text if not (c.isascii() and (c.isalnum() or c == "_"))), token.text[0])
    if token.kind == "BAD_WORD":
        message = f"`{token.text}` has a letter that a bare word cannot have: `{char}`"
        return finding("CR103", source, token.span, message, help=f'put names in quotes: "{token.text}"')
    return finding("CR103", source, token.span, f"the character `{char}` means nothing here", help="delete it")


def _about_reserved(source: SourceText, token: Token, accepted: set[str]) -> Diagnostic:
    if "WORD" in accepted:
        message = f"`{token.text}` is a reserved word"
        return finding("CR101", source, token.span, message, help="choose another name, or put it in quotes")
    return _about_later(source, token)


def _about_later(source: SourceText, token: Token) -> Diagnostic:
    message = f"`{token.text}` is part of the language, but not yet of this version of connrules"
    return finding("CR101", source, token.span, message, help="leave it out, or use a newer version")


def _about_duration(source: SourceText, token: Token) -> Diagnostic:
    if token.text.isdigit():
        message, remedy = f"`{token.text}` has no unit", f"write `{token.text}m`, `{token.text}h` or `{token.text}d`"
    else:
        message, remedy = f"`{token.text}` is not a duration", DURATION_HELP
        if "." in token.text:
            remedy = (
                "durations take whole numbers: write `1d12h` for one and a half days, `90m` for one and a half hours"
            )
    return finding("CR105", source, token.span, message, label="a duration is expected here", help=remedy)


def _about_time(source: SourceText, token: Token) -> Diagnostic:
    message = f"`{token.text}` is not a time"
    remedy = "times stand without quotes" if token.kind == "STRING" else TIME_HELP
    return finding("CR113", source, token.span, message, label="a time is expected here", help=remedy)


def _about_unexpected(source: SourceText, chunk: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    token = chunk[index]
    before = chunk[index - 1] if index else None
    label = f"expected {_expected(accepted, before)}"
    if _is_outcome_pattern(chunk, index):
        assert before is not None  # the outcome's word
        return _about_later(source, before)
    if token.kind == "WORD" and (near := _near_keyword(token.text, accepted)):
        remedy = f"did you mean `{near}`?"
    elif before is not None and before.text == token.text:
        remedy = f"delete one of the two `{token.text}`"
    elif before is not None and before.kind == token.kind == "DURATION":
        remedy = f"a duration is one word: `{before.text}{token.text}`"
    elif before is not None and before.kind == token.kind == "WORD":
        remedy = f'a name of several words stands in quotes: "{before.text} {token.text}"'
    elif token.kind == "WORD" and "STRING" in accepted and "WORD" not in accepted:
        remedy = f'text stands in quotes: "{token.text}"'
    elif "WORD" in accepted and token.text.isidentifier():
        remedy = f"`{token.text}` is a reserved word; {_another_way(token.text, accepted)}"
    else:
        remedy = _what_to_do(accepted)
    return finding("CR101", source, token.span, f"unexpected `{token.text}`", label=label, help=remedy)


def _what_to_do(accepted: set[str]) -> str:
    if "RULE" in accepted:
        return "a rule begins with `rule NAME:` or with `on`; delete what stands before that"
    if accepted == {"COLON"}:
        return "the name of a rule is followed by `:`"
    return "delete it, or write what is expected in its place"


def _is_outcome_pattern(chunk: list[Token], index: int) -> bool:
    """Whether the token is the rule's name in `sent RULE` or `cancelled RULE`."""
    opening = index >= 2 and chunk[index - 2].kind in {"ON", "OR", "UNLESS"}
    return opening and chunk[index].kind == "WORD" and chunk[index - 1].text in {"sent", "cancelled"}


def _another_way(word: str, accepted: set[str]) -> str:
    """How to write a name that is a reserved word."""
    if "STRING" in accepted:
        return f'put it in quotes if it is a name: "{word}"'
    if "QUOTED_NAME" in accepted:
        return f"put it in backticks if it is a property: `{word}`"
    return "choose another name"


def _near_keyword(text: str, accepted: set[str]) -> str | None:
    words = [word for word, kind in fixed_tokens().items() if kind in accepted and word.isidentifier()]
    glued = next((w for w in sorted(words, key=len, reverse=True) if text.startswith(w) and text != w), None)
    near = closest(text, words)
    return near or (f"{glued} {text.removeprefix(glued)}" if glued else None)


def _expected(accepted: set[str], before: Token | None) -> str:
    """What could stand here, in words; soft keywords are named only where nothing else could stand."""
    texts = {kind: text for text, kind in fixed_tokens().items()}
    if before is not None and before.kind == "EVENT" and "STRING" in accepted:
        return "the name of a custom event in quotes"
    if {"SEND", "AFTER"} <= accepted:
        return "a clause (`after`, `unless`, `send` …)"
    if before is not None and before.kind in {"ON", "UNLESS"}:
        return "an event such as `purchase`"
    soft = accepted & {"WORD"} != set()
    words = [_IN_WORDS[kind] for kind in _IN_WORDS if kind in accepted and kind != "$END"]
    fixed = sorted(
        f"`{texts[kind]}`" for kind in accepted if kind in texts and not (soft and texts[kind].isidentifier())
    )
    everything = words + fixed
    if not everything:
        return "the end of the rule"
    return everything[0] if len(everything) == 1 else f"{', '.join(everything[:-1])} or {everything[-1]}"
