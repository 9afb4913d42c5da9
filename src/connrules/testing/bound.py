"""A test with `each` is run once for every value: here its variables are replaced by what they stand for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import assert_never

from connrules import ast
from connrules.check import CheckedTest
from connrules.syntax.spelling import spell_value
from connrules.text import Span

Values = Mapping[str, ast.Value]


class ImpossibleError(ValueError):
    """A test that cannot be run: at `span`, for the reason that is the message; `help` says what to do."""

    def __init__(self, span: Span, message: str, help: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.span = span
        self.help = help


@dataclass(frozen=True, slots=True)
class BoundTest:
    """One run of a test: its steps without variables."""

    test: CheckedTest
    name: str
    steps: tuple[ast.Step, ...]

    @property
    def start(self) -> ast.Start | None:
        """The step that fixes the test's start."""
        return next((step for step in self.steps if isinstance(step, ast.Start)), None)

    @property
    def active(self) -> tuple[ast.Active, ...]:
        """The steps that say when something is active."""
        return tuple(step for step in self.steps if isinstance(step, ast.Active))

    @property
    def happenings(self) -> tuple[ast.Happening, ...]:
        """The events, in the order of the text."""
        return tuple(step for step in self.steps if isinstance(step, ast.Happening))

    @property
    def expectations(self) -> tuple[ast.Expect, ...]:
        """The expectations, in the order of the text."""
        return tuple(step for step in self.steps if isinstance(step, ast.Expect))


def runs_of(test: CheckedTest) -> Iterator[tuple[str, Values]]:
    """The runs of a test, one for each combination: its name, and what the variables stand for."""
    each = [step for step in test.node.steps if isinstance(step, ast.Each)]
    for values in product(*(step.values for step in each)):
        bound = {step.variable.name: value for step, value in zip(each, values, strict=True)}
        said = ", ".join(f"{name}={spell_value(value)}" for name, value in bound.items())
        yield f"{test.node.name.text} [{said}]" if bound else test.node.name.text, bound


def bind(test: CheckedTest, name: str, values: Values) -> BoundTest:
    """A test with values for its variables. Raises ImpossibleError where one does not fit its place."""
    return BoundTest(test, name, tuple(_step(step, values) for step in test.node.steps))


def _step(step: ast.Step, values: Values) -> ast.Step:
    match step:
        case ast.Active(_, from_, until):
            return replace(step, from_=from_ and _moment(from_, values), until=until and _moment(until, values))
        case ast.Happening(_, at, _, _, properties):
            bound = tuple(replace(p, value=_literal(p.value, values)) for p in properties)
            return replace(step, at=_moment(at, values), properties=bound)
        case ast.Expect(at=at):
            return replace(step, at=at and _moment(at, values))
        case ast.Start() | ast.Each():
            return step
        case _:
            assert_never(step)


def _moment(moment: ast.Moment, values: Values) -> ast.Duration | ast.Instant:
    value = _value(moment, values) if isinstance(moment, ast.Variable) else moment
    if isinstance(value, ast.Duration | ast.Instant):
        return value
    raise ImpossibleError(moment.span, f"`{spell_value(value)}` is no time", "a time is a duration or an instant")


def _literal(value: ast.Literal | ast.Variable, values: Values) -> ast.Literal:
    found = _value(value, values) if isinstance(value, ast.Variable) else value
    if isinstance(found, ast.Duration):
        help_ = "a property is a string, a number, true, false or a time"
        raise ImpossibleError(value.span, f"the duration `{found.spelling}` cannot be a property", help_)
    return found


def _value(variable: ast.Variable, values: Values) -> ast.Value:
    if variable.name not in values:
        help_ = f"say what it stands for: `each {variable.name} in 1h, 2h`"
        raise ImpossibleError(variable.span, f"nothing is called `{variable.name}` here", help_)
    return values[variable.name]


def instant_of(moment: ast.Moment, start: int) -> int:
    """The instant (epoch ms) of a moment of a bound test."""
    match moment:
        case ast.Duration(ms):
            return start + ms
        case ast.Instant(ms):
            return ms
        case ast.Variable():
            raise TypeError("a bound test has no variables")
        case _:
            assert_never(moment)
