"""The times and variables of a test: whether a variable stands for something that fits, and times are in order."""

from collections.abc import Iterable, Iterator, Mapping

from connrules import ast
from connrules.checked import CheckedTest
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import writing
from connrules.syntax.spelling import spell_value
from connrules.text import Span, closest

_Values = Mapping[str, ast.Each]


def check_moments(test: CheckedTest) -> Iterator[Diagnostic]:
    """Variables: unknown, unused, twice, or standing for what does not fit; times before the start, or empty."""
    each: dict[str, ast.Each] = {}
    for step in test.node.steps:
        if isinstance(step, ast.Each) and each.setdefault(step.variable.name, step) is not step:
            message = f"the variable `{step.variable.name}` stands twice in this test"
            remedy = "write its values into one `each`, or give one of them another name"
            yield _finding(test, step.variable.span, message, remedy)
    yield from _variables(test, each)
    yield from _unused(test, each)
    yield from _before_start(test, each)
    for step in test.node.steps:
        if isinstance(step, ast.Active) and _is_empty(step):
            message = f"`{step.name.text}` would end before it begins"
            yield _finding(test, step.span, message, "write an `until` after `from`")


def _finding(test: CheckedTest, span: Span, message: str, remedy: str, meant: str | None = None) -> Diagnostic:
    fix = writing(test.source, span, meant) if meant else None
    return finding("CR714", test.source, span, message, help=remedy, fix=fix)


def _moments(step: ast.Step) -> tuple[ast.Moment, ...]:
    match step:
        case ast.Happening(at=at):
            return (at,)
        case ast.Active(_, from_, until):
            return tuple(moment for moment in (from_, until) if moment is not None)
        case ast.Expect(at=at):
            return () if at is None else (at,)
        case ast.Start() | ast.Each():
            return ()


def _variables(test: CheckedTest, each: _Values) -> Iterator[Diagnostic]:
    """Each mistake once, where the variable is used first as what it cannot be."""
    said: set[tuple[str, bool]] = set()
    for variable, is_time in _uses(test.node):
        if (variable.name, is_time) in said:
            continue
        said.add((variable.name, is_time))
        if variable.name not in each:
            said.add((variable.name, not is_time))
            yield _unknown(test, variable, each, is_time=is_time)
        else:
            yield from _misfits(test, variable, each[variable.name].values, is_time=is_time)


def _unused(test: CheckedTest, each: _Values) -> Iterator[Diagnostic]:
    """Variables that nothing uses, unless a wrong name is probably meant to be them."""
    used = {variable.name for variable, _ in _uses(test.node)}
    meant = {closest(name, each) for name in used if name not in each}
    for name, step in each.items():
        if name not in used and name not in meant:
            message = f"no step uses the variable `{name}`"
            remedy = f"use it, e.g. `at {name} purchase`, or delete the `each`: it runs the same test again and again"
            yield _finding(test, step.variable.span, message, remedy)


def _uses(test: ast.Test) -> Iterator[tuple[ast.Variable, bool]]:
    """Where variables stand, and whether that is where a time does; else it is a property."""
    for step in test.steps:
        for moment in _moments(step):
            if isinstance(moment, ast.Variable):
                yield moment, True
        for given in step.properties if isinstance(step, ast.Happening) else ():
            if isinstance(given.value, ast.Variable):
                yield given.value, False


def _unknown(test: CheckedTest, variable: ast.Variable, each: _Values, *, is_time: bool) -> Diagnostic:
    name = variable.name
    near = closest(name, each)
    if near:
        remedy = f"did you mean `{near}`?"
    elif is_time:
        remedy = f"write a time, e.g. `2h`, or say what it stands for: `each {name} in 1h, 2h`"
    else:
        remedy = f'a text stands in quotes: `"{name}"`; a variable is declared: `each {name} in 1, 2`'
    return _finding(test, variable.span, f"nothing is called `{name}` in this test", remedy, near)


def _misfits(
    test: CheckedTest, variable: ast.Variable, values: Iterable[ast.Value], *, is_time: bool
) -> Iterator[Diagnostic]:
    wrong = next((value for value in values if _is_time(value) is not is_time and not _is_both(value)), None)
    if wrong is not None:
        use = "a time, which is a duration or an instant" if is_time else "a property, and no property is a duration"
        message = f"`{variable.name}` is used as {use}"
        label = f"here it would be `{spell_value(wrong)}`"
        remedy = "write other values behind its `each`, or another variable here"
        yield finding("CR714", test.source, variable.span, message, label=label, help=remedy)


def _is_time(value: ast.Value) -> bool:
    return isinstance(value, ast.Duration | ast.Instant)


def _is_both(value: ast.Value) -> bool:
    """An instant is a time, and a property may be one."""
    return isinstance(value, ast.Instant)


def _before_start(test: CheckedTest, each: _Values) -> Iterator[Diagnostic]:
    """Events and expectations at instants before the start; where none is given, the test starts when it suits."""
    start = next((step.time for step in test.node.steps if isinstance(step, ast.Start)), None)
    for step in test.node.steps if start else ():
        if not isinstance(step, ast.Happening | ast.Expect):
            continue
        for moment in _moments(step):
            values = each[moment.name].values if isinstance(moment, ast.Variable) and moment.name in each else (moment,)
            early = [value for value in values if isinstance(value, ast.Instant) and start and value.ms < start.ms]
            if early:
                message = f"`{early[0].spelling}` is before the start of the test"
                yield _finding(test, moment.span, message, "write a later time, or an earlier `start`")


def _is_empty(step: ast.Active) -> bool:
    match step.from_, step.until:
        case (ast.Duration(begins), ast.Duration(ends)) | (ast.Instant(begins), ast.Instant(ends)):
            return ends <= begins
        case _:
            return False
