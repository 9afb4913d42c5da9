"""Random conditions on the properties of events, as plans hold them, and random properties to try them on.

Values are few, so that they often meet, and such as differ in type or in the way they are written alone.
"""

from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from connrules import plan

_CAFE, _CAFE_IN_TWO = "caf\u00e9", "cafe\u0301"
LITERALS: Final = ("", "a", "b", "K", _CAFE, "2006-10-29", "nowhere", True, False, 0, 1, 1.0, 2, 2.5, -3, 10**30, 1e30)
VALUES: Final[tuple[Any, ...]] = (
    *LITERALS,
    *(None, _CAFE_IN_TWO, "\u212a", "2006-10-29T00:00:00+01:00", "aa", "ab", "a\U0010ffff", 1_162_080_000_000),
    *(float("nan"), float("inf"), -(10**400), [1, "a"], [_CAFE_IN_TWO, True], {"id": 1}, {}),
)
_INSTANTS: Final = (1_162_080_000_000, 1_162_076_400_000, 0)
PATHS: Final = (("amount",), ("amount",), ("sku",), ("sku",), ("cart", "id"), (_CAFE,), ("moment",))
TIME: Final = ("moment",)
"""The property that a catalog types as a time."""


@cache
def conditions() -> st.SearchStrategy[plan.Condition]:
    """Conditions that a trigger may have."""
    return st.recursive(_comparisons(), _combined, max_leaves=6)


@cache
def properties() -> st.SearchStrategy[dict[str, Any]]:
    """The properties of an event."""
    values = st.sampled_from(VALUES)
    carts = st.one_of(values, st.fixed_dictionaries({}, optional={"id": values, "size": values}))
    names = {"amount": values, "sku": values, "moment": values, _CAFE: values, _CAFE_IN_TWO: values, "cart": carts}
    return st.fixed_dictionaries({}, optional=names)


@cache
def by_one_property() -> st.SearchStrategy[list[plan.Condition]]:
    """Conditions of many rules that all are about one property, and alike."""
    kinds = (_equalities(), _ranges(2, 1, 2.5, 0, -3, 10**30), _ranges("b", "a", _CAFE, ""))
    return st.sampled_from(kinds).flatmap(lambda kind: st.lists(kind, min_size=9, max_size=30))


def _equalities() -> st.SearchStrategy[plan.Condition]:
    literals = st.builds(plan.Value, st.sampled_from(LITERALS))
    one_of = st.builds(plan.OneOf, st.just(("amount",)), st.lists(literals, min_size=1, max_size=4).map(tuple))
    return st.one_of(st.builds(plan.Compare, st.just(("amount",)), st.just("="), literals), one_of)


def _ranges(*bounds: str | float) -> st.SearchStrategy[plan.Condition]:
    literals = st.builds(plan.Value, st.sampled_from(bounds))
    ends = [
        st.builds(plan.Compare, st.just(("amount",)), st.sampled_from(o), literals) for o in ((">=", ">"), ("<", "<="))
    ]
    return st.one_of(*ends, st.tuples(*ends).map(plan.AllOf))


def _combined(terms: st.SearchStrategy[plan.Condition]) -> st.SearchStrategy[plan.Condition]:
    several = st.lists(terms, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        st.builds(plan.AllOf, several), st.builds(plan.AllOf, several), st.builds(plan.AnyOf, several), _not(terms)
    )


def _not(terms: st.SearchStrategy[plan.Condition]) -> st.SearchStrategy[plan.Condition]:
    return st.builds(plan.Negation, terms)


def _comparisons() -> st.SearchStrategy[plan.Condition]:
    paths = st.sampled_from(PATHS)
    operators = st.sampled_from(["=", "=", "!=", "<", "<=", ">", ">="])
    instants = st.builds(plan.Value, st.sampled_from(_INSTANTS), st.just(True))
    literals = st.builds(plan.Value, st.sampled_from(LITERALS)) | instants
    texts = st.builds(plan.Value, st.sampled_from([text for text in LITERALS if isinstance(text, str)]))
    return st.one_of(
        st.builds(_compare, paths, operators, literals),
        st.builds(_compare, paths, operators, literals),
        st.builds(_one_of, paths, st.lists(literals, min_size=1, max_size=4)),
        st.builds(plan.Contains, paths, literals),
        st.builds(plan.StartsWith, paths, texts),
        st.builds(plan.IsMissing, paths),
    )


def _compare(path: plan.Path, operator: plan.Operator, literal: plan.Value) -> plan.Condition:
    return plan.Compare(path, operator, literal, path == TIME)


def _one_of(path: plan.Path, literals: list[plan.Value]) -> plan.Condition:
    return plan.OneOf(path, tuple(literals), path == TIME)
