"""Lark's parse tree of one declaration to AST nodes. What a token cannot be, though its shape is right, is a finding.

One method per production, named after it; the dispatch is by name. A builder serves one declaration.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast

from lark import Token, Tree

from connrules import ast
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import LONGEST, MS_PER_UNIT, parse_duration, parse_instant
from connrules.text import SourceText, Span, closest
from connrules.wallclock import find_zone, zone_meant

_ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
_SIMPLE_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_MOST_DIGITS = 15
_SLOTS: dict[type[ast.Clause | ast.PolicyClause], str] = {
    ast.On: "on",
    ast.If: "if_",
    ast.After: "delay",
    ast.InDays: "delay",
    ast.NextWeekday: "delay",
    ast.Unless: "unless",
    ast.Per: "per",
    ast.StillIf: "still_if",
    ast.Between: "between",
    ast.From: "from_",
    ast.Until: "until",
    ast.Once: "eligibility",
    ast.AtMost: "eligibility",
    ast.HoldOut: "hold_out",
    ast.Convert: "convert",
    ast.Send: "send",
    ast.SendOneOf: "send",
    ast.TimeZone: "time_zone",
    ast.Quiet: "quiet",
}
_MOST_DAYS = LONGEST // MS_PER_UNIT["d"]
_WHOLE = 1_000_000

Children = list[Any]


class Builder:
    """Builds one declaration; `findings` says what is wrong with it, and `build` is None where that is an error."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.findings: list[Diagnostic] = []

    def build(self, tree: Tree[Token]) -> ast.Declaration | None:
        """The node of a declaration's tree."""
        declaration = self._node(tree)
        return None if self.findings else cast("ast.Declaration | None", declaration)

    def _node(self, tree: Tree[Token] | Token | None) -> Any:
        if not isinstance(tree, Tree):
            return tree
        method: Callable[[Children, Span], Any] = getattr(self, f"_{tree.data}")
        return method([self._node(child) for child in tree.children], _span_of(tree))

    def _report(self, code: str, span: Span, message: str, *, label: str = "", help: str = "") -> None:  # noqa: A002
        self.findings.append(finding(code, self._source, span, message, label=label, help=help))

    # declarations

    def _named_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(self._name(children[1]), children[3:], span)

    def _unnamed_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(None, children, span)

    def _rule(self, name: ast.Name | None, clauses: Children, span: Span) -> ast.Rule | None:
        slots = self._slots(clauses, "this rule")
        if "send" not in slots:
            self._report(
                "CR104",
                Span(span.end, span.end),
                f"{_rule_title(name)} has no `send`",
                label="the rule ends here and says nothing to send",
                help='add the follow-on campaign, e.g. `send "Cart Reminder"`',
            )
            return None
        return ast.Rule(name=name, span=span, **slots)

    def _slots(self, clauses: Children, where: str) -> dict[str, Any]:
        """The clauses by the field in which they stand. A second one for the same field is a finding."""
        slots: dict[str, Any] = {}
        for clause in clauses:
            slot = _SLOTS[type(clause)]
            if slot in slots:
                self._duplicate_clause(slots[slot], clause, where)
            else:
                slots[slot] = clause
        return slots

    def _duplicate_clause(self, first: ast.Clause, second: ast.Clause, where: str) -> None:
        line = self._source.position(first.span.start).line
        if first.keyword == second.keyword:
            message = f"the clause `{second.keyword}` stands twice in {where}"
            label = f"the first one is on line {line}"
        else:
            message = f"`{first.keyword}` and `{second.keyword}` exclude each other"
            label = f"`{first.keyword}` is on line {line}"
        remedy = (
            "join the patterns with `or`, or delete one" if isinstance(second, ast.Unless) else "delete one of them"
        )
        self._report("CR107", second.span, message, label=label, help=remedy)

    # clauses

    def _on_clause(self, children: Children, span: Span) -> ast.On:
        return ast.On(children[1], span)

    def _after_clause(self, children: Children, span: Span) -> ast.After:
        return ast.After(self._duration(children[1]), restarting=children[2] is not None, span=span)

    def _unless_clause(self, children: Children, span: Span) -> ast.Unless:
        return ast.Unless(children[1], span)

    def _from_clause(self, children: Children, span: Span) -> ast.From:
        return ast.From(self._instant(children[1]), span)

    def _until_clause(self, children: Children, span: Span) -> ast.Until:
        return ast.Until(self._instant(children[1]), span)

    def _once_clause(self, _: Children, span: Span) -> ast.Once:
        return ast.Once(span)

    def _at_most_clause(self, children: Children, span: Span) -> ast.AtMost:
        _, _, count, _, window = children
        return ast.AtMost(*self._sends_per(count, window, "at most {} per 1w"), span)

    def _sends_per(self, count: Token, window: Token, example: str) -> tuple[int, ast.Duration]:
        """A number of sends and the window in which they count."""
        before = len(self.findings)
        number = self._number(count)
        if len(self.findings) == before and (not isinstance(number.value, int) or number.value < 1):
            self._report(
                "CR101",
                number.span,
                f"`{example.partition(' per')[0].format(count)}` is no number of sends",
                label="a whole number from 1 up is expected here",
                help=f"e.g. `{example.format(3)}`",
            )
        duration = self._duration(window)
        if duration.ms == 0 and not self.findings:
            self._report(
                "CR105", duration.span, "a window of no time holds no send", help=f"e.g. `{example.format(3)}`"
            )
        return int(number.value), duration

    def _if_clause(self, children: Children, span: Span) -> ast.If:
        return ast.If(children[1], span)

    def _in_days_clause(self, children: Children, span: Span) -> ast.InDays:
        _, count, _, _, clock, zone = children
        number = self._number(count)
        if not isinstance(number.value, int) or not 0 <= number.value <= _MOST_DAYS:
            self._report(
                "CR113",
                number.span,
                f"`in {count} days` is no number of days",
                label=f"a whole number from 0 to {_MOST_DAYS} is expected here",
                help="e.g. `in 2 days at 09:00`",
            )
        return ast.InDays(int(number.value), self._clock(clock), zone, span)

    def _next_clause(self, children: Children, span: Span) -> ast.NextWeekday:
        _, day, _, clock, zone = children
        if day not in ast.WEEKDAYS:
            near = next((d for d in ast.WEEKDAYS if d[:3] == day.lower()[:3]), None) or closest(day, ast.WEEKDAYS)
            remedy = (
                f"did you mean `{near}`?" if near else f"the weekdays are {', '.join(f'`{d}`' for d in ast.WEEKDAYS)}"
            )
            self._report("CR113", _token_span(day), f"`{day}` is no weekday", help=remedy)
            day = ast.WEEKDAYS[0]
        return ast.NextWeekday(ast.WEEKDAYS.index(day), self._clock(clock), zone, span)

    def _per_clause(self, children: Children, span: Span) -> ast.Per:
        return ast.Per(children[1], span)

    def _still_if_clause(self, children: Children, span: Span) -> ast.StillIf:
        return ast.StillIf(children[2], span)

    def _between_clause(self, children: Children, span: Span) -> ast.Between:
        _, opens, _, closes, zone, drops = children
        return ast.Between(self._clock(opens), self._clock(closes), zone, drops or False, span)

    def _hold_out_clause(self, children: Children, span: Span) -> ast.HoldOut:
        return ast.HoldOut(self._percentage(children[2], children[3]), span)

    def _convert_clause(self, children: Children, span: Span) -> ast.Convert:
        return ast.Convert(children[2], self._duration(children[4]), span)

    def _send_clause(self, children: Children, span: Span) -> ast.Send:
        return ast.Send(self._name(children[1]), span)

    def _send_one_of_clause(self, children: Children, span: Span) -> ast.SendOneOf:
        arms: tuple[ast.Arm, ...] = tuple(children[3::2])
        total = sum(arm.share.millionths for arm in arms)
        if total != _WHOLE and not self.findings:
            self._report(
                "CR315",
                arms[0].span.to(arms[-1].span),
                f"the shares of `send one of` add up to {_percent(total)}, not to 100%",
                help="every user gets one of the campaigns; to leave some out, write `hold out`",
            )
        return ast.SendOneOf(arms, span)

    def _share(self, children: Children, span: Span) -> ast.Arm:
        return ast.Arm(self._percentage(children[0], children[1]), self._name(children[2]), span)

    def _percentage(self, number: Token, sign: Token) -> ast.Share:
        span = _token_span(number).to(_token_span(sign))
        share = Decimal(number) * (_WHOLE // 100)
        if not 0 < share <= _WHOLE or share != int(share):
            self._report(
                "CR315",
                span,
                f"`{number}%` is no share of the users",
                label="a share is more than 0% and at most 100%, with at most four decimals",
                help="e.g. `10%` or `12.5%`",
            )
            share = Decimal(_WHOLE)
        return ast.Share(int(share), str(number), span)

    def _local(self, _: Children, span: Span) -> ast.Local:
        return ast.Local(span)

    def _named_zone(self, children: Children, span: Span) -> ast.NamedZone:
        return ast.NamedZone(self._zone(children[1]), span)

    def _or_hold(self, _: Children, __: Span) -> bool:
        return False

    def _or_drop(self, _: Children, __: Span) -> bool:
        return True

    # segments and the policy

    def _segment(self, children: Children, span: Span) -> ast.Segment:
        _, name, sign, condition = children
        self._equals(sign, f'segment {name} = user.country = "FR"')
        return ast.Segment(self._name(name), condition, span)

    def _policy(self, children: Children, span: Span) -> ast.Policy:
        limits = tuple(clause for clause in children[2:] if isinstance(clause, ast.Limit))
        others = [clause for clause in children[2:] if not isinstance(clause, ast.Limit)]
        return ast.Policy(limits, **self._slots(others, "the policy"), span=span)

    def _limit_clause(self, children: Children, span: Span) -> ast.Limit:
        _, count, _, window = children
        return ast.Limit(None, *self._sends_per(count, window, "limit {} per 1d"), span)

    def _channel_limit_clause(self, children: Children, span: Span) -> ast.Limit:
        _, channel, _, count, _, window = children
        return ast.Limit(self._name(channel), *self._sends_per(count, window, f"limit {channel} to {{}} per 1d"), span)

    def _time_zone_clause(self, children: Children, span: Span) -> ast.TimeZone:
        return ast.TimeZone(self._zone(children[2]), span)

    def _quiet_clause(self, children: Children, span: Span) -> ast.Quiet:
        _, begins, _, ends, zone, drops = children
        return ast.Quiet(self._clock(begins), self._clock(ends), zone, drops or False, span)

    # tests

    def _test(self, children: Children, span: Span) -> ast.Test:
        return ast.Test(self._name(children[1]), self._steps(children[3:]), span)

    def _steps(self, steps: Children) -> tuple[ast.Step, ...]:
        """The steps, with what is said of an expectation put to it."""
        done: list[ast.Step] = []
        for step in steps:
            if not isinstance(step, _Tail):
                done.append(step)
                continue
            last = done[-1] if done else None
            if not isinstance(last, ast.Expect) or last.fate is None:
                self._orphan(step)
            elif getattr(last, step.slot) is not None:
                self._report(
                    "CR107", step.span, f"`{step.slot}` stands twice in this expectation", help="delete one of them"
                )
            else:
                done[-1] = replace(last, **{step.slot: step.value}, span=last.span.to(step.span))
        return tuple(done)

    def _orphan(self, tail: "_Tail") -> None:
        if tail.slot == "at":
            message, remedy = "nothing happens at this time", "name an event, e.g. `at 2h purchase`"
        else:
            message = f"`{tail.slot}` says more of an expectation, and there is none before it"
            remedy = 'e.g. `expect sent "Cart Reminder" by cart_reminder`'
        self._report("CR104", tail.span, message, help=remedy)

    def _start_step(self, children: Children, span: Span) -> ast.Start:
        return ast.Start(self._instant(children[1]), span)

    def _active_step(self, children: Children, span: Span) -> ast.Active:
        _, name, _, from_, _, until = children
        return ast.Active(self._name(name), self._moment(from_), self._moment(until), span)

    def _each_step(self, children: Children, span: Span) -> ast.Each:
        values = [self._duration(v) if isinstance(v, Token) else v for v in children[3::2]]
        return ast.Each(self._variable(children[1]), tuple(values), span)

    def _event_step(self, children: Children, span: Span) -> ast.Happening:
        user, _, at, word, *rest = children
        of, properties = rest[-2:]
        type_ = ast.Name(str(word), quoted=False, span=_token_span(word))
        about = self._name(rest[0]) if word.type == "EVENT" else None
        if word.type != "EVENT" and of is not None:
            about = self._about(of)
        return ast.Happening(user, self._moment(at), type_, about, properties or (), span)

    def _about(self, of: ast.AnyObject | ast.Objects) -> ast.Name | None:
        """The one campaign or card that an event is about."""
        if isinstance(of, ast.Objects) and len(of.names) == 1:
            return of.names[0]
        self._report("CR101", of.span, "an event is about one campaign or card", help='write `of "Abandoned Cart"`')
        return None

    def _properties(self, children: Children, _: Span) -> tuple[ast.Property, ...]:
        return tuple(children[1::2])

    def _property(self, children: Children, span: Span) -> ast.Property:
        path, sign, value = children
        self._equals(sign, "at 2h purchase where amount = 30")
        return ast.Property(path, self._variable(value) if isinstance(value, Token) else value, span)

    def _expect_step(self, children: Children, span: Span) -> ast.Expect:
        _, user, fate, *subject = children
        if fate == "nothing":
            return ast.Expect(user, None, None, span=span)
        return ast.Expect(user, cast("ast.Fate", str(fate)), self._name(subject[0]), span=span)

    def _at_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("at", self._moment(children[1]), span)

    def _by_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("by", self._name(children[1]), span)

    def _because_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("because", self._name(children[1]), span)

    def _user(self, children: Children, _: Span) -> str:
        return self._string(children[1])

    def _moment(self, token: Token | None) -> Any:
        match token:
            case None:
                return None
            case Token(type="DURATION"):
                return self._duration(token)
            case Token(type="TIME"):
                return self._instant(token)
            case _:
                return self._variable(token)

    def _variable(self, token: Token) -> ast.Variable:
        return ast.Variable(str(token), _token_span(token))

    def _equals(self, sign: Token, example: str) -> None:
        if sign != "=":
            self._report(
                "CR101", _token_span(sign), f"unexpected `{sign}`", label="expected `=`", help=f"e.g. `{example}`"
            )

    # event patterns

    def _patterns(self, children: Children, _: Span) -> tuple[ast.Pattern, ...]:
        return tuple(children[::2])

    def _event_pattern(self, children: Children, span: Span) -> ast.EventPattern:
        word, of, where = children
        return ast.EventPattern(self._name(word), of, where, span)

    def _custom_event(self, children: Children, span: Span) -> ast.CustomEvent:
        _, name, where = children
        return ast.CustomEvent(self._name(name), where, span)

    def _sent_rule(self, children: Children, span: Span) -> ast.SentRule:
        return ast.SentRule(self._name(children[1]), span)

    def _cancelled_rule(self, children: Children, span: Span) -> ast.CancelledRule:
        return ast.CancelledRule(self._name(children[1]), span)

    def _of_any(self, _: Children, span: Span) -> ast.AnyObject:
        return ast.AnyObject(span)

    def _of_targets(self, children: Children, span: Span) -> ast.Objects:
        return ast.Objects(tuple(self._name(token) for token in children[1::2]), span)

    # conditions

    def _where(self, children: Children, _: Span) -> ast.Condition:
        return cast("ast.Condition", children[1])

    def _all_of(self, children: Children, span: Span) -> ast.AllOf:
        return ast.AllOf(tuple(children[::2]), span)

    def _any_of(self, children: Children, span: Span) -> ast.AnyOf:
        return ast.AnyOf(tuple(children[::2]), span)

    def _negation(self, children: Children, span: Span) -> ast.Negation:
        return ast.Negation(children[1], span)

    def _group(self, children: Children, _: Span) -> ast.Condition:
        return cast("ast.Condition", children[1])

    def _compare(self, children: Children, span: Span) -> ast.Compare:
        path, operator, operand = children
        return ast.Compare(path, cast("ast.Operator", str(operator)), operand, span)

    def _one_of(self, children: Children, span: Span) -> ast.OneOf:
        return ast.OneOf(children[0], tuple(children[3::2]), span)

    def _contains(self, children: Children, span: Span) -> ast.Contains:
        return ast.Contains(children[0], children[2], span)

    def _starts_with(self, children: Children, span: Span) -> ast.StartsWith:
        return ast.StartsWith(children[0], children[3], span)

    def _is_missing(self, children: Children, span: Span) -> ast.IsMissing:
        return ast.IsMissing(children[0], span)

    def _is_present(self, children: Children, span: Span) -> ast.IsPresent:
        return ast.IsPresent(children[0], span)

    def _path(self, children: Children, span: Span) -> ast.Path:
        return ast.Path(tuple(_nfc(token.strip("`")) for token in children[::2]), span)

    def _attribute(self, children: Children, span: Span) -> ast.Attribute:
        return ast.Attribute(children[2], span)

    def _in_segment(self, children: Children, span: Span) -> ast.InSegment:
        return ast.InSegment(self._name(children[2]), span)

    def _trigger_property(self, children: Children, span: Span) -> ast.TriggerProperty:
        return ast.TriggerProperty(children[2], span)

    def _literal(self, children: Children, span: Span) -> ast.Literal:
        token: Token = children[0]
        match token.type:
            case "STRING":
                return ast.Text(self._string(token), span)
            case "NUMBER":
                return self._number(token)
            case "TIME":
                return self._instant(token)
            case _:
                return ast.Boolean(token == "true", span)

    # tokens

    def _name(self, token: Token) -> ast.Name:
        quoted = token.type == "STRING"
        return ast.Name(self._string(token) if quoted else str(token), quoted, _token_span(token))

    def _string(self, token: Token) -> str:
        return _nfc(_ESCAPE.sub(lambda match: self._escape(match, token), token[1:-1]))

    def _escape(self, match: re.Match[str], token: Token) -> str:
        if match[2]:
            return _SIMPLE_ESCAPES[match[2]]
        number = int(match[1], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            start = _token_span(token).start + 1 + match.start()
            self._report(
                "CR103",
                Span(start, start + len(match[0])),
                f"`{match[0]}` is no character",
                help="write the number of a Unicode character in hexadecimal, e.g. `\\u{1F600}`",
            )
            return ""
        return chr(number)

    def _number(self, token: Token) -> ast.Number:
        span = _token_span(token)
        if sum(char.isdigit() for char in token) > _MOST_DIGITS:
            self._report("CR101", span, f"the number has more than {_MOST_DIGITS} digits", help="use fewer digits")
            return ast.Number(0, span)
        return ast.Number(float(token) if "." in token else int(token), span)

    def _duration(self, token: Token) -> ast.Duration:
        span = _token_span(token)
        try:
            return ast.Duration(parse_duration(token), str(token), span)
        except ValueError as error:
            self._report("CR105", span, f"invalid duration `{token}`: {error}", help=DURATION_HELP)
            return ast.Duration(0, str(token), span)

    def _instant(self, token: Token) -> ast.Instant:
        span = _token_span(token)
        try:
            return ast.Instant(parse_instant(token), "T" not in token, str(token), span)
        except ValueError as error:
            self._report("CR113", span, str(error), help=TIME_HELP)
            return ast.Instant(0, False, str(token), span)  # noqa: FBT003  # no instant at all

    def _clock(self, token: Token) -> ast.Clock:
        span = _token_span(token)
        hour, minute = map(int, token.split(":"))
        if len(token) == 5 and hour < 24 and minute < 60:
            return ast.Clock(hour * 60 + minute, span)
        if hour == 24 and minute == 0:
            remedy = "a day ends where the next begins: write `00:00`"
        elif len(token) < 5 and minute < 60:
            remedy = f"write `{hour:02}:{minute:02}`"
        else:
            remedy = "write two digits for the hour, from 00 to 23, and two for the minute: `09:00`"
        self._report("CR113", span, f"`{token}` is no time of the day", help=remedy)
        return ast.Clock(0, span)

    def _zone(self, token: Token) -> str:
        name = self._string(token)
        if find_zone(name) is None:
            near = zone_meant(name)
            remedy = f'did you mean `"{near}"`?' if near else 'zones have names such as `"Europe/Paris"` or `"UTC"`'
            self._report("CR113", _token_span(token), f"there is no time zone `{name}`", help=remedy)
        return name


DURATION_HELP = "a duration is whole numbers with the units `w d h m s ms`, largest first, e.g. `1d12h` or `90m`"
TIME_HELP = "write a date (`2026-03-01`, 00:00 UTC) or a time with its zone (`2026-03-01T09:00:00Z`)"


class _Tail(NamedTuple):
    """What a test says of the expectation before it."""

    slot: Literal["at", "by", "because"]
    value: Any
    span: Span


def _percent(millionths: int) -> str:
    return f"{Decimal(millionths) / 10_000:f}%"


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _rule_title(name: ast.Name | None) -> str:
    return f"the rule `{name.text}`" if name else "this rule"


def _token_span(token: Token) -> Span:
    start = cast("int", token.start_pos)
    return Span(start, start + len(token))


def _span_of(tree: Tree[Token]) -> Span:
    return Span(_edge(tree, 0).start, _edge(tree, -1).end)


def _edge(node: Tree[Token] | Token, end: int) -> Span:
    while isinstance(node, Tree):
        children: list[Tree[Token] | Token | None] = list(node.children)
        node = [child for child in children if child is not None][end]
    return _token_span(node)
