"""The steps of a test, from the tokens below a production."""

from dataclasses import replace
from typing import Any, Literal, NamedTuple, cast

from connrules import ast
from connrules.syntax.build_patterns import PatternBuilder
from connrules.syntax.build_values import Children
from connrules.syntax.scanner import Token
from connrules.text import Span


class _Tail(NamedTuple):
    """What a test says of the expectation before it."""

    slot: Literal["at", "by", "because"]
    value: Any
    span: Span


class StepBuilder(PatternBuilder):
    """Builds steps, one method per production."""

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
        type_ = ast.Name(word.text, quoted=False, span=word.span)
        about = self._name(rest[0]) if word.kind == "EVENT" else None
        if word.kind != "EVENT" and of is not None:
            about = self._about(of)
        return ast.Happening(user, self._moment(at), type_, about, properties or (), span)

    def _about(self, of: ast.AnyObject | ast.Objects) -> ast.Name | None:
        """The one campaign or card that an event is about."""
        if isinstance(of, ast.Objects) and len(of.names) == 1:
            return of.names[0]
        remedy = 'write `of "Abandoned Cart"`' if isinstance(of, ast.AnyObject) else "write a step for each of them"
        self._report("CR101", of.span, "an event is about one campaign or card", help=remedy)
        return None

    def _properties(self, children: Children, _: Span) -> tuple[ast.Property, ...]:
        return tuple(children[1::2])

    def _property(self, children: Children, span: Span) -> ast.Property:
        path, sign, value = children
        self._equals(sign, "at 2h purchase where amount = 30")
        return ast.Property(path, self._variable(value) if isinstance(value, Token) else value, span)

    def _expect_step(self, children: Children, span: Span) -> ast.Expect:
        _, user, fate, *subject = children
        if fate.text == "nothing":
            return ast.Expect(user, None, None, span=span)
        return ast.Expect(user, cast("ast.Fate", fate.text), self._name(subject[0]), span=span)

    def _at_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("at", self._moment(children[1]), span)

    def _by_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("by", self._name(children[1]), span)

    def _because_step(self, children: Children, span: Span) -> "_Tail":
        return _Tail("because", self._name(children[1]), span)

    def _user(self, children: Children, _: Span) -> str:
        return self._string(children[1])
