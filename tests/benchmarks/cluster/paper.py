"""A plan on paper for more than was ever measured: what is asked of it, and each step of the arithmetic."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from tests.benchmarks.cluster.contenders import Pace
from tests.benchmarks.cluster.log import write_log
from tests.benchmarks.cluster.sizes import Size

_USERS: Final = 10**9
_EVENTS: Final = 10**10
"""A day."""
_PEAK: Final = 3
"""How many times the mean the busiest hour is."""
_WAITING: Final = 10
"""One user in so many waits at a time."""
_BUSY: Final = 0.5
"""The share of a core that is to be in use at the peak: the rest is for catching up after a failure."""
_DAYS: Final = 7
_COPIES: Final = 3


class Step(NamedTuple):
    """A step of the arithmetic."""

    what: str
    how: str
    result: str


def plan_on_paper(paces: Sequence[Pace], sizes: Sequence[Size]) -> list[Step]:
    """The steps; none, where not all that they need was measured."""
    cpu = {pace.race.name: pace.cpu for pace in paces}
    each = {size.title: size.each for size in sizes}
    if not {"thread-1-5", "engine-1-5"} <= cpu.keys() or not each:
        return []
    mean = _EVENTS / 86_400
    peak = mean * _PEAK
    waiting = _USERS // _WAITING
    line = _bytes_of_line()
    slots = ceil(peak * cpu["thread-1-5"] / _BUSY)
    kept = _EVENTS * line * _DAYS * _COPIES
    return [
        Step("events a second, mean", f"{_EVENTS:,} ÷ 86,400", f"{mean:,.0f}"),
        Step("events a second, peak", f"× {_PEAK}", f"{peak:,.0f}"),
        Step(
            "slots, thread mode, 5 % relevant",
            f"× {cpu['thread-1-5'] * 1e6:.1f} µs of CPU an event ÷ {_BUSY:.0%} busy",
            f"{slots:,}, in as many TaskManagers",
        ),
        Step("users who wait", f"{_USERS:,} ÷ {_WAITING}", f"{waiting:,}"),
        Step(
            "checkpoint, hashmap",
            f"× {each['checkpoint, hashmap']:,.0f} bytes",
            f"{waiting * each['checkpoint, hashmap'] / 1e9:,.0f} GB",
        ),
        Step(
            "heap, hashmap",
            f"× {each['heap of Java, hashmap']:,.0f} bytes",
            f"{waiting * each['heap of Java, hashmap'] / 1e9:,.0f} GB, "
            f"{waiting * each['heap of Java, hashmap'] / slots / 1e6:,.0f} MB a slot",
        ),
        Step(
            "checkpoint, RocksDB",
            f"× {each['checkpoint, rocksdb']:,.0f} bytes",
            f"{waiting * each['checkpoint, rocksdb'] / 1e9:,.0f} GB",
        ),
        Step("read from Kafka, peak", f"peak × {line:.0f} bytes a line", f"{peak * line / 1e6:,.0f} MB a second"),
        Step("partitions", "as many as slots, and a multiple of them", f"{slots:,} or more"),
        Step("kept in Kafka", f"{_DAYS} days, {_COPIES} copies", f"{kept / 1e12:,.0f} TB"),
        Step(
            "the same with engines in processes of their own",
            f"peak × {cpu['engine-1-5'] * 1e6:.1f} µs of CPU an event ÷ {_BUSY:.0%} busy",
            f"{ceil(peak * cpu['engine-1-5'] / _BUSY):,} cores",
        ),
    ]


def _bytes_of_line() -> float:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        write_log(log, 10_000, 0.05)
        return log.stat().st_size / 10_000
