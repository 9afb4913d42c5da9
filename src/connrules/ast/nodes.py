"""What makes a class a node: frozen, slotted, equal to another of its kind that means the same.

It does what `dataclass(frozen=True, slots=True)` does, which compiles seven functions for each class whenever it is
imported; for fifty nodes that takes longer than to parse a hundred rules. Here they share these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

Class = TypeVar("Class", bound=type)


def span_field() -> Any:
    """The field for where a node stands, which says nothing of what it means."""
    return field(compare=False, repr=False)


def spelling_field() -> Any:
    """The field for how a value was written."""
    return field(compare=False, repr=False)


@dataclass_transform(frozen_default=True, field_specifiers=(field, span_field, spelling_field))
def node(class_: Class) -> Class:
    """The class as a frozen dataclass with slots."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(class_)
    blank = {part.name: part.default for part in fields(made)}
    puts = [vars(made)[name].__set__ for name in blank]
    meaning = _getter([part.name for part in fields(made) if part.compare])
    shown = [part.name for part in fields(made) if part.repr]

    def init(self: Any, *values: Any, **named: Any) -> None:
        if named or len(values) != len(puts):
            values = _completed(made, blank, values, named)
        for put, value in zip(puts, values):  # noqa: B905  # to count once more takes a third of the time
            put(self, value)

    def equals(self: Any, other: object) -> Any:
        return meaning(self) == meaning(other) if other.__class__ is made else NotImplemented

    made.__init__ = init
    made.__eq__ = equals
    made.__hash__ = lambda self: hash(meaning(self))
    made.__repr__ = lambda self: (
        f"{made.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"
    )
    made.__reduce__ = lambda self: (made, tuple(getattr(self, name) for name in blank))
    made.__setattr__ = made.__delattr__ = _refuse
    return made  # type: ignore[no-any-return]  # the class as it was, to those who use it


def _getter(names: Sequence[str]) -> Callable[[object], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _completed(
    class_: type, blank: Mapping[str, Any], values: Sequence[Any], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """All values in order: by place, by name, or by default. Raises TypeError where one lacks or is too many."""
    placed = dict(zip(blank, values, strict=False))
    whole = {**blank, **placed, **named}
    if len(values) > len(placed) or len(whole) > len(blank) or placed.keys() & named.keys():
        raise TypeError(f"{class_.__name__} takes {', '.join(blank)}, each once")
    for name, value in whole.items():
        if value is MISSING:
            raise TypeError(f"{class_.__name__} lacks {name}")
    return tuple(whole.values())


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"a {type(self).__name__} is frozen: its {name} cannot be changed")
