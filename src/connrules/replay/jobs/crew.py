"""The processes of the workers. One message to each of them is under way at a time, so none waits for another.

On Linux they are forked: they start at once, with the plan and the profiles that are in memory already. Elsewhere a
fork is not safe, or there is none, and they are spawned.
"""

import gc
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from connrules.files import UnreadableError, reason
from connrules.replay.jobs.messages import Answer, Failed, Finish, Finished, Round
from connrules.replay.jobs.worker import Task, Worker
from connrules.replay.outcomes import WorkerError

_HELD: Final = {signal.SIGINT, signal.SIGTERM}
_METHOD: Final = "fork" if sys.platform == "linux" else "spawn"


class Crew:
    """Workers, each in a process of its own. Raises WorkerError where they cannot be started."""

    def __init__(self, task: Task, method: str = _METHOD) -> None:
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        with ExitStack() as stack, _signals_held():
            stack.callback(self.close)
            for _ in range(task.jobs):
                self._start(task, method)
            stack.pop_all()

    @property
    def pids(self) -> list[int | None]:
        """The ids of the processes."""
        return [process.pid for process in self._processes]

    def tell(self, rounds: Sequence[Round]) -> None:
        """Send each worker what it is to do. Raises WorkerError where one is no more."""
        for place, each in enumerate(rounds):
            self._send(place, each)

    def answers(self) -> list[Answer]:
        """What each of them has done.

        Raises WorkerError where one is no more, UnreadableError where the log cannot be read.
        """
        return [self._receive(place) for place in range(len(self._connections))]

    def finish(self, message: Finish) -> list[Finished]:
        """Tell all of them that the log is at its end, and what they say to it. Raises as `answers` does."""
        for place in range(len(self._connections)):
            self._send(place, message)
        return [self._receive(place) for place in range(len(self._connections))]

    def close(self) -> None:
        """End the processes, whatever they are doing: they hold nothing that anyone still needs."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for connection in self._connections:
            connection.close()
        self._processes, self._connections = [], []

    def _start(self, task: Task, method: str) -> None:
        context: Any = multiprocessing.get_context(method)
        here, there = multiprocessing.Pipe()
        self._connections.append(here)
        inherited = self._connections if method == "fork" else []
        with there:
            process: BaseProcess = context.Process(target=_work, args=(there, task, inherited), daemon=True)
            try:
                process.start()
            except OSError as error:
                raise WorkerError(f"cannot start a worker: {reason(error)}", "run with fewer --jobs") from None
            self._processes.append(process)

    def _send(self, place: int, message: Round | Finish) -> None:
        try:
            self._connections[place].send(message)
        except OSError:
            raise self._lost(place) from None

    def _receive(self, place: int) -> Any:
        try:
            answer = self._connections[place].recv()
        except (EOFError, OSError):
            raise self._lost(place) from None
        if isinstance(answer, Failed):
            raise _failure(answer)
        return answer

    def _lost(self, place: int) -> WorkerError:
        process = self._processes[place]
        process.join(1)
        code = process.exitcode or 0
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return WorkerError(
            f"worker {place + 1} of {len(self._processes)} {how}; the decisions written so far are not all",
            "was there memory enough? fewer --jobs need less of it" if code < 0 else "",
        )


def _failure(failed: Failed) -> Exception:
    if failed.is_unreadable:
        return UnreadableError(failed.message, failed.help)
    return WorkerError(failed.message, failed.help) if failed.help else RuntimeError(failed.message)


def _work(connection: Connection, task: Task, inherited: Sequence[Connection]) -> None:
    """The life of a worker. Ctrl-C goes to all processes of a terminal: what is to be done then the hub decides."""
    for end in inherited:  # the hub's ends: as long as one is open, nobody notices that the hub is no more
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_signals()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)  # there are no cycles, but looking for them among many users takes long
    with suppress(EOFError, OSError):  # the hub is no more
        for answer in _answers(connection, task):
            connection.send(answer)


def _answers(connection: Connection, task: Task) -> Iterator[Answer | Finished | Failed]:
    try:
        worker = Worker(task)
        while True:
            message = connection.recv()
            yield worker.answer(message)
    except EOFError:
        return
    except MemoryError:
        yield Failed("a worker ran out of memory", "fewer --jobs need less of it", is_unreadable=False)
    except UnreadableError as error:
        yield Failed(str(error), error.help, is_unreadable=True)
    except OSError as error:
        yield Failed(f"{task.path}: {reason(error)}", "", is_unreadable=True)
    except Exception as error:
        yield Failed(": ".join(part for part in (type(error).__name__, str(error)) if part), "", is_unreadable=False)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals wait while processes are started, so that none of them meets a worker that is not ready for it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _release_signals() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
