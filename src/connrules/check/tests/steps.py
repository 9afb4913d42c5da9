"""Tests in the language: steps that name what does not exist, and steps that cannot be meant as they stand."""

from collections.abc import Iterator

from connrules import ast
from connrules.check.index import Index
from connrules.check.names.binding import Mention, Names, bind, check_events
from connrules.check.names.properties import check_step_properties
from connrules.check.patterns import WORDS
from connrules.check.shape import unknown_word
from connrules.check.tests import OWN_USER
from connrules.check.tests.expectations import check_expectation
from connrules.check.tests.moments import check_moments
from connrules.checked import CheckedTest
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.syntax.fixes import writing
from connrules.syntax.scanner import scan
from connrules.syntax.spelling import quoted
from connrules.text import Span, closest
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT, INTERACTIONS, OBJECT_KIND, SESSION_START, ObjectKind

_TYPES = {*WORDS, CUSTOM_EVENT, ATTRIBUTES}


def check_test(test: CheckedTest, index: Index, names: Names | None) -> Iterator[Diagnostic]:
    """All findings about one test; those about the catalog only where there is one."""
    steps = test.node.steps
    yield from _expects_something(test)
    yield from _started_twice(test)
    yield from check_moments(test)
    for step in steps:
        if isinstance(step, ast.Happening):
            yield from _happening(test, step, names)
        elif isinstance(step, ast.Expect):
            yield from check_expectation(test, step, index, names)
    yield from _nobody(test)
    if names is not None:
        yield from bind(test.source, _mentions(test.node, names), names)[1]
        yield from check_events(test.source, _event_names(test.node), names)
        yield from check_step_properties(test.source, steps, names)


def _expects_something(test: CheckedTest) -> Iterator[Diagnostic]:
    if not any(isinstance(step, ast.Expect) for step in test.node.steps):
        yield finding(
            "CR713",
            test.source,
            test.node.name.span,
            "the test expects nothing, so it cannot fail",
            help='say what should happen, e.g. `expect sent "Cart Reminder" at 1d`, or `expect nothing`',
        )


def _started_twice(test: CheckedTest) -> Iterator[Diagnostic]:
    starts = [step for step in test.node.steps if isinstance(step, ast.Start)]
    for other in starts[1:]:
        label = f"the first one is on line {test.source.position(starts[0].span.start).line}"
        message, remedy = "`start` stands twice in this test", "delete one of them"
        related = (Related(test.source, starts[0].span, "the first one"),)
        yield finding("CR107", test.source, other.span, message, label=label, help=remedy, related=related)


def _happening(test: CheckedTest, step: ast.Happening, names: Names | None) -> Iterator[Diagnostic]:
    word = step.type
    if word.text not in _TYPES:
        yield unknown_word(test.source, word, names, has_object=step.object is not None)
        return
    kind = OBJECT_KIND[word.text]
    if kind is not None and step.object is None:
        message = f"`{word.text}` does not say of which {kind}"
        remedy = f'say which: `{word.text} of "…"`'
        yield finding("CR213", test.source, word.span, message, label=f"an event is about one {kind}", help=remedy)
    if kind is None and step.object is not None:
        message = f"`{word.text}` has no campaign or card"
        yield finding("CR101", test.source, step.object.span, message, help="delete the `of …`")
    if word.text == SESSION_START and step.properties:
        span = step.properties[0].span.to(step.properties[-1].span)
        message = f"`{SESSION_START}` has no properties"
        yield finding("CR101", test.source, span, message, help="delete the `where …`")
    if step.object is not None and not step.object.text.strip():
        message, remedy = "an empty name names nothing", "write the name between the quotes"
        yield finding("CR101", test.source, step.object.span, message, help=remedy)


def _nobody(test: CheckedTest) -> Iterator[Diagnostic]:
    """Expectations of users to whom nothing happens."""
    users = {step.user or OWN_USER for step in test.node.steps if isinstance(step, ast.Happening)}
    for step in test.node.steps:
        if isinstance(step, ast.Expect) and step.user is not None and step.user not in users:
            near = closest(step.user, sorted(users))
            remedy, fix = f'add an event, e.g. `user "{step.user}" at 0s purchase`', None
            if near:
                remedy = f'did you mean `user "{near}"`?'
                fix = writing(test.source, _user_of(test, step), quoted(near))
            message = f"nothing happens to the user `{step.user}` in this test"
            yield finding("CR714", test.source, step.span, message, help=remedy, fix=fix)


def _user_of(test: CheckedTest, step: ast.Expect) -> Span:
    """Where the name of an expectation's user stands: it is its first string."""
    tokens = scan(test.source.text[step.span.start : step.span.end])
    name = next(token for token in tokens if token.kind == "STRING")
    return Span(step.span.start + name.start, step.span.start + name.span.end)


def _mentions(test: ast.Test, names: Names) -> Iterator[Mention]:
    """The campaigns and cards that a test names; what it expects to be sent is held against the rules instead.

    An event may name them by their ids.
    """
    for step in test.steps:
        if isinstance(step, ast.Happening) and step.object is not None and step.type.text in INTERACTIONS:
            kind = INTERACTIONS[step.type.text].object
            if names.by_id(kind, step.object.text) is None:
                yield Mention(step.object, kind, step.type.text)
        elif isinstance(step, ast.Active):
            kinds = [kind for kind in (ObjectKind.CAMPAIGN, ObjectKind.CARD) if names.alike(kind, step.name.text)]
            known = any(names.catalog.named(kind, step.name.text) for kind in kinds)
            if not known:
                yield Mention(step.name, kinds[0] if kinds else ObjectKind.CAMPAIGN, "active")


def _event_names(test: ast.Test) -> Iterator[ast.Name]:
    for step in test.steps:
        if isinstance(step, ast.Happening) and step.type.text == CUSTOM_EVENT and step.object is not None:
            yield step.object
