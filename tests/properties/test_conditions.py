"""Conditions mean to the engine what they mean to the reference, whatever the values are."""

from typing import Any, assert_never

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.conditions import PATHS, TIME, conditions, properties

from connrules import ast, plan
from connrules.reference.conditions import Facts, holds
from connrules.run.conditions import Conditions, trigger_paths
from connrules.run.values import look_up
from connrules.text import Span

NOWHERE = Span(0, 0)
_FROM_TRIGGER = st.sampled_from(PATHS).map(plan.FromTrigger)


@given(condition=conditions(), facts=st.lists(properties(), min_size=1, max_size=8))
def test_a_condition_means_what_it_means_to_the_reference(
    condition: plan.Condition, facts: list[dict[str, Any]]
) -> None:
    predicate = Conditions().predicate(condition)

    assert [predicate(values, ()) for values in facts] == [_holds(condition, values) for values in facts]


@given(condition=conditions(), facts=properties(), trigger=properties(), data=st.data())
def test_so_does_one_that_looks_at_the_trigger(
    condition: plan.Condition, facts: dict[str, Any], trigger: dict[str, Any], data: st.DataObject
) -> None:
    condition = _of_trigger(condition, data)
    paths = sorted(trigger_paths(condition))
    kept = tuple(look_up(trigger, path) for path in paths)

    assert Conditions().predicate(condition, paths)(facts, kept) == _holds(condition, facts, trigger)


def _of_trigger(condition: plan.Condition, data: st.DataObject) -> plan.Condition:
    """The same condition, with some of its literals replaced by properties of the trigger."""
    match condition:
        case plan.Negation(term):
            return plan.Negation(_of_trigger(term, data))
        case plan.AllOf(terms) | plan.AnyOf(terms):
            return type(condition)(tuple(_of_trigger(term, data) for term in terms))
        case plan.Compare(path, operator, _, instant) if data.draw(st.booleans()):
            return plan.Compare(path, operator, data.draw(_FROM_TRIGGER), instant)
        case plan.OneOf(path, operands, instant):
            return plan.OneOf(path, (data.draw(_FROM_TRIGGER), *operands), instant)
        case plan.Contains(path) | plan.StartsWith(path) if data.draw(st.booleans()):
            return type(condition)(path, data.draw(_FROM_TRIGGER))
        case _:
            return condition


def _holds(condition: plan.Condition, facts: dict[str, Any], trigger: dict[str, Any] | None = None) -> bool:
    return holds(_as_ast(condition), Facts(facts, {TIME[0]: "time"}, trigger or {}))


def _as_ast(condition: plan.Condition) -> ast.Condition:
    match condition:
        case plan.Compare(path, operator, operand):
            return ast.Compare(_path(path), operator, _operand(operand), NOWHERE)
        case plan.OneOf(path, operands):
            return ast.OneOf(_path(path), tuple(map(_operand, operands)), NOWHERE)
        case plan.Contains(path, operand):
            return ast.Contains(_path(path), _operand(operand), NOWHERE)
        case plan.StartsWith(path, operand):
            return ast.StartsWith(_path(path), _operand(operand), NOWHERE)
        case plan.IsMissing(path):
            return ast.IsMissing(_path(path), NOWHERE)
        case plan.Negation(term):
            return ast.Negation(_as_ast(term), NOWHERE)
        case plan.AllOf(terms):
            return ast.AllOf(tuple(map(_as_ast, terms)), NOWHERE)
        case plan.AnyOf(terms):
            return ast.AnyOf(tuple(map(_as_ast, terms)), NOWHERE)
        case plan.InSegment():
            raise AssertionError("conditions on events speak of no segment")
        case _:
            assert_never(condition)


def _path(path: plan.Path) -> ast.Path:
    return ast.Path(path, NOWHERE)


def _operand(operand: plan.Operand) -> ast.Operand:
    match operand:
        case plan.FromTrigger(path):
            return ast.TriggerProperty(_path(path), NOWHERE)
        case plan.Value(bool() as value):
            return ast.Boolean(value, NOWHERE)
        case plan.Value(int() as value, True):
            return ast.Instant(value, False, "", NOWHERE)
        case plan.Value(str() as value):
            return ast.Text(value, NOWHERE)
        case plan.Value(int() | float() as value):
            return ast.Number(value, NOWHERE)
        case _:
            raise AssertionError(f"no literal: {operand}")
