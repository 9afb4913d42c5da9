"""Whether conditions can hold: an example, a proof that they never do, or neither.

    conditions --> alternatives, each some atoms --by path--> a tree --candidates--> Example | NEVER | UNKNOWN

A condition is made a list of alternatives (disjunctive normal form, within a budget). What an alternative says of one
property is tried on values that are enough to tell (see `candidates`); properties inside others are looked at together
with those, as a tree. What compares with the trigger's properties is not known beforehand: that it needs a value is
kept, the rest is left out, so NEVER stays a proof and an Example is none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import Enum
from itertools import islice, product
from typing import Any, NamedTuple, assert_never

from connrules import ast
from connrules.check.conditions.candidates import are_enough, candidates
from connrules.check.conditions.comparing import Atom
from connrules.check.conditions.parts import leaves_in, operands_of

MOST_ALTERNATIVES = 256
"""How many alternatives of a condition are looked at, before it is left undecided."""
DEEPEST = 20
"""How deep segments that ask for segments are looked into."""

Segments = tuple[str, ...]
"""A path: the names of a property and of those inside it."""
Values = Mapping[Segments, Any]


class Undecided(Enum):
    """What is said where there is no example."""

    NEVER = "never"
    """It is proved that there is none."""
    UNKNOWN = "unknown"
    """There may be one."""


NEVER, UNKNOWN = Undecided.NEVER, Undecided.UNKNOWN


@dataclass(frozen=True, slots=True)
class Example:
    """Values under which conditions hold, as data, by path; what is not in it is missing."""

    values: Values


Solution = Example | Undecided


class Scope(NamedTuple):
    """What is known where a condition stands."""

    segments: Mapping[str, ast.Segment] = {}
    types: Mapping[str, str] = {}
    """The types of the catalog: of the custom event's properties, or of the user's attributes."""
    zone: tzinfo | None = None
    """The time zone of the policy, in which bare dates of data begin."""


def solve(condition: ast.Condition, scope: Scope) -> Solution:
    """Whether a condition can hold of some event, or of some user."""
    return solve_all([condition], scope)


def is_never(condition: ast.Condition, scope: Scope) -> bool:
    """Whether it is proved that a condition never holds. Most conditions plainly can, and cost next to nothing."""
    return not _plainly_can(condition, scope) and solve(condition, scope) is NEVER


def solve_all(conditions: Sequence[ast.Condition], scope: Scope) -> Solution:
    """Whether conditions can hold together: all of the same event, or all of the same user at the same instant.

    Conditions on events and conditions on users are about different things: ask for each by itself.
    """
    whole = ast.AllOf(tuple(conditions), conditions[0].span) if conditions else None
    alternatives = [[]] if whole is None else _alternatives(whole, scope, frozenset(), holds=True)
    answer: Solution = NEVER
    for place, literals in enumerate(alternatives):
        found = _solve_together(literals, scope) if place < MOST_ALTERNATIVES else UNKNOWN
        if isinstance(found, Example):
            return found
        if found is UNKNOWN:
            answer = UNKNOWN
        if place == MOST_ALTERNATIVES:
            break
    return answer


def contradiction(terms: Sequence[ast.Condition], scope: Scope) -> tuple[ast.Condition, ...]:
    """Of conditions that never hold together, some that do not either, and of which none can be spared."""
    needed = list(terms)
    for term in terms:
        others = [other for other in needed if other is not term]
        if others and solve_all(others, scope) is NEVER:
            needed = others
    return tuple(needed)


def _plainly_can(condition: ast.Condition, scope: Scope) -> bool:
    """Whether a condition can hold since each part of it can, or can not, whatever the others say."""
    leaves = list(leaves_in(condition))
    if any(isinstance(leaf, ast.InSegment) or not _is_plain(leaf) for leaf in leaves):
        return False
    roots = [_path(leaf)[0] for leaf in leaves if not isinstance(leaf, ast.InSegment)]
    return len(set(roots)) == len(roots) and not any(scope.types.get(root) == "time" for root in roots)


def _is_plain(comparison: ast.Comparison) -> bool:
    """Whether some values make a comparison true and others do not, as far as they are not times."""
    match comparison:
        case ast.Compare(_, "<" | "<=" | ">" | ">=", ast.Boolean()):
            return False
        case ast.StartsWith(_, operand):
            return isinstance(operand, ast.Text | ast.TriggerProperty)
        case _:
            return True


# Alternatives


class _Literal(NamedTuple):
    """A comparison or `in segment`, or that it does not hold."""

    term: ast.Comparison | ast.InSegment
    holds: bool


def _alternatives(
    condition: ast.Condition, scope: Scope, inside: frozenset[str], *, holds: bool
) -> Iterator[list[_Literal]]:
    """The ways in which a condition comes to hold, or not to hold; `inside` are the segments that it stands in."""
    match condition:
        case ast.Negation(term):
            yield from _alternatives(term, scope, inside, holds=not holds)
        case ast.AllOf(terms) | ast.AnyOf(terms) if isinstance(condition, ast.AllOf) is holds:
            yield from _combined(terms, scope, inside, holds=holds)
        case ast.AllOf(terms) | ast.AnyOf(terms):
            for term in terms:
                yield from _alternatives(term, scope, inside, holds=holds)
        case ast.InSegment(name) if _can_look_into(name.text, scope, inside):
            of_segment = scope.segments[name.text].condition
            yield from _alternatives(of_segment, scope, inside | {name.text}, holds=holds)
        case _:
            yield [_Literal(condition, holds)]


def _can_look_into(segment: str, scope: Scope, inside: frozenset[str]) -> bool:
    """Whether a segment is there, does not ask for itself, and does not stand too deep."""
    return segment in scope.segments and segment not in inside and len(inside) < DEEPEST


def _combined(
    terms: Sequence[ast.Condition], scope: Scope, inside: frozenset[str], *, holds: bool
) -> Iterator[list[_Literal]]:
    """One alternative of each term, in every combination; of none more than the budget has room for."""
    ways = [list(islice(_alternatives(t, scope, inside, holds=holds), MOST_ALTERNATIVES + 1)) for t in terms]
    for chosen in product(*ways):
        yield [literal for literals in chosen for literal in literals]


# What one alternative says, as a tree of properties


@dataclass(slots=True)
class _Node:
    """A property, what is said of it, and the properties inside it."""

    atoms: list[Atom] = field(default_factory=list)
    inside: dict[str, "_Node"] = field(default_factory=dict)


def _solve_together(literals: Sequence[_Literal], scope: Scope) -> Solution:
    root, all_known = _Node(), True
    for literal in dict.fromkeys(literals):
        atom = _atom(literal, scope)
        all_known = all_known and atom is not None and atom.comparison is literal.term
        if atom is not None:
            node = root
            for segment in _path(atom.comparison):
                node = node.inside.setdefault(segment, _Node())
            node.atoms.append(atom)
    found = _solve_inside(root, ())
    return found if all_known or found is NEVER else UNKNOWN


def _path(comparison: ast.Comparison) -> Segments:
    subject = comparison.subject
    return subject.path.segments if isinstance(subject, ast.Attribute) else subject.segments


def _atom(literal: _Literal, scope: Scope) -> Atom | None:
    """What is known to follow; None: nothing."""
    term, holds = literal
    if isinstance(term, ast.InSegment):
        return None  # it does not exist, or asks for itself
    if any(isinstance(operand, ast.TriggerProperty) for operand in operands_of(term)):
        return Atom(ast.IsPresent(term.subject, term.span), holds=True) if holds else None
    path = _path(term)
    return Atom(term, holds, is_time=len(path) == 1 and scope.types.get(path[0]) == "time", zone=scope.zone)


def _solve_inside(node: _Node, path: Segments) -> Solution:
    """Values for all that is inside an object, each by itself."""
    values: dict[Segments, Any] = {}
    answer: Undecided | None = None
    for segment, inner in node.inside.items():
        match _solve_node(inner, (*path, segment)):
            case Example(found):
                values.update(found)
            case Undecided.NEVER:
                return NEVER
            case Undecided.UNKNOWN:
                answer = UNKNOWN
            case other:
                assert_never(other)
    return answer or Example(values)


def _solve_node(node: _Node, path: Segments) -> Solution:
    """A value for a property: one that has nothing inside, or an object with what is asked for inside."""
    if _all_missing(node):
        for value in candidates(node.atoms):
            if _are_true(node.atoms, value):
                return Example({} if value is None else {path: value})
    answer: Solution = NEVER if not _all_missing(node) or are_enough(node.atoms) else UNKNOWN
    if node.inside and _are_true(node.atoms, {}):
        found = _solve_inside(node, path)
        return found if isinstance(found, Example) or answer is NEVER else answer
    return answer


def _are_true(atoms: Sequence[Atom], value: object) -> bool:
    return all(atom.is_true_of(value) for atom in atoms)


def _all_missing(node: _Node) -> bool:
    """Whether everything inside may be missing."""
    return all(_are_true(inner.atoms, None) and _all_missing(inner) for inner in node.inside.values())
