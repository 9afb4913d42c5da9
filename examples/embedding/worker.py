"""A worker: reads events from a log that grows, decides, and hands each decision to another system over HTTP.

It may be killed at any moment and started again. Its state, how far it has read, and the decisions that are not
delivered are in one file, always of the same moment. A decision may be handed over twice, once before and once after it
was killed; it has the same id then, so the receiver drops the second.
"""

import argparse
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

import connrules

MOST = 500
"""So many events at most are decided in one transaction."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("plan", type=Path, help="what `connrules compile` wrote")
    options.add_argument("state", type=Path, help="the file that holds the state; it is made where it is not there")
    options.add_argument("log", type=Path, help="events, one JSON object a line")
    options.add_argument("receiver", help="the URL that decisions are posted to")
    options.add_argument("--lateness", type=int, default=0, help="in milliseconds")
    options.add_argument("--clock", action="store_true", help="time passes though no event comes")
    given = options.parse_args()

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    plan = connrules.Plan.from_json(given.plan.read_bytes())
    decisions = {connrules.Kind.SENT}
    with (
        connrules.DurableEngine.open(given.state, plan, lateness=given.lateness, kinds=decisions) as engine,
        given.log.open("rb") as log,
    ):
        log.seek(int(engine.position or b"0"))
        while not stop.is_set():
            lines = read(log)
            if lines:
                engine.feed_many(parse(lines), position=b"%d" % log.tell())
            elif given.clock:
                let_time_pass(engine)
            if not deliver(engine, given.receiver) or not lines:
                engine.commit()  # what was acknowledged
                stop.wait(0.2)


def read(log: BinaryIO) -> list[bytes]:
    """The next whole lines; a line that is being written is left for the next time."""
    lines: list[bytes] = []
    while len(lines) < MOST and (line := log.readline()):
        if not line.endswith(b"\n"):
            log.seek(-len(line), 1)
            break
        lines.append(line)
    return lines


def parse(lines: list[bytes]) -> list[connrules.Event]:
    events = []
    for line in lines:
        try:
            events.append(connrules.parse_event(line))
        except connrules.EventError as error:
            print(f"no event: {error}", file=sys.stderr)
    return events


def let_time_pass(engine: connrules.DurableEngine) -> None:
    """Sends go out when they are due, though no event comes."""
    until = time.time_ns() // 1_000_000 - engine.lateness
    if engine.next_due is not None and engine.next_due <= until:
        engine.advance_to(until)


def deliver(engine: connrules.DurableEngine, receiver: str) -> bool:
    """Hand over what is not delivered, in order; False: the receiver does not answer, so the rest is for later."""
    for mark, decision in engine.undelivered():
        request = urllib.request.Request(
            receiver, connrules.encode_outcome(decision), headers={"Idempotency-Key": decision.id}
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            print(f"{receiver}: {error}", file=sys.stderr)
            return False
        engine.acknowledge(mark)
    return True


if __name__ == "__main__":
    try:
        main()
    except connrules.StoreError as error:
        sys.exit(f"{error}; {error.help}")
    except (OSError, connrules.PlanError) as error:  # a file that is not there, or holds no plan
        sys.exit(str(error))
