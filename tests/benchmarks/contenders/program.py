"""The whole program for the one rule: a log of JSON lines in, decisions as JSON lines out.

    python program.py json|orjson LOG DECISIONS

The lines that it writes are those of `connrules run`, ids included.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from importlib import import_module
from pathlib import Path
from typing import Any

DAY = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Decision = tuple[int, int, str, str, int]
Loads = Callable[[bytes], Any]
Dumps = Callable[[Any], bytes]


def main(library: str, log: str, decisions: str) -> None:
    loads, dumps = coders(library)
    with Path(log).open("rb") as lines, Path(decisions).open("wb", buffering=1 << 20) as out:
        write = out.write
        for decision in decide(lines, loads):
            write(line_of(decision, dumps))


def coders(library: str) -> tuple[Loads, Dumps]:
    """How to read and to write JSON."""
    if library == "orjson":
        orjson = import_module("orjson")
        return orjson.loads, orjson.dumps
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    return json.loads, lambda value: encode(value).encode()


def decide(lines: Iterable[bytes], loads: Loads) -> Iterable[Decision]:
    """A heap of what is due, a dict of who waits; what is cancelled stays in the heap until it is due."""
    due: list[Decision] = []
    waiting: dict[str, int] = {}
    number = 0
    for line in lines:
        event = loads(line)
        time = event["time"]
        if type(time) is str:
            time = (datetime.fromisoformat(time) - EPOCH) // MILLISECOND
        while due and due[0][0] <= time:
            decision = heappop(due)
            if waiting.get(decision[2]) == decision[1]:
                del waiting[decision[2]]
                yield decision
        kind = event["type"]
        if kind == "received_push":
            if event["campaign"] == "Cart 00000":
                user = event["user"]
                if user not in waiting:
                    number += 1
                    waiting[user] = number
                    heappush(due, (time + DAY, number, user, event["id"], time))
        elif kind == "purchase":
            waiting.pop(event["user"], None)


def line_of(decision: Decision, dumps: Dumps) -> bytes:
    """The line of a decision."""
    at, _, user, trigger, triggered_at = decision
    named = dumps(["cart_reminder", user, None, trigger, triggered_at])
    line = {
        "id": hashlib.sha256(named).hexdigest()[:32],
        "outcome": "sent",
        "rule": "cart_reminder",
        "user": user,
        "send": "Cart Reminder",
        "at": iso(at),
        "trigger": trigger,
        "triggered_at": iso(triggered_at),
    }
    return dumps(line) + b"\n"


def iso(ms: int) -> str:
    """An instant as `2026-03-02T10:00:00.250Z`; milliseconds only where there are any."""
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")[:-6] + "Z"


if __name__ == "__main__":
    main(*sys.argv[1:])
