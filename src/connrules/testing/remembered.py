"""What is worked out once for a rule set, however many of its tests ask for it."""

from collections.abc import Callable
from typing import TypeVar

from connrules.check import Checked

Answer = TypeVar("Answer")


def remembered(work: Callable[[Checked], Answer]) -> Callable[[Checked], Answer]:
    """The same function, with its answer kept for the rule set that it was asked of last."""
    last: list[tuple[Checked, Answer]] = []

    def ask(checked: Checked) -> Answer:
        if not last or last[0][0] is not checked:
            last[:] = [(checked, work(checked))]
        return last[0][1]

    return ask
