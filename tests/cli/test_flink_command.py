"""`connrules flink`, as far as it goes without Flink: options, what they come to, and why a job failed in one line."""

import gzip
import os
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connrules.cli.exit import ShellError
from connrules.cli.flinking.looking import look_after, look_before, where_decisions_are
from connrules.cli.flinking.options import Chosen, Era, former_eras
from connrules.cli.shell import shell
from connrules.flink.failures import in_a_line, remedy
from connrules.flink.settings import Settings, as_place, local_path, newest_checkpoint
from connrules.plan import Plan
from connrules.run.eras import Former

RULE = 'rule thanks: on purchase after 1d unless session_start send "Thanks"\n'


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.conn").write_text(RULE, encoding="utf-8")
    Path("events").mkdir()
    Path("events/1.jsonl").write_text("", encoding="utf-8")


@pytest.fixture
def no_flink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyflink", None)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(shell, ["flink", "rules.conn", *arguments])


def job(*arguments: str) -> Result:
    return invoke("--source", "events", "--sink", "sends", *arguments)


def said(result: Result) -> tuple[int, str, str]:
    """The exit code, what is wrong, and what to do."""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 2, result.stderr
    return result.exit_code, lines[0].removeprefix("error: "), lines[1].removeprefix("  = help: ")


# without Flink


@pytest.mark.usefixtures("no_flink")
def test_without_flink_it_says_what_to_install() -> None:
    assert said(job()) == (
        2,
        "a job on Flink needs apache-flink, which is not installed",
        "install it with: pip install 'connrules[flink]'",
    )
    assert not Path("sends").exists()


@pytest.mark.usefixtures("no_flink")
def test_rules_with_errors_are_told_before_flink_is_looked_for() -> None:
    Path("rules.conn").write_text("on purchase after 90 send X\n", encoding="utf-8")
    result = job()
    assert result.exit_code == 1  # as for connrules run
    assert "CR105" in result.stderr
    assert "rules.conn has 1 error\n" in result.stderr
    assert "rules with errors are not run: rules.conn\n" in result.stderr
    assert "RULES" not in result.stderr


@pytest.mark.usefixtures("no_flink")
def test_former_rules_with_errors_are_told_by_their_path() -> None:
    Path("old.conn").write_text("on purchase after 90 send X\n", encoding="utf-8")
    result = job("--was", "old.conn", "--replaced-at", "2026-01-01")
    assert result.exit_code == 1
    assert "rules with errors are not run: old.conn\n" in result.stderr


@pytest.mark.usefixtures("no_flink")
def test_rules_without_a_catalog_are_told_by_their_path() -> None:
    assert "no catalog for rules.conn: " in job().stderr


@pytest.mark.usefixtures("no_flink")
def test_a_plan_is_run_as_well_as_rules() -> None:
    compiled = CliRunner().invoke(shell, ["compile", "rules.conn", "--output", "plan.json"])
    assert compiled.exit_code == 0
    result = CliRunner().invoke(shell, ["flink", "plan.json", "--source", "events", "--sink", "sends"])
    assert "which is not installed" in result.stderr
    Path("plan.json").write_text("{}", encoding="utf-8")
    result = CliRunner().invoke(shell, ["flink", "plan.json", "--source", "events", "--sink", "sends"])
    assert result.exit_code == 2
    assert "plan.json: " in result.stderr


@pytest.mark.usefixtures("no_flink")
def test_the_catalog_is_the_one_that_the_configuration_names() -> None:
    Path("connrules.toml").write_text('catalog = "known.toml"\n', encoding="utf-8")
    Path("known.toml").write_text("nonsense = 1\n", encoding="utf-8")
    result = job()
    assert result.exit_code == 2
    assert "known.toml" in result.stderr


# options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--checkpoint-every 5s", "--checkpoint-every needs --checkpoints"),
        ("--checkpoints cp --checkpoint-every 0s", "--checkpoint-every cannot be 0"),
        ("--watch", "--watch needs --checkpoints: decisions are written for good with each"),
        ("--watch --checkpoints cp --idle 5s", "--idle is for a job with --clock"),
        ("--watch --checkpoints cp --clock --lateness 1m --idle 0s", "--idle cannot be 0"),
        ("--clock", "--clock is for a job with --watch"),
        (
            "--watch --checkpoints cp --clock",
            "--clock needs --lateness: by the clock, every event is older than the instant at which it comes",
        ),
        ("--watch --checkpoints cp --until 2026-01-01", "--until does not go with --watch, which has no end"),
        ("--detach", "--detach needs --cluster"),
        ("--from newest", "--from newest needs --checkpoints"),
        ("--from newest --checkpoints cp", "cp: there is no checkpoint in it"),
        ("--from nowhere", "nowhere: no checkpoint or savepoint that is whole"),
        ("--from events", "events: no checkpoint or savepoint that is whole"),
        (
            "--was rules.conn",
            "--was and --replaced-at belong together: rules, and when they were replaced",
        ),
        (
            "--replaced-at 2026-01-01",
            "--was and --replaced-at belong together: rules, and when they were replaced",
        ),
        ("--changed pin", "--changed is for rules that were replaced"),
        ("--parallelism 129", "--parallelism 129 is more than --max-parallelism, which is 128"),
        ("--parallelism 3 --max-parallelism 2", "--parallelism 3 is more than --max-parallelism, which is 2"),
        ("--late events/late", "--late events/late: it is in --source events"),
        ("--late sends", "--late sends: it is in --sink sends"),
        ("--rejects ''", "--rejects is empty"),
        ("--checkpoints rules.conn", "rules.conn: not a folder"),
        (
            "--was rules.conn --replaced-at 2026-02-01 --was rules.conn --replaced-at 2026-01-01",
            "of the rules that were in force before, none may end earlier than the one before it",
        ),
    ],
)
@pytest.mark.usefixtures("no_flink")
def test_what_does_not_go_together(options: str, message: str) -> None:
    code, wrong, help_ = said(job(*[option.strip("'") for option in options.split()]))
    assert (code, wrong) == (2, message)
    assert help_


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cluster", "localhost"], "`localhost` is no address of a cluster; write e.g. localhost:8081"),
        (["--cluster", "localhost:0"], "`localhost:0` is no address of a cluster"),
        (["--cluster", "localhost:65536"], "`localhost:65536` is no address of a cluster"),
        (["--cluster", ":8081"], "`:8081` is no address of a cluster"),
        (["--set", "rocksdb"], "`rocksdb` is no setting; write e.g. state.backend.type=rocksdb"),
        (["--set", "=rocksdb"], "`=rocksdb` is no setting"),
        (["--parallelism", "0"], "0 is not in the range"),
        (["--mode", "fast"], "'fast' is not one of"),
        (["--replaced-at", "soon"], "`soon`"),
    ],
)
def test_values_that_are_none(options: list[str], message: str) -> None:
    result = job(*options)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.usefixtures("no_flink")
def test_as_many_workers_as_there_can_be() -> None:
    assert "which is not installed" in job("--parallelism", "128").stderr


@pytest.mark.parametrize(("option", "here"), [("--events", "--source"), ("--output", "--sink")])
def test_an_option_of_run_is_called_something_else_here(option: str, here: str) -> None:
    assert said(invoke(option, "log.jsonl")) == (
        2,
        f"there is no option {option}",
        f"write {here}, which names a folder",
    )


def test_a_source_that_is_not_there() -> None:
    assert said(invoke("--source", "nowhere", "--sink", "sends")) == (
        2,
        "nowhere: no such file or folder",
        "check the path after --source",
    )


def test_decisions_are_not_added_to_those_of_another_job() -> None:
    Path("sends").mkdir()
    Path("sends/old.jsonl").write_text("", encoding="utf-8")
    assert said(job())[:2] == (2, "sends: there is something in it already")


def test_a_folder_that_is_watched_begins_with_one_file_at_most() -> None:
    Path("events/2.jsonl").write_text("", encoding="utf-8")
    code, message, _ = said(job("--watch", "--checkpoints", "cp"))
    assert code == 2
    assert message.startswith("events: a folder that is watched is read in no order")


@pytest.mark.usefixtures("no_flink")
def test_what_flink_would_not_read_does_not_count() -> None:
    Path("events/.2.jsonl").write_text("", encoding="utf-8")
    Path("events/_3.jsonl").write_text("", encoding="utf-8")
    assert "which is not installed" in job("--watch", "--checkpoints", "cp").stderr


@pytest.mark.usefixtures("no_flink")
def test_places_elsewhere_are_for_flink_to_look_at() -> None:
    result = invoke("--source", "s3://bucket/events", "--sink", "s3://bucket/sends")
    assert "which is not installed" in result.stderr


# what options come to


def chosen(**options: object) -> Chosen:
    given = dict.fromkeys(Chosen.__dataclass_fields__) | {"source": "events", "sink": "sends", "mode": "thread"}
    return Chosen(**(given | {"watch": False, "clock": False, "detach": False, "others": {}} | options))  # type: ignore[arg-type]


def test_a_job_runs_here_with_this_python() -> None:
    assert chosen().settings.as_configuration() == {
        "pipeline.name": "connrules",
        "python.execution-mode": "thread",
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
        "restart-strategy.type": "none",
    }


def test_a_job_runs_on_a_cluster_with_the_python_of_the_cluster() -> None:
    assert chosen(cluster=("there", 8081), mode="process").settings.as_configuration() == {
        "pipeline.name": "connrules",
        "python.execution-mode": "process",
        "python.client.executable": sys.executable,
        "execution.target": "remote",
        "rest.address": "there",
        "rest.port": "8081",
    }


def test_checkpoints_are_kept_when_a_job_is_stopped() -> None:
    keys = Settings(
        checkpoints="s3://bucket/cp", every=500, restore="s3://bucket/old", parallelism=3
    ).as_configuration()
    assert {key: value for key, value in keys.items() if "checkpoint" in key or "recovery" in key} == {
        "execution.checkpointing.dir": "s3://bucket/cp",
        "execution.checkpointing.savepoint-dir": "s3://bucket/cp",
        "execution.checkpointing.interval": "500 ms",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.state-recovery.path": "s3://bucket/old",
    }
    assert keys["parallelism.default"] == "3"


def test_a_setting_of_flinks_own_goes_before_ours() -> None:
    keys = chosen(others={"python.executable": "python3.12", "state.backend.type": "rocksdb"}).settings
    assert keys.as_configuration()["python.executable"] == "python3.12"
    assert keys.as_configuration()["state.backend.type"] == "rocksdb"


def test_without_a_clock_nothing_is_idle() -> None:
    assert chosen(watch=True).idle_seconds is None
    assert chosen(watch=True, clock=True).idle_seconds == 10
    assert chosen(watch=True, clock=True, idle=1_500).idle_seconds == 1.5


def test_places(tmp_path: Path) -> None:
    assert as_place("a b/../c") == f"file://{tmp_path.resolve()}/c"
    assert as_place("hdfs://host/a") == "hdfs://host/a"
    assert local_path("file:///a b") == Path("/a b")
    assert local_path("s3://a") is None


def test_the_newest_checkpoint_is_the_newest_that_is_whole() -> None:
    assert newest_checkpoint(Path("cp")) is None
    for age, name in enumerate(["cp/job/chk-9", "cp/savepoint-1", "cp/other/chk-1"]):
        Path(name).mkdir(parents=True)
        Path(name, "_metadata").write_bytes(b"")
        os.utime(Path(name, "_metadata"), (1_000 - age, 1_000 - age))
    Path("cp/job/chk-10").mkdir()  # it is being written
    assert newest_checkpoint(Path("cp")) == Path("cp/job/chk-9")
    found = chosen(checkpoints="cp", restore="newest").settings.restore
    assert found == as_place("cp/job/chk-9")
    assert chosen(restore="cp/savepoint-1").settings.restore == as_place("cp/savepoint-1")
    assert chosen(restore="cp/savepoint-1/_metadata").settings.restore == as_place("cp/savepoint-1/_metadata")


def test_former_rules_are_pinned_unless_somebody_says() -> None:
    paths = [Path("a"), Path("b")]
    assert former_eras(paths, [1, 2], []) == [Era(1, "pin"), Era(2, "pin")]
    assert former_eras(paths, [1, 2], ["follow", "pin"]) == [Era(1, "follow"), Era(2, "pin")]
    plan = Plan(rules=())
    assert Era(1, "follow").of(plan) == Former(plan, 1, "follow")


# what is looked at before a job and after it


def test_a_cluster_that_is_not_there_is_told_before_flink_is_started() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and nobody listens
        port = free.getsockname()[1]
        with pytest.raises(ShellError, match=f"no cluster at 127.0.0.1:{port}: connection refused") as caught:
            look_before(chosen(cluster=("127.0.0.1", port)))
    assert "start-cluster.sh" in caught.value.help


def test_a_cluster_that_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        look_before(chosen(cluster=("127.0.0.1", server.getsockname()[1])))


SECONDS = '{"user":"ana","type":"purchase","time":1772445600}\n'


def test_times_that_look_like_seconds_are_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events/0.jsonl").write_text("no event\n" + SECONDS * 2, encoding="utf-8")
    look_before(chosen())
    assert "warning: at the beginning of events, 2 events have times before March 1973" in capsys.readouterr().err
    Path("events/0.jsonl").write_bytes(gzip.compress(SECONDS.encode()))
    look_before(chosen())
    assert "1 event has a time before March 1973" in capsys.readouterr().err


def test_a_folder_with_nothing_to_read_is_told_by_its_name() -> None:
    Path("none").mkdir()
    Path("none/_hidden.jsonl").write_text(SECONDS, encoding="utf-8")
    with pytest.raises(ShellError, match=r"^none: there is no file in it$"):
        look_before(chosen(source="none"))
    look_before(chosen(source="none", watch=True))


def test_times_in_milliseconds_are_not_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    Path("events/0.jsonl").write_text(SECONDS.replace("0}", "0000}"), encoding="utf-8")
    Path("events/.hidden.jsonl").write_text(SECONDS, encoding="utf-8")
    Path("events/_hidden").mkdir()
    Path("events/_hidden/0.jsonl").write_text(SECONDS, encoding="utf-8")
    for source in ("events", "events/0.jsonl", "events/1.jsonl", "s3://bucket/events"):
        look_before(chosen(source=source))
    assert capsys.readouterr().err == ""


def test_rejected_lines_are_counted_where_they_are_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    for rejects in (None, "no", "s3://bucket/no"):
        look_after(chosen(rejects=rejects))
    assert capsys.readouterr().err == ""
    Path("no/2026-01-01--00").mkdir(parents=True)
    Path("no/rejected-0.jsonl").write_text("{}\n", encoding="utf-8")
    look_after(chosen(rejects="no"))
    assert capsys.readouterr().err == "warning: 1 line that is no event is in no\n"
    Path("no/2026-01-01--00/rejected-1.jsonl").write_text("{}\n" * 2, encoding="utf-8")
    Path("no/.rejected-2.jsonl.inprogress").write_text("{}\n", encoding="utf-8")
    look_after(chosen(rejects="no"))
    assert capsys.readouterr().err == "warning: 3 lines that are no events are in no\n"


def test_where_decisions_are() -> None:
    assert where_decisions_are(chosen()) == "nothing was decided"
    assert where_decisions_are(chosen(sink="s3://bucket/sends")) == "decisions are in s3://bucket/sends"
    assert where_decisions_are(chosen(cluster=("there", 8081))) == "decisions are in sends"
    Path("sends").mkdir()
    Path("sends/decisions-0.jsonl").write_text("{}\n", encoding="utf-8")
    assert where_decisions_are(chosen()) == "decisions are in sends"


# why a job failed

EMBEDDED = "pemja.core.PythonException: <class '{}'>: {}"
"""As an interpreter in Flink's own process says it."""
BESIDE = "java.lang.RuntimeException: Error received from SDK harness for instruction 1: {}"
"""As a process beside Flink says it."""
TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    raise\n{}\n\n'
REFUSED = "Connection refused: localhost/127.0.0.1:1"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (EMBEDDED.format("connrules.run.saving.SnapshotError", "it cannot be read"), "it cannot be read"),
        (EMBEDDED.format("KeyError", "'a'"), "KeyError: 'a'"),
        (EMBEDDED.format("AssertionError", ""), "AssertionError"),
        (BESIDE.format(TRACEBACK.format("connrules.run.saving.SnapshotError: it is not")), "it is not"),
        (BESIDE.format(TRACEBACK.format("KeyError: 'a'") + TRACEBACK.format("MemoryError")), "MemoryError"),
        (f"java.net.ConnectException: {REFUSED}", REFUSED),
        ("java.io.IOException: \n\n  No space left on device\nat", "IOException"),
        ("java.lang.OutOfMemoryError", "OutOfMemoryError"),
        ("something else, in words", "something else, in words"),
        ("", ""),
    ],
)
def test_a_failure_is_told_in_one_line(text: str, line: str) -> None:
    assert in_a_line(text) == line


def test_what_to_do_is_told_where_it_is_known() -> None:
    assert "--was OLD" in remedy("… the state was made with other rules, which are not among …")
    assert remedy("java.lang.OutOfMemoryError") == ""
