"""Reads the tokens of one declaration by the tables: goes on to a state with each, and back where a production ends.

`build` makes the node of a declaration in one pass, without a parse tree: whenever a production ends, the builder's
method for it gets the nodes, tokens and gaps below it. A `Recogniser` only says what fits, for those who look into what
is wrong.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from connrules.syntax.builder import Builder
from connrules.syntax.scanner import Token
from connrules.syntax.tables import Production, tables
from connrules.text import Span

_END = Token("$END", "", -1)

Children = list[Any]


class Misfit(Exception):  # noqa: N818  # nothing has failed
    """The tokens are no whole declaration."""


class _Ending(NamedTuple):
    """What to do where a production ends."""

    size: int
    symbol: str
    build: Callable[[Builder, Children, Span], Any] | None
    """None where the one child stands for the production."""
    shape: str
    """Empty where the children are as they come."""


def build(chunk: Sequence[Token], builder: Builder) -> Any:
    """The node of a declaration as the builder has made it; Misfit is raised where a token does not fit, or one lacks.

    One long function, since a file has a hundred thousand tokens and each ends two or three productions.
    """
    rows, endings, last = tables().states, _endings(), tables().end
    states, values, starts = [0], list[Any](), list[int]()
    row, end = rows[0], 0
    for token in (*chunk, _END):
        kind, text, start = token
        while (action := row.get(kind)) is not None and action < 0:
            size, symbol, make, shape = endings[~action]
            if make is None:
                del states[-1]
            else:
                children = values[-size:]
                begin = starts[-size]
                del states[-size:], values[-size:], starts[-size:]
                if shape:
                    children = _arranged(children, shape)
                values.append(make(builder, children, tuple.__new__(Span, (begin, end))))
                starts.append(begin)
            state = rows[states[-1]][symbol]
            states.append(state)
            row = rows[state]
        if action is None:
            if kind == "$END" and states[-1] == last:
                return values[0]
            raise Misfit
        states.append(action)
        values.append(token)
        starts.append(start)
        row, end = rows[action], start + len(text)
    raise AssertionError("no state goes on behind the end")


def _arranged(children: Children, shape: str) -> Children:
    """The children with gaps where something is left out, and lists of them in line with the others."""
    coming = iter(children)
    arranged: Children = next(coming) if shape[0] == "*" else []  # a list is made for this; to copy it costs its square
    for letter in shape[1:] if shape[0] == "*" else shape:
        if letter == "*":
            arranged += next(coming)
        else:
            arranged.append(None if letter == "_" else next(coming))
    return arranged


@cache
def _endings() -> list[_Ending]:
    return [_Ending(p.size, p.symbol, _method(p), p.shape.strip("x") and p.shape) for p in tables().productions]


def _method(production: Production) -> Callable[[Builder, Children, Span], Any] | None:
    match production.builds:
        case "":
            return None
        case "[]":
            return lambda _, children, __: children
        case name:
            method: Callable[[Builder, Children, Span], Any] = getattr(Builder, f"_{name}")
            return method


class Recogniser:
    """What can follow the tokens that were fed to it."""

    def __init__(self) -> None:
        self._states = [0]

    def feed(self, kind: str) -> bool:
        """Go on with a token, where it fits."""
        return _goes_on(self._states, kind)

    def accepts(self) -> set[str]:
        """The kinds of the tokens that fit next; `$END` where no more are needed."""
        choices = tables().states[self._states[-1]]
        return {kind for kind in choices if kind.isupper() and _goes_on([*self._states], kind)}


def _goes_on(states: list[int], kind: str) -> bool:
    """Put a token on a stack of states; what ends before it is taken off in any case."""
    rows, endings = tables().states, _endings()
    while (action := rows[states[-1]].get(kind)) is not None and action < 0:
        ending = endings[~action]
        del states[-ending.size :]
        states.append(rows[states[-1]][ending.symbol])
    if action is not None:
        states.append(action)
    return action is not None or (kind == "$END" and states[-1] == tables().end)
