"""`connrules run`: its options, what it reads, what it says."""

import gzip
from pathlib import Path

import pytest
from backports import zstd
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
    numbered,
    outcomes,
    rejects,
    users,
    warnings,
)

from connrules.duration import format_duration, format_instant

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


# the log


def test_without_a_log() -> None:
    folder(Path("here"), events=None)
    result = invoke("here")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no log" in result.stderr
    assert "--events FILE" in result.stderr


def test_with_two_logs(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(TWO_SENDS))
    result = invoke(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "more than one log: events.jsonl, events.jsonl.gz" in result.stderr


@pytest.mark.parametrize("missing", ["nowhere.jsonl", "folder"])
def test_a_log_that_cannot_be_read_leaves_outputs_as_they_are(tmp_path: Path, missing: str) -> None:
    folder(tmp_path)
    (tmp_path / "folder").mkdir()
    Path("out").write_text("precious", encoding="utf-8")
    result = invoke("rules.conn", "--events", missing, "--output", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {missing}: " in result.stderr
    assert Path("out").read_text(encoding="utf-8") == "precious"


FORMS = {
    "plain": TWO_SENDS,
    "with a byte order mark": b"\xef\xbb\xbf" + TWO_SENDS,
    "with CRLF": TWO_SENDS.replace(b"\n", b"\r\n"),
    "without a last line break": TWO_SENDS.rstrip(b"\n"),
    "with blank lines": b"\n\n" + TWO_SENDS.replace(b"\n", b"\n  \n\t\r\n"),
    "gzip": gzip.compress(TWO_SENDS),
    "gzip in two members": gzip.compress(TWO_SENDS[:70]) + gzip.compress(TWO_SENDS[70:]),
    "gzip, byte order mark": gzip.compress(b"\xef\xbb\xbf" + TWO_SENDS),
    "zstd": zstd.compress(TWO_SENDS),
    "zstd in two frames": zstd.compress(TWO_SENDS[:70]) + zstd.compress(TWO_SENDS[70:]),
    "zstd after a frame to skip": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.compress(TWO_SENDS),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["log.jsonl", "log.gz", "log.zst"])
def test_the_form_of_a_log_is_told_by_its_content(form: str, name: str) -> None:
    folder(Path(), events=None)
    Path(name).write_bytes(FORMS[form])
    result = invoke("rules.conn", "--events", name)
    assert (result.exit_code, users(result.stdout)) == (0, ["ana", "ben"])
    assert "rejected             0\n" in result.stderr


@pytest.mark.parametrize("form", FORMS)
def test_the_same_from_standard_input(form: str) -> None:
    folder(Path(), events=None)
    result = invoke("rules.conn", "--events", "-", stdin=FORMS[form])
    assert (result.exit_code, users(result.stdout)) == (0, ["ana", "ben"])


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_log_of_a_folder_may_be_compressed(tmp_path: Path, suffix: str) -> None:
    folder(tmp_path, events=None)
    forms = {"": TWO_SENDS, ".gz": gzip.compress(TWO_SENDS), ".zst": zstd.compress(TWO_SENDS)}
    (tmp_path / f"events.jsonl{suffix}").write_bytes(forms[suffix])
    assert users(invoke(tmp_path).stdout) == ["ana", "ben"]


@pytest.mark.parametrize("nothing", [b"", b"\n", b" \r\n\n", b"\xef\xbb\xbf", gzip.compress(b""), zstd.compress(b"")])
def test_a_log_without_events(tmp_path: Path, nothing: bytes) -> None:
    result = invoke(folder(tmp_path, nothing), "--outcomes", "all", "--until", "2030-01-01")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 events, 0 of them matched a rule\n" in result.stderr


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_compressed_log_that_is_cut_off(tmp_path: Path, compress: type[bytes], kept: float) -> None:
    users_ = [line(f"u{n}-{n * 7919 % 1000003}", n * HOUR) for n in range(20_000)]
    whole = compress(log(*users_))
    folder(tmp_path, whole[: int(len(whole) * kept)])
    result = invoke(tmp_path, "--output", "out")
    assert result.exit_code == 2
    assert "events.jsonl: the compressed file is damaged or cut off after line " in result.stderr
    read = int(result.stderr.partition("after line ")[2].split()[0])
    assert 0 < read < 20_000
    sent = users(Path("out").read_bytes())
    assert sent == [f"u{n}-{n * 7919 % 1000003}" for n in range(read - 24)]


def test_a_compressed_log_that_is_damaged_in_the_middle(tmp_path: Path) -> None:
    for compress in (gzip.compress, zstd.compress):
        data = bytearray(compress(log(*(line(f"u{n * 7919 % 1000003}", n) for n in range(5_000)))))
        data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
        result = invoke(folder(tmp_path, bytes(data)))
        assert result.exit_code == 2
        assert "the compressed file is damaged or cut off" in result.stderr


def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    long = line("long", DAY, properties={"text": "x" * 50_000_000})
    first, second, last = TWO_SENDS.splitlines()
    result = invoke(folder(tmp_path, log(first, second, long, b"x" * 50_000_000, last)), "--rejects", "rejects")
    assert result.exit_code == 3
    assert users(result.stdout) == ["ana", "ben", "long"]
    (rejected,) = rejects(Path("rejects"))
    assert (rejected["line"], len(rejected["text"])) == (4, 50_000_000)


# lines that are no events

BROKEN = {
    b"not json": "not JSON: invalid character (byte 4)",
    b'{"user": "u"': "not JSON: the line is cut off",
    b'{"user":"u","type":"purchase","time":1} {}': "not JSON: trailing characters (byte 41)",
    b'{"user":"\xff","type":"purchase","time":1}': "not JSON: the line is not UTF-8",
    b"\xff\xfe{\x00": "not JSON: invalid character (byte 0)",
    b"[]": "not an event: expected a JSON object",
    b"null": "not an event: expected a JSON object",
    b'{"user":"u","type":"purchase","time":1,"properties":' + b'{"a":' * 200_000: "not an event: nested too deep",
    b'{"type":"purchase","time":1772445600000}': "user: it is missing",
    b'{"user":"","type":"purchase","time":1772445600000}': "user: it is empty",
    b'{"user":7,"type":"purchase","time":1772445600000}': "user: expected text, not a number",
    b'{"user":"u","time":1772445600000}': "type: it is missing",
    b'{"user":"u","type":"purchase"}': "time: it is missing",
    b'{"user":"u","type":"purchase","time":1772445600000,"campaign":["c"]}': "campaign: expected text, not a list",
    b'{"user":"u","type":"purchase","time":1772445600000,"properties":3}': (
        "properties: expected an object, not a number"
    ),
    b'{"user":"u","type":"purchase","time":1772445600000,"properties":{"n":1e999}}': "properties: number out of range",
    b'{"user":"u","type":"purchase","time":253402300800000}': "time: 253402300800000 ms is outside the years 1 to 9999",
}
BAD_TIMES = [b"true", b"null", b"1772445600.5", b'"2026-03-02T10:00:00"', b'"2026-03-02"', b'"1772445600000"', b"[]"]


def test_lines_that_are_no_events_are_kept_with_number_and_reason(tmp_path: Path) -> None:
    bad_times = [b'{"user":"u","type":"purchase","time":' + time + b"}" for time in BAD_TIMES]
    first, second, last = TWO_SENDS.splitlines()
    folder(tmp_path, log(first, *BROKEN, second, *bad_times, last))
    result = invoke(tmp_path, "--rejects", "rejects")
    assert result.exit_code == 3
    assert users(result.stdout) == ["ana", "ben"]
    found = rejects(Path("rejects"))
    assert numbered(found) == [*range(2, 2 + len(BROKEN)), *range(3 + len(BROKEN), 3 + len(BROKEN) + len(bad_times))]
    assert [row["reason"] for row in found[: len(BROKEN)]] == list(BROKEN.values())
    assert {row["reason"] for row in found[len(BROKEN) :]} == {
        'time: write ISO 8601 with an offset ("2026-03-02T10:00:00Z") or an integer of epoch milliseconds'
    }
    assert [row["text"].encode() for row in found if "text" in row] == [
        row for row in (*BROKEN, *bad_times) if b"\xff" not in row
    ]
    assert [row["base64"] for row in found if "base64" in row] == [
        "eyJ1c2VyIjoi/yIsInR5cGUiOiJwdXJjaGFzZSIsInRpbWUiOjF9",
        "//57AA==",
    ]
    assert f"rejected            {len(found)}\n" in result.stderr
    assert warnings(result.stderr) == []


def test_the_raw_text_of_a_rejected_line_is_without_its_line_break(tmp_path: Path) -> None:
    invoke(folder(tmp_path, b"one\r\ntwo\nthree"), "--rejects", "rejects")
    assert [row["text"] for row in rejects(Path("rejects"))] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (5, []),
        (6, ["1 more line was rejected; --rejects FILE keeps them all"]),
        (2_005, ["2,000 more lines were rejected; --rejects FILE keeps them all"]),
    ],
)
def test_without_a_file_for_rejects_the_first_five_are_shown(tmp_path: Path, count: int, more: list[str]) -> None:
    result = invoke(folder(tmp_path, log(*([b"{}"] * count))))
    assert result.exit_code == 3
    shown = [f"{tmp_path}/events.jsonl:{n}: rejected: user: it is missing" for n in range(1, 6)]
    assert warnings(result.stderr) == [*shown, *more]


def test_a_rejected_line_of_standard_input(tmp_path: Path) -> None:
    folder(tmp_path, events=None)
    result = invoke("rules.conn", "--events", "-", stdin=b"{}\n")
    assert warnings(result.stderr) == ["standard input:1: rejected: user: it is missing"]


# times that look wrong


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([START // 1000], "1 event has a time before March 1973, as if it were seconds; "),
        ([100_000_000, 99_999_999_999], "2 events have times before March 1973, as if they were seconds; "),
        ([99_999_999, 100_000_000_000], None),
    ],
)
def test_times_that_look_like_seconds(tmp_path: Path, times: list[int], words: str | None) -> None:
    events = log(*(f'{{"user":"u","type":"purchase","time":{time}}}'.encode() for time in times))
    result = invoke(folder(tmp_path, events))
    assert result.exit_code == 0
    help_ = "an integer `time` is in milliseconds: multiply it by 1000"
    assert warnings(result.stderr) == ([words + help_] if words else [])


@pytest.mark.parametrize("worst", [1, 999, 90_061_001])
def test_the_lateness_that_a_warning_names_is_exactly_what_it_takes(tmp_path: Path, worst: int) -> None:
    newest = 2 * DAY
    late = [line("ana", newest - worst), line("ben", newest - worst // 2)]
    folder(tmp_path, log(line("u"), line("v", newest), *late))
    result = invoke(tmp_path)
    (warning,) = warnings(result.stderr)
    named = warning.rpartition("--lateness ")[2]
    assert named == format_duration(worst)
    assert warnings(invoke(tmp_path, "--lateness", named).stderr) == []
    assert warnings(invoke(tmp_path, "--lateness", format_duration(worst - 1)).stderr) != []


def test_what_a_warning_says_of_late_events(tmp_path: Path) -> None:
    folder(tmp_path, log(line("u", DAY), line("v", DAY - HOUR)))
    (warning,) = warnings(invoke(tmp_path).stderr)
    assert warning == (
        "the log is not sorted by time: 1 event came late and changed nothing, 1h older than the newest before it; "
        "sort the log, or run with --lateness 1h"
    )
    folder(tmp_path, log(line("u", DAY), line("v", DAY - HOUR), line("w", DAY - 2 * HOUR)))
    (warning,) = warnings(invoke(tmp_path, "--lateness", "1m").stderr)
    assert warning == (
        "the log is not sorted by time: 2 events came late and changed nothing, up to 2h older than the newest before "
        "them; the allowed lateness is 1m; sort the log, or run with --lateness 2h"
    )


def test_no_lateness_is_named_that_cannot_be_given(tmp_path: Path) -> None:
    ages_ago = b'{"user":"u","type":"purchase","time":"0001-01-01T00:00:00Z"}'
    (warning,) = warnings(invoke(folder(tmp_path, log(line("u"), ages_ago))).stderr)
    assert warning.endswith("; sort the log")


def test_late_events_are_kept_as_they_came(tmp_path: Path) -> None:
    late = [b'{ "time":  1000000000000,"user":"u", "type":"purchase", "extra": [1] }', line("v", -1, id="é")]
    folder(tmp_path, b"\n{}\n" + log(line("u"), late[0], line("v", DAY)) + late[1] + b"\r\n")
    result = invoke(tmp_path, "--late", "late")
    assert result.exit_code == 3
    assert Path("late").read_bytes() == late[0] + b"\n" + late[1] + b"\r\n"
    assert "late                 2\n" in result.stderr


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
        "                       1  thanks: session_start\n"
        '                       1  thanks: event "Refund"\n'
        "  dropped              0\n"
        "  restarted            1\n"
        "  ignored              2\n"
        "                       1  already_waiting\n"
        "                       1  not_eligible\n"
        "  pending              1\n"
        "  late                 1\n"
        "  rejected             1\n"
        "  unknown campaign, card or event: 1\n"
        "                       1  received_push\n"
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
