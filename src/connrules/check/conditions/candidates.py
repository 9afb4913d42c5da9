"""The values worth trying on what comparisons say of one property: if any value makes them true, one of these does.

For each type of value, comparisons cut all values of it into pieces, within which they cannot tell one from another; a
value from every piece is enough. Of texts that is so only while the comparisons stay within what `_texts` knows.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from connrules import ast
from connrules.check.conditions.comparing import Atom, data_of
from connrules.check.conditions.parts import operands_of
from connrules.duration import EARLIEST, LATEST, format_instant
from connrules.reference.conditions import as_instant
from connrules.text import nfc

_NUL = "\0"
"""A text with this behind it is the very next one: no text is in between."""


def candidates(atoms: Sequence[Atom]) -> Iterator[Any]:
    """The values to try on what is said of one property, simple ones first; missing is one of them."""
    yield None
    yield from _texts(atoms)
    yield from _numbers(atoms)
    yield from (True, False, [], _list(atoms), {})


def are_enough(atoms: Sequence[Atom]) -> bool:
    """Whether no value makes all of them true, where none of the candidates does."""
    return _texts_are_enough(atoms) and _list_is_enough(atoms)


# Numbers


def _numbers(atoms: Sequence[Atom]) -> Iterator[int | float]:
    """The numbers at which a comparison changes, those beyond, those between; whole ones and others."""
    points = sorted({Fraction(point) for atom in atoms for point in _points(atom)}) or [Fraction(0)]
    for point in points:
        yield from _at(point)
        yield from (math.floor(point) + 1, math.ceil(point) - 1)
    for low, high in pairwise(points):
        yield from _between(low, high)
    yield from (math.nextafter(number, math.inf) for number in _floats(points[-1:]))
    yield from (math.nextafter(number, -math.inf) for number in _floats(points[:1]))


def _points(atom: Atom) -> Iterator[int | float]:
    """The numbers that a comparison names, be it as instants."""
    for literal in operands_of(atom.comparison):
        value = data_of(literal)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield value
        instant = as_instant(value, atom.zone) if atom.is_time else None
        if instant is not None:
            yield instant


def _at(point: Fraction) -> Iterator[int | float]:
    if point.denominator == 1:
        yield point.numerator
    yield from _floats((point,))


def _between(low: Fraction, high: Fraction) -> Iterator[float]:
    near = _floats(((low + high) / 2, low, high))
    tried = (value for number in near for value in (number, math.nextafter(number, math.inf)))
    yield from (value for value in tried if low < value < high)


def _floats(numbers: Iterable[Fraction]) -> Iterator[float]:
    for number in numbers:
        try:
            yield float(number)
        except OverflowError:
            continue  # no such number is a float, nor one beyond


# Texts


def _texts(atoms: Sequence[Atom]) -> Iterator[str]:
    pinned = _pinned(atoms)
    if pinned is not None:
        yield from pinned
        return
    yield from _instants(atoms)
    yield from _in_order(atoms)
    yield from _put_together(_parts(atoms))


def _texts_are_enough(atoms: Sequence[Atom]) -> bool:
    """Where some are named, or all is a matter of the order of texts, or of the instants that they name."""
    if _pinned(atoms) is not None or _contradict(atoms, _parts(atoms)):
        return True
    kinds = {kind for atom in atoms for kind in _kinds(atom)}
    return kinds <= {"order"} or kinds <= {"instant"}


def _pinned(atoms: Sequence[Atom]) -> list[str] | None:
    """The only texts that can make them all true, where they are named."""
    named = (_equal_texts(atom) for atom in atoms if atom.holds and not atom.is_time)
    return next((texts for texts in named if texts is not None), None)


def _parts(atoms: Sequence[Atom]) -> list[str]:
    """What a text that they are true of must have in it."""
    parts = (_part(atom) for atom in atoms if atom.holds)
    return [part for part in parts if part]


def _equal_texts(atom: Atom) -> list[str] | None:
    """The only texts that can make it true, where there are so few that they are named."""
    comparison = atom.comparison
    if isinstance(comparison, ast.OneOf) or (isinstance(comparison, ast.Compare) and comparison.operator == "="):
        literals = operands_of(comparison)
        if not any(isinstance(literal, ast.Instant) for literal in literals):
            return [nfc(literal.value) for literal in literals if isinstance(literal, ast.Text)]
    return None


def _part(atom: Atom) -> str:
    """What a text that it is true of must have in it."""
    comparison = atom.comparison
    if isinstance(comparison, ast.Contains | ast.StartsWith) and isinstance(comparison.operand, ast.Text):
        return nfc(comparison.operand.value)
    return ""


def _contradict(atoms: Sequence[Atom], wanted: Sequence[str]) -> bool:
    """Whether a text that has what it must have, has what it must not: no text will do, whatever else is asked."""
    contained = [atom.comparison for atom in atoms if not atom.holds]
    operands = [comparison.operand for comparison in contained if isinstance(comparison, ast.Contains)]
    unwanted = [nfc(operand.value) for operand in operands if isinstance(operand, ast.Text)]
    return any(part in whole for part in unwanted for whole in ("", *wanted))


def _kinds(atom: Atom) -> Iterator[str]:
    """How a comparison looks at a text."""
    match atom.comparison:
        case ast.Compare() | ast.OneOf():
            for literal in operands_of(atom.comparison):
                if atom.is_time or isinstance(literal, ast.Instant):
                    yield "instant"
                elif isinstance(literal, ast.Text):
                    yield "order"
        case ast.StartsWith(_, ast.Text(start)):
            # What comes next after all texts that start so is known for sure of plain letters only.
            yield "order" if start.isascii() or atom.holds else "other"
        case ast.Contains(_, ast.Text()):
            yield "other"
        case _:
            return


def _in_order(atoms: Sequence[Atom]) -> Iterator[str]:
    """In the order of texts, the first of every stretch that comparisons and `starts with` tell apart."""
    literals = [literal for atom in atoms for literal in operands_of(atom.comparison)]
    texts = [nfc(literal.value) for literal in literals if isinstance(literal, ast.Text)]
    yield from texts
    yield from (text + "a" for text in texts)
    yield "a"
    yield from map(_past, texts)
    yield ""
    yield from (text + _NUL for text in texts)


def _past(start: str) -> str:
    """The first text after all that start so."""
    return start[:-1] + chr(min(ord(start[-1]) + 1, 0x10FFFF)) if start else ""


def _put_together(wanted: Sequence[str]) -> Iterator[str]:
    if wanted:
        yield "".join(wanted)
        yield "".join(sorted(wanted, key=len, reverse=True))


def _instants(atoms: Sequence[Atom]) -> Iterator[str]:
    """The instants at which a comparison changes, and those beside them, as texts."""
    points = {
        instant
        for atom in atoms
        for literal in operands_of(atom.comparison)
        if atom.is_time or isinstance(literal, ast.Instant)
        if (instant := as_instant(data_of(literal), atom.zone)) is not None
    }
    for point in sorted(points):
        for instant in (point, point + 1, point - 1, EARLIEST, LATEST):
            if EARLIEST <= instant <= LATEST:
                yield str(format_instant(instant))


# Lists


def _list(atoms: Sequence[Atom]) -> list[object]:
    """A list with an element for each `contains` that is to hold."""
    asked = _asked_of_lists(atoms)
    unwanted = [atom for atom, _ in asked if not atom.holds]
    return [_element(operand, unwanted) for atom, operand in asked if atom.holds]


def _list_is_enough(atoms: Sequence[Atom]) -> bool:
    """An instant has many spellings, not all of which are tried."""
    return not any(isinstance(operand, ast.Instant) for _, operand in _asked_of_lists(atoms))


def _asked_of_lists(atoms: Sequence[Atom]) -> list[tuple[Atom, ast.Operand]]:
    return [(atom, atom.comparison.operand) for atom in atoms if isinstance(atom.comparison, ast.Contains)]


def _element(literal: ast.Operand, unwanted: Sequence[Atom]) -> object:
    """An element that equals the literal, and if there is one, nothing that is not wanted."""
    value = data_of(literal)
    tried = [format_instant(value), value] if isinstance(literal, ast.Instant) else [value]
    return next((v for v in tried if not any(not atom.is_true_of([v]) for atom in unwanted)), tried[0])
