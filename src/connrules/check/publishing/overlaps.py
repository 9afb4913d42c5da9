"""How the time of a source and that of its follow-on overlap: what of the source counts for nothing."""

from typing import NamedTuple

from connrules.catalog import ALWAYS
from connrules.check.publishing.pairs import Pair
from connrules.check.publishing.times import Intervals, before, is_dated, since
from connrules.check.waits.too_late import meet


class Overlap(NamedTuple):
    """What of the time in which a source can trigger a rule is before its follow-on, with it, and after it."""

    lived: Intervals
    early: Intervals
    """Before the follow-on is active for the first time."""
    together: Intervals
    late: Intervals
    """After it was active for the last time. Pauses between are neither: who pauses a campaign means it."""


def overlap_of(pair: Pair) -> Overlap | None:
    """The overlap of a pair; None where one of the two has no dates, and there is nothing to compare."""
    lived, target = pair.lived, pair.target.intervals
    if not is_dated(pair.when) or not target:
        return None
    if target == ALWAYS:
        return Overlap(lived, (), lived, ())
    end = target[-1][1]
    late = since(lived, end) if end is not None else ()
    return Overlap(lived, before(lived, target[0][0]), meet(lived, target), late)
