"""Several workers give what one engine gives, byte for byte, wherever the log is cut into pieces."""

import pickle
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.properties.histories import Look, histories, looks
from tests.properties.test_engine import UNTIL, checked_rules

import connrules
from connrules.check import Checked
from connrules.connectors import streams
from connrules.connectors.streams import Lines
from connrules.plan import Plan
from connrules.replay.jobs import ranges
from connrules.replay.jobs.hub import Hub
from connrules.replay.jobs.messages import Answer, Finish, Finished, Round
from connrules.replay.jobs.pipes import Pipe
from connrules.replay.jobs.ranges import Ranges
from connrules.replay.jobs.worker import Task, Worker
from connrules.replay.outcomes import encode_batch
from connrules.replay.stream import StreamReplay

NO_EVENTS = (b"", b" ", b"{", b"[]", b'{"user":"u1"}', b"\xff", b'{"user":"u1","type":"purchase","time":"now"}')
UNKNOWN = (b'{"user":"u1","type":"%s","time":%d}', b'{"user":"u2","type":"opened_push","campaign":"%s","time":%d}')


@dataclass
class Seen:
    """All that a run gives."""

    lines: bytes = b""
    rejects: list[tuple[int, bytes, str]] = field(default_factory=list)
    late: list[bytes] = field(default_factory=list)
    sums: tuple[object, ...] = ()

    def reject(self, number: int, line: bytes, why: str) -> None:
        self.rejects.append((number, line, why))

    def at_the_end_of(self, run: StreamReplay | Hub) -> "Seen":
        self.sums = (astuple(run.counts), run.newest, run.rejected, run.like_seconds, run.worst_late)
        return self


class Desk:
    """Workers without processes; what goes to and fro is copied, as it is between processes."""

    def __init__(self, task: Task) -> None:
        self._workers = [Worker(task) for _ in range(task.jobs)]
        self._rounds: list[Round] = []

    def tell(self, rounds: Sequence[Round]) -> None:
        self._rounds = [_copied(each) for each in rounds]

    def answers(self) -> list[Answer]:
        return [_copied(w.answer(each)) for w, each in zip(self._workers, self._rounds, strict=True)]

    def finish(self, message: Finish) -> list[Finished]:
        return [_copied(worker.answer(message)) for worker in self._workers]

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def _copied(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """A history as a log, with some lines that are no events, or of events about what is unknown."""
    history = draw(histories())
    lines = [msgspec.json.encode(event) for event in history]
    times = st.sampled_from([event.time for event in history] or [0])
    strange = st.sampled_from(NO_EVENTS) | st.builds(
        lambda form, what, time: form % (what, time), st.sampled_from(UNKNOWN), st.sampled_from([b"x", b"y"]), times
    )
    for place, line in draw(st.lists(st.tuples(st.integers(0, len(lines)), strange), max_size=6)):
        lines.insert(place, line)
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    bom = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return bom + end.join(lines) + draw(st.sampled_from([b"", end]))


def of_one(plan: Plan, path: Path, look: Look, until: int | None) -> Seen:
    seen = Seen()
    lines = Lines(path)
    engine = connrules.Engine(plan, **look.options)
    replay = StreamReplay(engine, lines, on_reject=seen.reject, on_late=seen.late.append)
    seen.lines = b"".join(encode_batch(batch, everything=True) for batch in replay.batches(until))
    lines.close()
    return seen.at_the_end_of(replay)


def of_several(task: Task, until: int | None, log: Ranges | Pipe) -> Seen:
    seen = Seen()
    with closing(Desk(task)) as desk:
        hub = Hub(task, log, desk, on_reject=seen.reject, on_late=seen.late.append)
        seen.lines = b"".join(hub.batches(until))
    return seen.at_the_end_of(hub)


@given(
    checked=checked_rules(),
    log=logs(),
    until=UNTIL,
    look=looks(),
    jobs=st.integers(2, 4),
    longest=st.integers(1, 2_000),
    rest=st.sampled_from([0, 1, 100, 4_096]),
    sent_to=st.booleans(),
)
def test_several_workers_give_what_one_engine_gives(
    checked: Checked, log: bytes, until: int | None, look: Look, jobs: int, longest: int, rest: int, sent_to: bool
) -> None:
    plan = connrules.compile_rules(checked)
    assume(not any(trigger.rule for rule in plan.rules for trigger in rule.triggers))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        path.write_bytes(log)
        task = Task(plan, jobs, None if sent_to else path, True, True, look.lateness, look.dedupe, look)

        one = of_one(plan, path, look, until)

        if sent_to:
            with patch.object(streams, "_CHUNK", longest), closing(Lines(path)) as lines:
                several = of_several(task, until, Pipe(lines))
        else:
            with patch.object(ranges, "_REST", rest):
                several = of_several(task, until, Ranges(len(log), jobs, longest))

    assert several == one
    event(f"late: {bool(one.late)}, rejects: {bool(one.rejects)}, repeated: {bool(look.dedupe)}")
