"""The clauses of a rule and of the policy, from the tokens below a production."""

from connrules import ast
from connrules.duration import LONGEST, MS_PER_UNIT
from connrules.syntax.build_patterns import PatternBuilder
from connrules.syntax.build_values import WHOLE, Children
from connrules.syntax.fixes import writing
from connrules.syntax.scanner import Token
from connrules.syntax.spelling import percentage
from connrules.text import Span, closest

_MOST_DAYS = LONGEST // MS_PER_UNIT["d"]


class ClauseBuilder(PatternBuilder):
    """Builds clauses, one method per production."""

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
                f"`{example.partition(' per')[0].format(count.text)}` is no number of sends",
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
                f"`in {count.text} days` is no number of days",
                label=f"a whole number from 0 to {_MOST_DAYS} is expected here",
                help="e.g. `in 2 days at 09:00`",
            )
        after = f"`in {int(number.value) + 1} {'days' if number.value else 'day'} at 00:00`"
        return ast.InDays(int(number.value), self._clock(clock, after), zone, span)

    def _next_clause(self, children: Children, span: Span) -> ast.NextWeekday:
        _, day, _, clock, zone = children
        weekday = self._weekday(day)
        after = f"`next {ast.WEEKDAYS[(weekday + 1) % len(ast.WEEKDAYS)]} at 00:00`"
        return ast.NextWeekday(weekday, self._clock(clock, after), zone, span)

    def _weekday(self, day: Token) -> int:
        if day.text in ast.WEEKDAYS:
            return ast.WEEKDAYS.index(day.text)
        remedy, near = _weekday_help(day.text), _weekday_meant(day.text)
        fix = writing(self._source, day.span, near) if near else None
        self._report("CR113", day.span, f"`{day.text}` is no weekday", help=remedy, fix=fix)
        return 0

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
        if total != WHOLE and not self.findings:
            self._report(
                "CR315",
                arms[0].span.to(arms[-1].span),
                f"the shares of `send one of` add up to {percentage(total)}, not to 100%",
                help="every user gets one of the campaigns; to leave some out, write `hold out`",
            )
        return ast.SendOneOf(arms, span)

    def _share(self, children: Children, span: Span) -> ast.Arm:
        return ast.Arm(self._percentage(children[0], children[1]), self._name(children[2]), span)

    def _local(self, _: Children, span: Span) -> ast.Local:
        return ast.Local(span)

    def _named_zone(self, children: Children, span: Span) -> ast.NamedZone:
        return ast.NamedZone(self._zone(children[1], "write `local` alone, without `zone` and quotes"), span)

    def _or_hold(self, _: Children, __: Span) -> bool:
        return False

    def _or_drop(self, _: Children, __: Span) -> bool:
        return True

    def _limit_clause(self, children: Children, span: Span) -> ast.Limit:
        _, count, _, window = children
        return ast.Limit(None, *self._sends_per(count, window, "limit {} per 1d"), span)

    def _channel_limit_clause(self, children: Children, span: Span) -> ast.Limit:
        _, channel, _, count, _, window = children
        return ast.Limit(
            self._name(channel), *self._sends_per(count, window, f"limit {channel.text} to {{}} per 1d"), span
        )

    def _time_zone_clause(self, children: Children, span: Span) -> ast.TimeZone:
        return ast.TimeZone(self._zone(children[2], 'name a zone, such as `"Europe/Paris"`'), span)

    def _quiet_clause(self, children: Children, span: Span) -> ast.Quiet:
        _, begins, _, ends, zone, drops = children
        return ast.Quiet(self._clock(begins), self._clock(ends), zone, drops or False, span)


def _weekday_help(word: str) -> str:
    near = _weekday_meant(word)
    return f"did you mean `{near}`?" if near else f"the weekdays are {', '.join(f'`{day}`' for day in ast.WEEKDAYS)}"


def _weekday_meant(word: str) -> str | None:
    if word.lower() == "weekday":
        return None
    return next((day for day in ast.WEEKDAYS if day[:3] == word.lower()[:3]), None) or closest(word, ast.WEEKDAYS)
