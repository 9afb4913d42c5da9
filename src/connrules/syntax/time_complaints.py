"""The words for what is wrong where a duration or a time is expected."""

from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.build_values import DURATION_HELP, TIME_HELP
from connrules.syntax.names_meant import EVENTS
from connrules.syntax.place import CLAUSES, NOTHING, Place
from connrules.syntax.scanner import Token
from connrules.syntax.times_meant import duration_meant, with_units
from connrules.text import SourceText

_EXPECTED = "a duration is expected here"
_LONGEST = 8
"""How many tokens a duration in other words may have."""


def about_duration(place: Place) -> Diagnostic:
    """What is wrong with a token where a duration is expected."""
    token, source = place.token, place.source
    if token.kind in CLAUSES:
        remedy = f"write one, e.g. `{place.before.text} 1d`"
        return finding("CR101", source, token.span, f"unexpected `{token.text}`", label=_EXPECTED, help=remedy)
    line = source.text[token.start :].partition("\n")[0]
    meant = duration_meant(line.lstrip('"“')) or duration_meant(line.lstrip('"“').partition(" ")[0])
    last = last_of(place, meant) if meant else token
    fix = place.writing(token, last, meant) if meant and not _goes_on(place, last) else None
    units = _with_units(place)
    message = f"`{place.text(token, last)}` is not a duration"
    if meant is not None:
        whole = "." not in token.text and place.at(1).kind != "COMMA"
        law = "a duration is one word without quotes" if whole else "durations take whole numbers"
        remedy = f"{law}: write `{meant}`"
    elif token.text == "0" and place.declaration == "TEST":
        message, remedy, fix = "`0` has no unit", "write `0s`", place.writing(token, token, "0s")
    elif units:
        message = f"`{token.text}` has no unit"
        remedy = f"write {', '.join(f'`{unit}`' for unit in units[:-1])} or `{units[-1]}`"
    else:
        remedy = DURATION_HELP
    return finding("CR105", source, token.span.to(last.span), message, label=_EXPECTED, help=remedy, fix=fix)


def _goes_on(place: Place, last: Token) -> bool:
    """Whether more numbers follow, so that it is not all of what was meant."""
    index = place.chunk.index(last)
    return [token.kind for token in place.chunk[index + 1 : index + 3]] == ["COMMA", "NUMBER"]


def last_of(place: Place, meant: str, first: int = 0) -> Token:
    """The last of the tokens that say what was meant, from the one so many places on: `days` in `7 days`."""
    for offset in range(first, first + _LONGEST):
        last = place.at(offset)
        if last is NOTHING:
            break
        if duration_meant(place.text(place.at(first), last).lstrip('"“')) == meant:
            return last
    return place.at(first)


def _with_units(place: Place) -> list[str]:
    """The number that is no duration, with each unit that it may have; none where a word follows."""
    number, following = place.token, place.at(1)
    word = following.kind == "WORD" and following.text not in EVENTS and place.same_line(number, following)
    return with_units(number.text) if number.text.isdigit() and not word else []


def about_time(source: SourceText, token: Token) -> Diagnostic:
    """What is wrong with a token where a time is expected."""
    message = f"`{token.text}` is not a time"
    remedy = "times stand without quotes" if token.kind == "STRING" else TIME_HELP
    return finding("CR113", source, token.span, message, label="a time is expected here", help=remedy)
