"""`connrules run --state`: all parts together decide what one run decides, each thing once."""

import gzip
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.running import DAY, HOUR, TWO_SENDS, command, folder, invoke, line, log, outcomes, users, warnings

from connrules.connectors.sqlite import SqliteStore

MANY = [line(f"u{n % 50}", n * HOUR, ("purchase", "session_start", "blinked")[n % 3], id=f"e{n}") for n in range(600)]
UNTIL = "2027-01-01"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path)


def run(*options: str, events: str = "events.jsonl") -> Result:
    """A part of a run."""
    return invoke("rules.conn", "--events", events, "--state", "state", *options)


def run_to(out: str, *options: str, events: str = "events.jsonl") -> Result:
    return run("--output", out, *options, events=events)


def grow(*lines: bytes, name: str = "events.jsonl") -> None:
    with Path(name).open("ab") as file:
        file.write(log(*lines))


def whole(*options: str, lines: list[bytes] = MANY) -> bytes:
    """What one run without a state writes."""
    Path("whole.jsonl").write_bytes(log(*lines))
    done = invoke("rules.conn", "--events", "whole.jsonl", "--until", UNTIL, "--output", "whole", *options)
    assert done.exit_code in {0, 3}
    return Path("whole").read_bytes()


@pytest.mark.parametrize("cuts", [(0,), (1, 2, 3), (100, 100, 350), (599,)])
@pytest.mark.parametrize("options", [(), ("--lateness", "5h"), ("--dedupe", "2d", "--outcomes", "all")])
def test_the_parts_together_are_one_run(cuts: tuple[int, ...], options: tuple[str, ...]) -> None:
    want = whole(*options)
    for end in (*cuts, 600):
        Path("events.jsonl").write_bytes(log(*MANY[:end]))
        assert run_to("out", *options).exit_code == 0
    assert run_to("out", *options, "--until", UNTIL).exit_code == 0
    assert Path("out").read_bytes() == want
    assert len(want.splitlines()) > 50


def test_every_event_a_part_of_its_own() -> None:
    want = whole("--outcomes", "all", lines=MANY[:40])
    for end in range(41):
        Path("events.jsonl").write_bytes(log(*MANY[:end]))
        assert run_to("out", "--outcomes", "all").exit_code == 0
    assert run_to("out", "--outcomes", "all", "--until", UNTIL).exit_code == 0
    assert Path("out").read_bytes() == want


def test_the_end_of_the_log_is_not_the_end_of_time() -> None:
    first = run_to("out", "--outcomes", "all")
    assert [row["outcome"] for row in outcomes(Path("out").read_bytes())] == ["sent", "sent"]
    assert first.stderr.splitlines()[1:] == [
        "3 events, 2 of them matched a rule",
        "  sent                 2",
        "  cancelled            0",
        "  dropped              0",
        "  ignored              0",
        "  waiting              0",
        "  late                 0",
        "  rejected             0",
        "  state: state; the same command goes on from here",
    ]
    grow(line("dora", 3 * DAY, id="e4"))
    assert "  waiting              1\n" in run_to("out", "--outcomes", "all").stderr
    assert "  waiting              1\n" in run_to("out", "--outcomes", "all").stderr
    assert users(Path("out").read_bytes()) == ["ana", "ben"]
    assert run_to("out", "--until", "2026-03-06T09:59:59Z").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben"]
    assert run_to("out", "--until", "2026-03-06T10:00:00Z").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben", "dora"]


def test_events_held_back_are_told_and_kept() -> None:
    Path("events.jsonl").write_bytes(log(line("ana", id="e1"), line("ben", HOUR, id="e2")))
    assert "  held back            1  by --lateness\n" in run_to("out", "--lateness", "30m").stderr
    grow(line("ana", 40 * 60_000, "session_start", id="e3"), line("noise", 3 * DAY, id="e4"))
    assert run_to("out", "--lateness", "30m").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ben"]


def test_on_standard_output_each_part_gives_its_decisions() -> None:
    assert users(run().stdout) == ["ana", "ben"]
    assert run().stdout == ""
    grow(line("dora", 3 * DAY), line("noise", 5 * DAY))
    assert users(run().stdout) == ["dora"]


def test_standard_input_goes_on_where_the_last_part_left() -> None:
    def part(data: bytes) -> Result:
        return invoke("rules.conn", "--events", "-", "--state", "state", stdin=data)

    first, second, third = TWO_SENDS.splitlines(keepends=True)
    assert part(first).stdout == ""
    assert part(second).stdout == ""
    assert users(part(third).stdout) == ["ana", "ben"]


def test_an_event_without_id_is_known_by_its_line_in_all_parts() -> None:
    lines = [line("ana"), line("ben", HOUR), line("noise", 3 * DAY, "blinked")]
    want = whole(lines=lines)
    assert [row["trigger"] for row in outcomes(want)] == ["#1", "#2"]
    for number, each in enumerate(lines):
        Path(f"log{number}").write_bytes(log(each))
        assert run_to("out", events=f"log{number}").exit_code == 0
    assert Path("out").read_bytes() == want


def test_rejects_and_late_events_have_files_of_their_own() -> None:
    bad, late = b'{"user":"x"}', line("old", -DAY)
    Path("events.jsonl").write_bytes(log(line("ana"), bad))
    options = ("--rejects", "rejects", "--late", "late")
    assert run_to("out", *options).exit_code == 3
    assert run_to("out", *options).exit_code == 0
    grow(late, bad, b"")
    again = run_to("out", *options)
    assert again.exit_code == 3
    assert [row["line"] for row in outcomes(Path("rejects").read_bytes())] == [2, 4]
    assert Path("late").read_bytes() == late + b"\n"
    assert warnings(again.stderr)[0].startswith("the log is not sorted by time: 1 event came late")


def test_a_file_that_was_left_out_for_a_while_is_gone_on_with() -> None:
    options = ("--rejects", "rejects")
    grow(b"{}")
    assert run_to("out", *options).exit_code == 3
    grow(b"{}")
    assert run_to("out").exit_code == 3
    grow(b"{}")
    assert run_to("out", *options).exit_code == 3
    assert [row["line"] for row in outcomes(Path("rejects").read_bytes())] == [4, 6]


def test_rejects_without_a_file_are_told_with_their_place() -> None:
    Path("events.jsonl").write_bytes(log(line("ana"), *[b"{}"] * 7))
    first = run_to("out")
    assert first.stderr.count(": rejected: ") == 5
    assert "warning: 2 more lines were rejected; --rejects FILE keeps them all" in first.stderr
    grow(b"{}")
    assert "events.jsonl:9: rejected: user: it is missing" in run_to("out").stderr


@pytest.mark.parametrize("compressed", [True, False])
def test_a_compressed_log_is_gone_on_with(compressed: bool) -> None:
    def write(count: int) -> None:
        data = log(*MANY[:count])
        Path("log").write_bytes(gzip.compress(data) if compressed else data)

    want = whole()
    for count in (200, 600):
        write(count)
        assert run_to("out", "--until", UNTIL if count == 600 else "2026-03-02", events="log").exit_code == 0
    assert Path("out").read_bytes() == want


def test_a_log_that_was_rotated_between_two_parts() -> None:
    want = whole()
    Path("events.jsonl").write_bytes(log(*MANY[:200]))
    assert run_to("out").exit_code == 0
    grow(*MANY[200:300])
    Path("events.jsonl").rename("events.jsonl.1")
    Path("events.jsonl").write_bytes(log(*MANY[300:]))
    second = run_to("out", "--until", UNTIL)
    assert "note: events.jsonl: it was rotated; first comes what is left of " in second.stderr
    assert Path("out").read_bytes() == want


@pytest.mark.parametrize("left", [b"", TWO_SENDS[:-30]])
def test_a_log_that_was_cut_off_is_refused_or_another(left: bytes) -> None:
    assert run_to("out").exit_code == 0
    Path("events.jsonl").write_bytes(left)
    again = run_to("out")
    assert again.exit_code == (2 if left else 0)
    if left:
        assert "error: events.jsonl: it was read before, and has been changed since" in again.stderr
    assert users(Path("out").read_bytes()) == ["ana", "ben"]


def test_half_a_line_waits_for_its_end() -> None:
    Path("events.jsonl").write_bytes(TWO_SENDS[:-5])
    first = run_to("out")
    assert "note: the last line of the log is half written, and waits for its end" in first.stderr
    assert (first.exit_code, Path("out").read_bytes()) == (0, b"")
    Path("events.jsonl").write_bytes(TWO_SENDS)
    assert run_to("out").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben"]


def test_an_output_that_the_state_knows_nothing_of_is_refused() -> None:
    """The state was deleted, say, and the output was not: all would be sent once more."""
    assert run_to("out").exit_code == 0
    before = Path("out").read_bytes()
    Path("state").unlink()
    again = run_to("out")
    assert again.exit_code == 2
    assert "error: out: it holds something that the state knows nothing of\n" in again.stderr
    assert Path("out").read_bytes() == before


def test_an_output_that_was_edited_is_refused() -> None:
    assert run_to("out").exit_code == 0
    Path("out").write_bytes(b"# mine\n" + Path("out").read_bytes())
    again = run_to("out")
    assert (again.exit_code, Path("out").read_bytes()[:7]) == (2, b"# mine\n")
    assert "error: out: it is not as it was left: something else is in it now\n" in again.stderr


@pytest.mark.parametrize("how", ["moved", "deleted", "copied and emptied"])
def test_an_output_that_was_rotated_is_begun_anew(how: str) -> None:
    assert run_to("out").exit_code == 0
    match how:
        case "moved":
            Path("out").rename("out.1")
        case "deleted":
            Path("out").unlink()
        case _:
            os.truncate("out", 0)
    grow(line("dora", 3 * DAY), line("noise", 5 * DAY))
    for _ in range(2):
        assert run_to("out").exit_code == 0
        assert users(Path("out").read_bytes()) == ["dora"]


def test_what_is_written_may_be_another_from_part_to_part() -> None:
    assert run_to("out", "--outcomes", "all").exit_code == 0
    grow(line("dora", 3 * DAY), line("dora", 3 * DAY + 1, "session_start"), line("emil", 4 * DAY), line("x", 6 * DAY))
    assert run_to("other").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben"]
    assert [row["outcome"] for row in outcomes(Path("other").read_bytes())] == ["sent"]
    grow(line("fay", 7 * DAY), line("x", 9 * DAY))
    assert users(run().stdout) == ["x", "fay"]


def test_another_lateness_from_part_to_part() -> None:
    Path("events.jsonl").write_bytes(log(line("ana"), line("ben", HOUR)))
    assert run_to("out", "--lateness", "2h").exit_code == 0
    grow(line("ana", HOUR + 1, "session_start"))
    assert run_to("out").exit_code == 0
    grow(line("noise", 3 * DAY, "blinked"))
    assert run_to("out", "--lateness", "1d").exit_code == 0
    assert users(Path("out").read_bytes()) == ["ben"]


@pytest.mark.parametrize(("changed", "due"), [(None, "2026-03-03"), ("pin", "2026-03-03"), ("follow", "2026-03-05")])
def test_rules_that_changed_since(changed: str | None, due: str) -> None:
    Path("events.jsonl").write_bytes(log(line("ana")))
    assert run_to("out").exit_code == 0
    rules = Path("rules.conn").read_text(encoding="utf-8")
    Path("rules.conn").write_text(
        rules.replace("1d", "3d") + 'rule new: on session_start send "Hi"\n', encoding="utf-8"
    )
    grow(line("noise", 10 * DAY, "blinked"))
    again = run_to("out", *(["--changed", changed] if changed else []))
    assert "note: since the last run 1 rule changed: thanks\n" in again.stderr
    assert "note: since the last run 1 rule added: new\n" in again.stderr
    assert [row["at"][:10] for row in outcomes(Path("out").read_bytes())] == [due]


def test_a_rule_that_is_gone() -> None:
    Path("events.jsonl").write_bytes(log(line("ana")))
    assert run_to("out").exit_code == 0
    Path("rules.conn").write_text('rule other: on session_start send "Hi"\n', encoding="utf-8")
    again = run_to("out", "--outcomes", "all")
    assert "note: since the last run 1 rule removed: thanks\n" in again.stderr
    assert [(row["outcome"], row["reason"]) for row in outcomes(Path("out").read_bytes())] == [
        ("dropped", "rule_removed")
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--state state --jobs 2", "--jobs does not go with --state: such a run has one process"),
        ("--follow --jobs auto", "--jobs does not go with --follow: such a run has one process"),
        ("--state state --engine columnar", "events.jsonl: --state is for the streaming engine"),
        ("--events log.csv --follow", "log.csv: --follow is for the streaming engine"),
        ("--follow --until 2026-03-02", "--until does not go with --follow, which moves time on by the clock"),
        ("--changed follow", "--changed is for a run with --state"),
        ("--state state --idle 1s", "--idle is for a run with --follow"),
        ("--state -", "--state names a file: it cannot be standard input or output"),
        ("--state events.jsonl", "events.jsonl: this file is used already in this run"),
        ("--state out --output out", "out: this file is used already in this run"),
        ("--state out --output out-wal", "out-wal: this file is used already in this run"),
        ("--state pipe", "`pipe` is a pipe or a device"),
        ("--state missing/state", "`missing/state` cannot be made: there is no folder `missing`"),
        ("--state folder", "`folder` is a folder"),
        ("--state rules.copy", "`rules.copy` holds something else than a state"),
        ("--state state --events missing", "missing: no such file or directory"),
    ],
)
def test_what_does_not_go_together(options: str, words: str) -> None:
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("rules.copy").write_bytes(Path("rules.conn").read_bytes())
    events = [] if "--events" in options else ["--events", "events.jsonl"]
    result = invoke("rules.conn", *events, *options.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {words}" in result.stderr
    assert "  = help: " in result.stderr
    assert not Path("state").exists(), "a mistake leaves no state"


def test_an_output_that_was_left_for_another_is_gone_on_with() -> None:
    Path("events.jsonl").write_bytes(b"")
    names, parts = ["one", "two", "one", "-", "one", "two"], list[bytes]()
    for n, name in enumerate(names):
        grow(*MANY[n * 100 : n * 100 + 100])
        before = Path(name).stat().st_size if Path(name).exists() else 0
        done = run_to(name, *(["--until", UNTIL] if n == len(names) - 1 else []))
        assert done.exit_code == 0, done.stderr
        parts.append(done.stdout_bytes if name == "-" else Path(name).read_bytes()[before:])
    assert all(parts)
    assert b"".join(parts) == whole()
    assert Path("one").read_bytes() == parts[0] + parts[2] + parts[4]


def test_an_output_whose_folder_is_gone() -> None:
    Path("kept").mkdir()
    assert run_to("kept/out").exit_code == 0
    Path("kept").rename("away")
    gone = run_to("kept/out")
    assert gone.exit_code == 2
    assert "error: kept/out: cannot be written: no such file or directory\n" in gone.stderr
    assert "  = help: make its folder, or choose another file\n" in gone.stderr


def test_two_runs_on_one_state() -> None:
    assert run_to("out").exit_code == 0
    store = SqliteStore("state")
    again = run_to("out")
    store.close()
    assert again.exit_code == 2
    assert "`state` is used by another process" in again.stderr
    assert run_to("out").exit_code == 0


def test_quiet_says_nothing() -> None:
    assert run_to("out", "--quiet").stderr == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_in_good_order(number: int, code: int) -> None:
    """What was read by then is done with: the next part goes on after it."""
    arguments = command("run", "rules.conn", "--events", "-", "--state", "state", "--output", "out")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        process.stdin.write(TWO_SENDS)
        deadline = time.monotonic() + 30
        while not (Path("out").exists() and Path("out").read_bytes().count(b"\n") == 2):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "  sent                 2\n" in errors.decode()
    assert b"Traceback" not in errors
    with_more = invoke(
        "rules.conn", "--events", "-", "--state", "state", "--output", "out", stdin=log(line("z", 9 * DAY))
    )
    assert with_more.exit_code == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben"]


def test_the_reader_of_the_output_goes_away() -> None:
    """What it did not take comes again with the next part."""
    Path("events.jsonl").write_bytes(log(*MANY))
    arguments = " ".join(command("run", "rules.conn", "--events", "events.jsonl", "--state", "state"))
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {arguments} | true"], capture_output=True, check=False)
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert run("--until", UNTIL).stdout.encode() == whole()
