"""`connrules run` with a state, or over a log that grows: it may be stopped at any moment, and goes on later."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from connrules.cli.clock import now
from connrules.cli.exit import ExitCode, ShellError, Terminated
from connrules.cli.lasting import Lasting
from connrules.cli.outputs import open_anew
from connrules.cli.report import Progress, Rejections, note, render_counts, say, warn, warn_after
from connrules.cli.standing.carried import effects_on, notes_on, warnings_on
from connrules.cli.stopping import Stopping
from connrules.connectors.position import Position
from connrules.connectors.rotation import Search, check_log
from connrules.connectors.rows import RowReader
from connrules.connectors.sinks import SinkError, StreamSink
from connrules.connectors.source import Follower, LogSource
from connrules.connectors.sqlite import SqliteStore
from connrules.connectors.tail import Piece
from connrules.durable.engine import DurableEngine
from connrules.event import Kind
from connrules.files import STANDARD, UnreadableError
from connrules.plan import Plan
from connrules.replay.choice import Options
from connrules.replay.lasting import LastingReplay, PassingEngine, Saved
from connrules.replay.outputs import LATE, OUTCOMES, REJECTS, Outputs, open_outputs
from connrules.run.ports import StoreError

_IDLE: Final = 1_000
"""Milliseconds."""


class LastingRun:
    """One run: what is read, what is written, and what is said of it."""

    def __init__(  # noqa: PLR0913  # the options of the command
        self,
        plan: Plan,
        events: Path,
        lasting: Lasting,
        options: Options,
        *,
        output: Path | None,
        rejects: Path | None,
        late: Path | None,
    ) -> None:
        self._plan = plan
        self._events = events
        self._lasting = lasting
        self._options = options
        self._outputs = {OUTCOMES: None if str(output) == STANDARD else output}
        self._outputs |= {name: path for name, path in ((REJECTS, rejects), (LATE, late)) if path}
        self._rejections = Rejections(kept=rejects is not None)
        self._stopping = Stopping()
        self._notes: list[str] = []
        with _in_words(), ExitStack() as stack:
            self._check(events)
            engine = self._open_engine()
            stack.callback(engine.close)
            self._source = self._open_source(events)
            stack.callback(self._source.close)
            self._replay = self._open_replay(engine, self._source.begin)
            stack.pop_all()

    def to_the_end(self, until: int | None, *, quiet: bool) -> int:
        """Read, run, write, and say how it went. Where it is stopped, what was read by then is done with."""
        for text in () if quiet else self._notes:
            note(text)
        stopped: KeyboardInterrupt | None = None
        progress = Progress(self._source)
        with _in_words(), ExitStack() as stack, self._stopping:
            stack.callback(self._replay.close)
            stack.callback(self._source.close)
            stack.callback(progress.clear)
            try:
                for _ in self._replay.steps(self._pieces()):
                    if not quiet:
                        progress.tick()
                if until is not None:
                    self._replay.advance_to(until)
            except KeyboardInterrupt as signal:
                stopped = signal
            self._replay.settle()
        if not self._source.is_there:
            warn(f"{self._events}: it is not there; run again when it is")
        warn_after(
            self._replay, hidden=self._rejections.hidden(self._replay), until=until, lateness=self._options.lateness
        )
        if not quiet:
            say(render_counts(self._replay, self._plan, self._options.dedupe, self._replay.figures))
            self._say_how_it_goes_on()
        return self._code(stopped)

    def _code(self, stopped: KeyboardInterrupt | None) -> int:
        """Following ends only by being stopped: that is a good end where it was asked for by SIGTERM."""
        match stopped:
            case None:
                return ExitCode.REJECTED if self._replay.rejected else ExitCode.CLEAN
            case Terminated():
                return ExitCode.CLEAN if self._lasting.follows else ExitCode.TERMINATED
            case _:
                return ExitCode.INTERRUPTED

    def _pieces(self) -> Iterator[Piece | None]:
        if isinstance(self._source, LogSource):
            return self._source.pieces()
        idle = _IDLE if self._lasting.idle is None else self._lasting.idle
        return self._source.pieces(idle / 1_000)

    def _open_engine(self) -> DurableEngine | PassingEngine:
        given = self._options
        kinds = None if given.everything else {Kind.SENT}
        made: dict[str, Any] = {
            "lateness": given.lateness,
            "dedupe": given.dedupe,
            "profiles": given.profiles,
            "kinds": kinds,
        }
        self._saved: Saved | None = None
        if self._lasting.state is None:
            return PassingEngine(self._plan, **made)
        changed = self._lasting.changed or "pin"
        with ExitStack() as stack:
            store = SqliteStore(self._lasting.state)
            stack.callback(store.close)
            effects = effects_on(store, self._plan, changed, given.profiles)
            engine = DurableEngine(self._plan, store, changed=changed, **made)
            stack.callback(engine.close)
            for text in warnings_on(effects):
                warn(text)
            self._saved = Saved.read(engine.position) if engine.position else None
            self._notes += notes_on(effects)
            stack.pop_all()
        return engine

    def _check(self, events: Path) -> None:
        """Before a state is begun the log has to be there, if it is not waited for."""
        state = self._lasting.state
        if events.exists() or state is None or not (self._lasting.follows or state.exists()):
            check_log(events)

    def _open_source(self, events: Path) -> LogSource | Follower:
        before = self._saved.log if self._saved else None
        waits = self._lasting.follows and self._lasting.state is not None
        search = Search(events, self._notes.append, warn, waits=waits)
        return Follower(search, before, time.sleep, warn) if self._lasting.follows else LogSource(search, before)

    def _open_replay(self, engine: DurableEngine | PassingEngine, begin: Position) -> LastingReplay:
        lines: dict[str, bytes] = {}
        if isinstance(engine, PassingEngine):
            writers = open_anew(list(self._outputs.values()))
            outputs = Outputs(
                engine, {name: StreamSink(w, 0) for name, w in zip(self._outputs, writers, strict=True)}, {}
            )
        else:
            before = self._saved.outputs if self._saved else {}
            outputs, lines = open_outputs(engine, self._outputs, before, warn)
        replay = LastingReplay(
            engine,
            RowReader(engine.needs),
            outputs,
            begin,
            on_reject=self._rejections.tell,
            uninterrupted=self._stopping.uninterrupted,
            clock=now if self._lasting.follows else None,
        )
        with ExitStack() as stack:
            stack.callback(outputs.close)
            replay.begin(lines)
            stack.pop_all()
        return replay

    def _say_how_it_goes_on(self) -> None:
        if self._source.half_line:
            note("the last line of the log is half written, and waits for its end")
        if self._lasting.state is not None:
            say(f"  state: {self._lasting.state}; the same command goes on from here")
        elif self._replay.figures.waits:
            note("what waits is forgotten now: --state FILE keeps it")


@contextmanager
def _in_words() -> Iterator[None]:
    """What cannot be read, kept or written ends the run, in words."""
    try:
        yield
    except UnreadableError as error:
        raise ShellError(str(error), error.help or "check the path after --events") from None
    except (StoreError, SinkError) as error:
        raise ShellError(str(error), error.help) from None
