"""What the tests of durable engines share: a plan, events for it, and a store that can be watched."""

import connrules
from connrules import Batch, DurableEngine, Event, MemoryStore, Outcome, StoreError

DAY = 86_400_000


def plan(rules: str = "rule r: on purchase after 1d unless session_start send X") -> connrules.Plan:
    return connrules.compile_rules(connrules.loads(rules))


PLAN = plan()


def purchase(user: str = "u", time: int = 0) -> Event:
    return Event(user=user, type="purchase", time=time, id=f"{user}{time}")


def users(outcomes: list[Outcome]) -> list[str]:
    return [outcome.user for outcome in outcomes]


def left(engine: DurableEngine) -> list[str]:
    return [outcome.user for _, outcome in engine.undelivered()]


class Watched(MemoryStore):
    """Counts commits, and fails at the next if told to."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []
        self.fails = False
        self.is_closed = 0

    def commit(self, batch: Batch) -> None:
        if self.fails:
            raise StoreError("no room is left", "make room")
        super().commit(batch)
        self.batches.append(batch)

    def close(self) -> None:
        self.is_closed += 1


def due(engine: DurableEngine, *names: str) -> list[Outcome]:
    """Have sends go out to some users."""
    now = (engine.watermark or 0) + 1
    engine.feed_many([purchase(name, now) for name in names])
    return engine.advance_to(now + DAY)
