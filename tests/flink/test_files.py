"""Bounded jobs: `connrules flink` over folders, what it says where it fails, and the example of a job of one's own."""

import json
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from click.testing import CliRunner, Result
from tests.real_logs import CHECKOUT

from connrules.cli.flinking.job_run import _stop
from connrules.cli.flinking.options import Chosen
from connrules.cli.shell import shell
from connrules.flink.failures import FlinkError
from connrules.flink.running import Running

DAY = 86_400_000
STORY = CHECKOUT / "examples" / "abandoned-cart"
LINES = 1_500
OFTEN = "--set pipeline.auto-watermark-interval=1ms"
"""So that time has moved on within a file before the next one is opened."""


def lines_of(file: int) -> list[str]:
    """The lines of a file, which are all later than those of the file before it."""
    begin, step = file * 10 * DAY, 10 * DAY // LINES
    types = ("purchase", "session_start", "purchase")
    events = (
        {"id": f"e{file}-{n}", "user": f"u{n * 7 % 100}", "type": types[n % 3], "time": begin + n * step}
        for n in range(LINES)
    )
    return [json.dumps(event) for event in events]


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(shell, list(map(str, arguments)))


def whole(folder: Path) -> list[str]:
    """The lines of the files that are whole, in the order of text."""
    files = [file for file in folder.glob("**/*") if file.is_file() and not file.name.startswith(".")]
    return sorted(line for file in files for line in file.read_text(encoding="utf-8").splitlines())


def write(file: Path, lines: Sequence[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_files_are_read_in_the_order_of_their_paths(place: Path) -> None:
    rules = place / "rules.conn"
    rules.write_text('rule thanks: on purchase after 1d unless session_start send "Thanks"\n', encoding="utf-8")
    files = [lines_of(number) for number in range(5)]
    for number, lines in enumerate(files):
        write(place / "in" / ("early" if number < 2 else "late") / f"{number}.jsonl", lines)
    write(place / "in" / ".hidden.jsonl", ["no event"])
    write(place / "in" / "early" / "00.jsonl", ["no event"])
    write(place / "log.jsonl", [line for lines in files for line in lines])
    folders: list[str | Path] = [
        "--source",
        place / "in",
        "--sink",
        place / "sends",
        "--late",
        place / "late",
        "--rejects",
        place / "no",
    ]
    done = invoke("flink", rules, *folders, "--parallelism", "2", "--max-parallelism", "8", *OFTEN.split())
    assert done.exit_code == 0, done.stderr
    assert "decisions are in" in done.stderr
    invoke("run", rules, "--events", place / "log.jsonl", "--output", place / "sends.jsonl", "-q")
    assert whole(place / "sends") == sorted((place / "sends.jsonl").read_text(encoding="utf-8").splitlines())
    assert not whole(place / "late")
    assert len(whole(place / "no")) == 1
    assert "1 line that is no event is in " in done.stderr


def test_a_savepoint_that_is_none_is_told_in_one_line(place: Path) -> None:
    write(place / "cp" / "chk-1" / "_metadata", ["nonsense"])
    write(place / "in" / "1.jsonl", lines_of(0))
    places: list[str | Path] = ["--source", place / "in", "--sink", place / "sends", "--checkpoints", place / "cp"]
    done = invoke("flink", STORY, *places, "--from", "newest")
    assert done.exit_code == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith(("note: ", "warning: "))]
    assert len(said) == 2, done.stderr
    assert said[0].startswith("error: the job failed: ")
    assert "all that Flink said is in " in said[1]
    report = Path(said[1].partition("all that Flink said is in ")[2].partition(",")[0])
    assert "\tat org.apache.flink" in report.read_text(encoding="utf-8")


def test_a_folder_without_a_file_is_told(place: Path) -> None:
    (place / "in").mkdir()
    done = invoke("flink", STORY, "--source", place / "in", "--sink", place / "sends")
    assert done.exit_code == 2
    assert "there is no file in it" in done.stderr


class _NotYet:
    """A job that does not run yet."""

    was_cancelled = False

    def stop(self) -> str:
        raise FlinkError("it does not run")

    def cancel(self) -> None:
        self.was_cancelled = True


def test_a_job_that_is_stopped_too_early_for_a_savepoint_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    running = _NotYet()
    _stop(cast("Running", running), cast("Chosen", SimpleNamespace(cluster=None, checkpoints="cp")))
    assert "note: stopped without a savepoint" in capsys.readouterr().err
    assert running.was_cancelled


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, CHECKOUT / "examples" / "cluster" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_of_a_job_of_ones_own(place: Path) -> None:
    invoke("compile", STORY, "--output", place / "plan.json")
    write(place / "in" / "1.jsonl", (STORY / "events.jsonl").read_text(encoding="utf-8").splitlines())
    example("own_job").main(str(place / "plan.json"), str(place / "in"), str(place / "sends"))
    expected = [json.loads(line) for line in (STORY / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert whole(place / "sends") == sorted(f"{one['id']}\t{one['user']}\t{one['send']}" for one in expected)


def test_the_job_for_kafka_names_what_pyflink_has() -> None:
    assert callable(example("kafka_job").main)  # to make its source needs the connector's jar
