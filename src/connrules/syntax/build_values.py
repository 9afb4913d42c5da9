"""Tokens of the grammar to names and values. What a token cannot be, though its shape is right, is a finding."""

import re
from functools import lru_cache
from typing import Any

from connrules import ast
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Fix, Related
from connrules.duration import parse_duration, parse_instant
from connrules.syntax.fixes import writing
from connrules.syntax.scanner import Token
from connrules.text import SourceText, Span, nfc
from connrules.wallclock import find_zone, is_offset, zone_meant

DURATION_HELP = "a duration is whole numbers with the units `w d h m s ms`, largest first, e.g. `1d12h` or `90m`"
TIME_HELP = (
    "write a date (`2026-03-01`: 00:00 UTC, or in the zone of the policy) "
    "or a time with its zone (`2026-03-01T09:00:00Z`)"
)
CLOCK_HELP = "write two digits for the hour, from 00 to 23, and two for the minute: `09:00`"
WHOLE = 1_000_000
"""All users, in millionths."""

_ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
_SIMPLE_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_MOST_DIGITS = 15
_milliseconds = lru_cache(maxsize=1024)(parse_duration)  # a file has few durations, and each of them often

Children = list[Any]
"""The nodes, tokens and gaps below a production."""


class ValueBuilder:
    """Builds the values in one declaration; `findings` says what is wrong with them."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.findings: list[Diagnostic] = []

    def _report(  # noqa: PLR0913  # a finding has these parts
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str = "",  # noqa: A002  # the field's name everywhere
        fix: Fix | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        one = finding(code, self._source, span, message, label=label, help=help, fix=fix, related=related)
        self.findings.append(one)

    def _name(self, token: Token) -> ast.Name:
        quoted = token.kind == "STRING"
        return ast.Name(self._string(token) if quoted else token.text, quoted, token.span)

    def _string(self, token: Token) -> str:
        text = token.text[1:-1]
        return nfc(_ESCAPE.sub(lambda match: self._escape(match, token), text) if "\\" in text else text)

    def _escape(self, match: re.Match[str], token: Token) -> str:
        if match[2]:
            return _SIMPLE_ESCAPES[match[2]]
        number = int(match[1], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            start = token.start + 1 + match.start()
            self._report(
                "CR103",
                Span(start, start + len(match[0])),
                f"`{match[0]}` is no character",
                help="write the number of a Unicode character in hexadecimal, e.g. `\\u{1F600}`",
            )
            return ""
        return chr(number)

    def _number(self, token: Token) -> ast.Number:
        span = token.span
        if sum(char.isdigit() for char in token.text) > _MOST_DIGITS:
            self._report("CR101", span, f"the number has more than {_MOST_DIGITS} digits", help="use fewer digits")
            return ast.Number(0, span)
        return ast.Number(float(token.text) if "." in token.text else int(token.text), span)

    def _duration(self, token: Token) -> ast.Duration:
        span = token.span
        try:
            return ast.Duration(_milliseconds(token.text), token.text, span)
        except ValueError as error:
            from connrules.syntax.times_meant import duration_in_order  # noqa: PLC0415  # takes long to load

            remedy, fix = DURATION_HELP, None
            meant = duration_in_order(token.text)
            if meant is not None:
                remedy, fix = f"the largest unit stands first: write `{meant}`", writing(self._source, span, meant)
            self._report("CR105", span, f"invalid duration `{token.text}`: {error}", help=remedy, fix=fix)
            return ast.Duration(0, token.text, span)

    def _instant(self, token: Token) -> ast.Instant:
        span = token.span
        try:
            return ast.Instant(parse_instant(token.text), "T" not in token.text, token.text, span)
        except ValueError as error:
            self._report("CR113", span, str(error), help=TIME_HELP)
            return ast.Instant(0, False, token.text, span)  # noqa: FBT003  # no instant at all

    def _clock(self, token: Token, midnight: str = "`00:00`") -> ast.Clock:
        """A time of the day; `midnight` is how to say the end of the day here."""
        span = token.span
        hour, minute = map(int, token.text.split(":"))
        if len(token.text) == 5 and hour < 24 and minute < 60:
            return ast.Clock(hour * 60 + minute, span)
        remedy, meant = CLOCK_HELP, None
        if hour == 24 and minute == 0:
            remedy = f"a day ends where the next begins: write {midnight}"
            meant = "00:00" if midnight == "`00:00`" else None
        elif len(token.text) < 5 and minute < 60:
            meant = f"{hour:02}:{minute:02}"
            remedy = f"write `{meant}`"
        fix = writing(self._source, span, meant) if meant else None
        self._report("CR113", span, f"`{token.text}` is no time of the day", help=remedy, fix=fix)
        return ast.Clock(0, span)

    def _zone(self, token: Token, instead_of_local: str) -> str:
        """The name of a zone; `instead_of_local` is what to do about `"local"`, which is no name."""
        name = self._string(token)
        if find_zone(name) is None:
            local, span = name.strip().lower() == "local", token.span
            remedy, near = instead_of_local if local else _zone_help(name), None if local else zone_meant(name)
            fix = writing(self._source, span, f'"{near}"') if near and not is_offset(name) else None
            self._report("CR113", span, f"there is no time zone `{name}`", help=remedy, fix=fix)
        return name

    def _percentage(self, number: Token, sign: Token) -> ast.Share:
        from decimal import Decimal  # noqa: PLC0415  # takes long to load, and few files have shares

        span = number.span.to(sign.span)
        share = Decimal(number.text) * (WHOLE // 100)
        if not 0 < share <= WHOLE or share != int(share):
            self._report(
                "CR315",
                span,
                f"`{number.text}%` is no share of the users",
                label="a share is more than 0% and at most 100%, with at most four decimals",
                help="e.g. `10%` or `12.5%`",
            )
            share = Decimal(WHOLE)
        return ast.Share(int(share), number.text, span)

    def _moment(self, token: Token | None) -> Any:
        match token:
            case None:
                return None
            case Token(kind="DURATION"):
                return self._duration(token)
            case Token(kind="TIME"):
                return self._instant(token)
            case _:
                return self._variable(token)

    def _variable(self, token: Token) -> ast.Variable:
        return ast.Variable(token.text, token.span)

    def _equals(self, sign: Token, example: str) -> None:
        if sign.text != "=":
            span = sign.span
            fix = writing(self._source, span, "=")
            self._report(
                "CR101", span, f"unexpected `{sign.text}`", label="expected `=`", help=f"e.g. `{example}`", fix=fix
            )


def _zone_help(name: str) -> str:
    if is_offset(name):
        return 'an offset changes with the season: name a region, such as `"Europe/Paris"`'
    near = zone_meant(name)
    return f'did you mean `"{near}"`?' if near else 'zones have names such as `"Europe/Paris"` or `"UTC"`'
