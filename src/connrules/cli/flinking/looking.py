"""What the command itself looks at before a job and after it, because Flink is slow to tell, or silent."""

import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final

from connrules.cli.exit import ShellError
from connrules.cli.flinking.options import Chosen
from connrules.cli.render import counted
from connrules.cli.report import seconds_advice, warn
from connrules.connectors.jsonl import EventError, parse_event
from connrules.connectors.streams import Lines
from connrules.duration import LIKE_SECONDS
from connrules.files import reason
from connrules.flink.settings import as_place, files_to_read, local_path

_PATIENCE: Final = 3
"""Seconds; Flink tries for a minute and a half."""
_LINES: Final = 1_000
"""How many are looked at: where times are in seconds, the first ones are."""


def look_before(chosen: Chosen) -> None:
    """Warn of what a job is silent about. Raises ShellError where no cluster answers, or nothing is there to read."""
    if chosen.cluster is not None:
        _check_answers(*chosen.cluster)
    source = local_path(as_place(chosen.source))
    if not (source is None or chosen.watch or any(files_to_read(source))):
        raise ShellError(f"{chosen.source}: there is no file in it", "put files of events into it, one event a line")
    if source is not None and (count := sum(time in LIKE_SECONDS for time in _first_times(source))):
        warn(f"at the beginning of {chosen.source}, {seconds_advice(count)}")


def look_after(chosen: Chosen) -> None:
    """Warn of lines that were rejected, as far as they can be counted."""
    folder = None if chosen.rejects is None else local_path(as_place(chosen.rejects))
    if folder is not None and (count := sum(map(_line_count, files_to_read(folder)))):
        have = "is" if count == 1 else "are"
        warn(
            f"{counted(count, 'line')} that {have} no {'event' if count == 1 else 'events'} {have} in {chosen.rejects}"
        )


def where_decisions_are(chosen: Chosen) -> str:
    """Where to look for them; Flink makes no folder for none."""
    sink = local_path(as_place(chosen.sink))
    if chosen.cluster is None and sink is not None and not any(files_to_read(sink)):
        return "nothing was decided"
    return f"decisions are in {chosen.sink}"


def _check_answers(host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else reason(error)
        raise ShellError(
            f"no cluster at {host}:{port}: {why}",
            "is it running there? `bin/start-cluster.sh` of Flink starts one; --cluster is where its web page is",
        ) from None


def _first_times(source: Path) -> Iterator[int]:
    """The times of the first events, as far as they can be read here."""
    for line in islice(_first_lines(source), _LINES):
        try:
            yield parse_event(line.removesuffix(b"\n"), None).time
        except EventError:
            continue


def _first_lines(source: Path) -> Iterator[bytes]:
    """The lines of the file that is read first."""
    try:
        first = min(files_to_read(source), key=str, default=None)
        if first is not None:
            with closing(Lines(first)) as lines:
                for block in lines.blocks():
                    yield from block.lines
    except OSError:  # UnreadableError too: it is for Flink to say
        return


def _line_count(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)
