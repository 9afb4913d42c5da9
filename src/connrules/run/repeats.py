"""Events that come twice: the ids that were seen from each user, for as long as another sighting would be a repeat."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple


class Sighting(NamedTuple):
    """The last instant (epoch ms) at which an id was seen from a user."""

    user: str
    id: str
    time: int


class Repeats:
    """The ids seen in the last `horizon` milliseconds. Events come to it in their total order."""

    def __init__(self, horizon: int, seen: Iterable[Sighting] = ()) -> None:
        self.horizon = horizon
        self.fresh = 0
        """How many sightings there were since somebody looked."""
        self._seen = OrderedDict(((user, id_), time) for user, id_, time in seen)

    def __iter__(self) -> Iterator[Sighting]:
        """What is remembered, the oldest first."""
        return (Sighting(user, id_, time) for (user, id_), time in self._seen.items())

    def saw(self, user: str, id_: str, time: int) -> bool:
        """Take note of an id; whether it is a repeat. One that is seen again is remembered from then on."""
        self.forget(time)
        self.fresh += 1
        is_repeat = (user, id_) in self._seen
        self._seen[user, id_] = time
        self._seen.move_to_end((user, id_))
        return is_repeat

    def newest(self, count: int) -> list[Sighting]:
        """The last ones, so many or all there are, the oldest first."""
        found = [Sighting(user, id_, time) for (user, id_), time in islice(reversed(self._seen.items()), count)]
        return found[::-1]

    def forget(self, now: int) -> None:
        """Forget the ids that would be no repeats any more."""
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] < self.horizon:
                return
            del self._seen[oldest]
