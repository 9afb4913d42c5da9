"""The waiting that a tool for matching leaves to the program around it: the hand-written loop's heap and dict."""

from heapq import heappop, heappush

from tests.benchmarks.contenders import DAY, Decision


class Waits:
    """Who waits, what is due, and what was decided so far."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self._due: list[tuple[int, int, str, str, int]] = []
        self._waiting: dict[str, int] = {}
        self._number = 0

    def until(self, time: int) -> None:
        """Send what is due."""
        while self._due and self._due[0][0] <= time:
            at, started, user, trigger, triggered_at = heappop(self._due)
            if self._waiting.get(user) == started:
                del self._waiting[user]
                self.decisions.append((user, at, trigger, triggered_at))

    def start(self, user: str, trigger: str, time: int) -> None:
        """Start a wait, unless the user waits already."""
        if user not in self._waiting:
            self._number += 1
            self._waiting[user] = self._number
            heappush(self._due, (time + DAY, self._number, user, trigger, time))

    def cancel(self, user: str) -> None:
        """A purchase ends the user's wait."""
        self._waiting.pop(user, None)
