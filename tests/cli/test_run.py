"""`connrules run`: its options, what it decides, what it says."""

from pathlib import Path

import pytest
from tests.cli.running import (
    DAY,
    HOUR,
    RULE,
    START,
    TWO_SENDS,
    folder,
    invoke,
    line,
    log,
    outcomes,
    users,
)

from connrules.duration import format_instant

NO_CATALOG = "note: no catalog: every campaign and card that is named counts as known and always active\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# what it decides


def test_a_folder_runs_as_it_is(tmp_path: Path) -> None:
    result = invoke(folder(tmp_path))
    assert result.exit_code == 0
    assert users(result.stdout) == ["ana", "ben"]


def test_only_sends_are_written_unless_all_outcomes_are_asked_for(tmp_path: Path) -> None:
    events = TWO_SENDS + log(line("dora", 2 * DAY), line("dora", 2 * DAY + 1, "session_start"), line("eve", 3 * DAY))
    folder(tmp_path, events)
    everything = outcomes(invoke(tmp_path, "--outcomes", "all").stdout)
    assert [row["outcome"] for row in everything] == ["sent", "sent", "cancelled", "pending"]
    assert outcomes(invoke(tmp_path).stdout) == everything[:2]
    assert outcomes(invoke(tmp_path, "--outcomes", "sent").stdout) == everything[:2]


@pytest.mark.parametrize(("until", "sent"), [(DAY - 1, []), (DAY, ["ana"]), (DAY + 1, ["ana"]), (-DAY, [])])
def test_until_moves_time_on_and_never_back(tmp_path: Path, until: int, sent: list[str]) -> None:
    folder(tmp_path, log(line("ana"), line("ben", 5)))
    result = invoke(tmp_path, "--until", str(format_instant(START + until)), "--outcomes", "all")
    assert users(result.stdout) == sent
    assert users(result.stdout, "pending") == [user for user in ("ana", "ben") if user not in sent]


def test_until_before_the_last_event_does_not_undo_it(tmp_path: Path) -> None:
    assert users(invoke(folder(tmp_path), "--until", "2000-01-01").stdout) == ["ana", "ben"]


def test_a_log_within_the_lateness_gives_what_the_sorted_log_gives(tmp_path: Path) -> None:
    ordered = [line("u1", 0), line("u2", 5), line("u1", 20, "session_start"), line("u3", 40), line("u9", 2 * DAY)]
    ordered = [row[:-1] + f', "id": "e{n}"}}'.encode() for n, row in enumerate(ordered)]
    shuffled = [ordered[n] for n in (2, 0, 1, 3, 4)]
    folder(tmp_path / "a", log(*ordered))
    folder(tmp_path / "b", log(*shuffled))
    want = invoke("a", "--outcomes", "all").stdout
    assert len(outcomes(want)) == 4
    assert invoke("b", "--outcomes", "all", "--lateness", "20ms").stdout == want
    assert invoke("b", "--outcomes", "all", "--lateness", "19ms").stdout != want


def test_warnings_about_rules_do_not_stop_a_run(tmp_path: Path) -> None:
    doubled = 'on purchase after 1d unless session_start or session_start send "Thanks"\n'
    result = invoke(folder(tmp_path, rules=doubled))
    assert (result.exit_code, users(result.stdout)) == (0, ["ana", "ben"])


def test_a_campaign_that_is_over_by_now_does_not_stop_a_run(tmp_path: Path) -> None:
    past = 'on received_push of "Spring 2020" after 1d send "Thanks 2020"\n'
    folder(tmp_path, rules=past, events=log(b'{"user":"u","type":"received_push","campaign":"s","time":1583143200000}'))
    (tmp_path / "catalog.toml").write_text(
        '[[campaigns]]\nname = "Spring 2020"\nid = "s"\nchannels = ["push"]\nstatus = "archived"\n'
        "published_at = 2020-03-01\nstopped_at = 2020-05-01\n"
        '[[campaigns]]\nname = "Thanks 2020"\nchannels = ["push"]\nstatus = "stopped"\n'
        "published_at = 2020-02-01\nstopped_at = 2020-05-01\n",
        encoding="utf-8",
    )
    result = invoke(tmp_path, "--until", "2020-04-01")
    assert (result.exit_code, users(result.stdout)) == (0, ["u"])


# the summary


def test_the_summary(tmp_path: Path) -> None:
    rules = (
        'rule thanks: on purchase after 1d unless session_start or event "Refund" once send "Thanks"\n'
        'rule again: on session_start after 1h restarting send "Again"\n'
    )
    events = log(
        line("ana"),
        line("ana", 1),
        line("ben", 1),
        line("ben", HOUR, "session_start"),
        line("ben", HOUR + 5, "session_start"),
        line("cleo", HOUR + 5),
        line("cleo", HOUR + 6, "event", name="Refund"),
        line("dora", HOUR + 7, "received_push"),
        line("dora", HOUR + 8, "blinked"),
        b"{}",
        b"",
        line("ana", 2 * DAY),
        line("ana", DAY),
        line("eve", 2 * DAY),
    )
    result = invoke(folder(tmp_path, events, rules), "--outcomes", "all")
    assert result.exit_code == 3
    assert result.stderr == (
        f"{NO_CATALOG}"
        f"warning: {tmp_path}/events.jsonl:10: rejected: user: it is missing\n"
        "warning: the log is not sorted by time: 1 event came late and changed nothing, 1d older than the newest "
        "before it; sort the log, or run with --lateness 1d\n"
        "12 events, 9 of them matched a rule\n"
        "  sent                 2\n"
        "  cancelled            2\n"
        '                       1  thanks: event "Refund"\n'
        "                       1  thanks: session_start\n"
        "  dropped              0\n"
        "  restarted            1\n"
        "  ignored              2\n"
        "                       1  already_waiting\n"
        "                       1  not_eligible\n"
        "  pending              1\n"
        "  late                 1\n"
        "  rejected             1\n"
        "  unknown campaign, card or event: 1\n"
        "                       1  received_push without `campaign`\n"
        "  unknown type of event: 1\n"
        "                       1  blinked\n"
    )
    assert len(outcomes(result.stdout)) == 2 + 2 + 1 + 2 + 1


def test_the_summary_of_one_event(tmp_path: Path) -> None:
    assert "1 event, 1 of them matched a rule\n" in invoke(folder(tmp_path, log(line("u")))).stderr


def test_quiet_is_quiet_but_for_warnings(tmp_path: Path) -> None:
    folder(tmp_path)
    assert invoke(tmp_path, "--quiet").stderr == ""
    folder(tmp_path, log(line("u", 1), line("u")))
    assert invoke(tmp_path, "-q").stderr.startswith("warning: the log is not sorted by time: ")


# rules that cannot be run


def test_rules_with_errors_are_not_run(tmp_path: Path) -> None:
    folder(tmp_path, rules='rule r: on purchase unless session_start send "X"\n')
    for name in ("out", "rejects", "late"):
        Path(name).write_text("precious", encoding="utf-8")
    result = invoke(tmp_path, "--output", "out", "--rejects", "rejects", "--late", "late")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[CR301]" in result.stderr
    assert result.stderr.endswith("1 error: rules with errors are not run\n")
    assert [Path(name).read_text(encoding="utf-8") for name in ("out", "rejects", "late")] == ["precious"] * 3


@pytest.mark.parametrize(
    ("option", "value"), [("--lateness", "-1h"), ("--lateness", "90"), ("--until", "tomorrow"), ("--outcomes", "some")]
)
def test_options_that_make_no_sense(tmp_path: Path, option: str, value: str) -> None:
    result = invoke(folder(tmp_path), option, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Invalid value for '{option}'" in result.stderr


def test_rules_from_several_places(tmp_path: Path) -> None:
    folder(tmp_path / "a", events=None)
    folder(tmp_path / "b", events=TWO_SENDS, rules=RULE.replace("thanks", "more"))
    sent = outcomes(invoke("a", "b/rules.conn", "--events", "b/events.jsonl").stdout)
    assert [row["rule"] for row in sent] == ["thanks", "more", "thanks", "more"]


def test_an_interrupt_while_the_log_is_opened_leaves_outputs_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connrules.cli.run.Lines", interrupt)
    Path("out").write_text("precious", encoding="utf-8")
    result = invoke(folder(tmp_path), "--output", "out")
    assert (result.exit_code, result.output) == (130, NO_CATALOG + "interrupted\n")
    assert Path("out").read_text(encoding="utf-8") == "precious"


# what it says before and after


CATALOG = '[[campaigns]]\nname = "Thanks"\nchannels = ["push"]\n'


def with_catalog(place: Path, events: bytes, catalog: str = CATALOG) -> Path:
    folder(place, events).joinpath("catalog.toml").write_text(catalog, encoding="utf-8")
    return place


def test_what_events_are_about_is_named_with_what_was_probably_meant(tmp_path: Path) -> None:
    events = log(line("ana", type_="received_push", campaign="thanks"), line("ben", type_="received_push"))
    said = invoke(with_catalog(tmp_path, events)).stderr
    assert '  received_push of "thanks"; did you mean "Thanks"?\n' in said
    assert "  received_push without `campaign`\n" in said


@pytest.mark.parametrize("status", ["stopped", "archived"])
def test_a_stopped_campaign_without_a_date_is_doubted(tmp_path: Path, status: str) -> None:
    catalog = f'{CATALOG}status = "{status}"\npublished_at = 2026-01-01\n'
    result = invoke(with_catalog(tmp_path, TWO_SENDS, catalog), "--quiet")
    assert users(result.stdout) == ["ana", "ben"]
    assert result.stderr.startswith(f'warning: "Thanks" is {status}, but the catalog does not say since when')
    with_a_date = f"{catalog}stopped_at = 2027-01-01\n"
    assert invoke(with_catalog(tmp_path, TWO_SENDS, with_a_date), "--quiet").stderr == ""


def test_warnings_are_counted_and_do_not_stop_a_run(tmp_path: Path) -> None:
    folder(tmp_path, TWO_SENDS, 'on purchase after 0s send "Thanks"\n')
    assert "note: 1 warning: `connrules check` shows what they are\n" in invoke(tmp_path).stderr


@pytest.mark.parametrize(
    ("first", "advice"),
    [
        (b"[", "JSON array"),
        (b'[{"user":"u"},', "JSON array"),
        (b"{", "one object over several lines"),
        (b"user,type,time", "a table (CSV)"),
        (b"user\ttype\ttime", "a table (CSV)"),
    ],
)
def test_a_log_of_another_shape_is_called_by_its_name(tmp_path: Path, first: bytes, advice: str) -> None:
    result = invoke(folder(tmp_path, first + b"\n" + TWO_SENDS))
    assert result.exit_code == 3
    assert f"this looks like {advice}" in result.stderr.replace("like a JSON", "like JSON")


@pytest.mark.parametrize(("until", "said"), [(2 * DAY, False), (2 * DAY - 1, True)])
def test_an_until_within_the_log_is_said_to_change_nothing(tmp_path: Path, until: int, *, said: bool) -> None:
    result = invoke(folder(tmp_path), "--until", str(format_instant(START + until)))
    assert ("changes nothing: the log goes on to 2026-03-04T10:00:00Z" in result.stderr) is said
