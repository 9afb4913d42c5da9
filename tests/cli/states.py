"""What the tests of `connrules state` and `connrules migrate` share: states as runs leave them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result
from tests.cli.running import DAY, HOUR, folder, line, log

from connrules.cli.shell import shell

RULES = """\
rule thanks: on purchase after 1d unless session_start send "Thanks"
rule later: on purchase after 3d send "Later"
on event "Joined" after 1d send "Welcome"
"""
EVENTS = log(
    line("ana", id="e1"),
    line("ben", HOUR, id="e2"),
    line("cleo", HOUR, "event", name="Joined", id="e3"),
    line("dan", 20 * HOUR, id="e4"),
    line("zoe", DAY, "session_start", id="e5"),
)
"""Ana is thanked at the end; ben, dan and cleo wait on."""
KILLED = """
import os, sys
from connrules.cli import main
from connrules.connectors.sqlite import SqliteStore
SqliteStore.close = lambda self: os._exit(9)
sys.argv = ["connrules", *sys.argv[1:]]
main()
"""
HOLDING = """
import sys
from pathlib import Path
from connrules.connectors.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def connrules(*arguments: str | Path) -> Result:
    """A command in this process; it has no traceback."""
    result = CliRunner().invoke(shell, list(map(str, arguments)))
    assert "Traceback" not in result.output
    assert "internal error" not in result.output
    return result


def run(*arguments: str | Path) -> Result:
    result = connrules("run", *arguments, "--output", "out.jsonl")
    assert result.exit_code == 0, result.stderr
    return result


def state(place: Path, *options: str) -> Path:
    """The state that a run of the rules over the events leaves, in `run.db`, with its output in `out.jsonl`."""
    run(folder(place / "old", EVENTS, RULES), "--state", "run.db", *options)
    return Path("run.db")


def killed(place: Path) -> Path:
    """The same of a run whose process was killed: what it committed is not in the file itself."""
    folder(place / "old", EVENTS, RULES)
    arguments = ["run", "old", "--state", "run.db", "--output", "out.jsonl"]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True)
    assert done.returncode == 9
    assert Path("run.db-wal").stat().st_size > 0
    return Path("run.db")


def files() -> dict[str, bytes]:
    """All files of the state and the output, as they are."""
    return {path.name: path.read_bytes() for path in sorted(Path().iterdir()) if path.is_file()}


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the state open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()
