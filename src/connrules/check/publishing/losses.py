"""What each wrong order has lost so far and is going to lose: the time in which a source ran ahead of its follow-on.

And of what has no safe order, which order loses least, where that can be said.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connrules.check.names.lifetime import is_over
from connrules.check.publishing.order import Key, PublishOrder, source_key, target_key
from connrules.check.publishing.overlaps import overlap_of
from connrules.check.publishing.pairs import Pair
from connrules.check.publishing.times import Intervals, before, is_dated, since


class Loss(NamedTuple):
    """The time of a source that counts for nothing, for its follow-on was, or will be, published later."""

    pair: Pair
    lived: Intervals
    so_far: Intervals
    """What of it is over as of the date."""
    to_come: Intervals
    """What is not, and can still be saved; by the dates, where the follow-on has one."""
    ends: bool
    """Whether the follow-on has a date: without one it goes on."""

    @property
    def missed(self) -> Intervals:
        """All of it."""
        return (*self.so_far, *self.to_come)


def losses_of(pairs: Iterable[Pair], order: PublishOrder) -> Iterator[Loss]:
    """The losses of those pairs, as of the date of the order."""
    for pair in pairs:
        if pair.is_to_itself or not is_dated(pair.when) or not pair.lived:
            continue
        lived, overlap = pair.lived, overlap_of(pair)
        if overlap is not None and overlap.early:
            yield Loss(pair, lived, before(overlap.early, order.as_of), since(overlap.early, order.as_of), ends=True)
        elif overlap is None and lived[0][0] <= order.as_of and not is_over(pair.target, order.as_of):
            yield Loss(pair, lived, before(lived, order.as_of), since(lived, order.as_of), ends=False)


class Detour(NamedTuple):
    """A cycle published one after the other: who comes first, and what that loses."""

    publish: tuple[Key, ...]
    loses: Pair


def least_harmful(cycle: Sequence[Pair], pairs: Iterable[Pair]) -> Detour | None:
    """The order of a cycle in which nobody is lost for good; None where there is none, or none better than another.

    Only where the cycle is all that joins its members, for then one pair in the wrong order mends the rest.
    """
    members = {source_key(pair) for pair in cycle}
    final: dict[tuple[Key, Key], bool] = {}
    for pair in pairs:
        ends = (source_key(pair), target_key(pair))
        if members.issuperset(ends) and not pair.is_to_itself:
            final[ends] = final.get(ends, False) or pair.is_final
    harmless = [n for n, pair in enumerate(cycle) if not final[source_key(pair), target_key(pair)]]
    if len(final) > len(cycle) or len(harmless) in {0, len(cycle)}:
        return None
    number = harmless[0]
    turned = [source_key(cycle[number - back]) for back in range(len(cycle))]
    return Detour(tuple(turned), cycle[number])
