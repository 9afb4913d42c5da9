"""`connrules run` with profiles, with repeated events, and what its summary says of conversion."""

import gzip
from collections import Counter
from pathlib import Path

import pytest
from backports import zstd
from tests.cli.running import DAY, HOUR, TWO_SENDS, folder, invoke, line, log, outcomes, users

FRENCH = 'rule r: on purchase if user.country = "FR" send "Thanks"\n'
PROFILES = (
    b'{"user":"ana","attributes":{"country":"FR"},"since":2019}\r\n\n{"user":"ben","attributes":{"country":"DE"}}'
)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# profiles


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
def test_profiles_say_what_events_do_not(tmp_path: Path, compress: type[bytes]) -> None:
    folder(tmp_path, TWO_SENDS + log(line("cleo", 3 * DAY)), FRENCH)
    Path("users").write_bytes(compress(PROFILES))
    assert users(invoke(tmp_path).stdout) == []
    assert users(invoke(tmp_path, "--profiles", "users").stdout) == ["ana"]


def test_what_an_event_said_goes_before_the_profile(tmp_path: Path) -> None:
    said = log(line("ben", -1, "attributes", properties={"country": "FR"}))
    Path("users").write_bytes(PROFILES)
    assert users(invoke(folder(tmp_path, said + TWO_SENDS, FRENCH), "--profiles", "users").stdout) == ["ana", "ben"]


def test_profiles_from_standard_input(tmp_path: Path) -> None:
    folder(tmp_path, TWO_SENDS, FRENCH)
    assert users(invoke(tmp_path, "--profiles", "-", stdin=PROFILES).stdout) == ["ana"]
    both = invoke(tmp_path, "--profiles", "-", "--events", "-", stdin=PROFILES)
    assert (both.exit_code, both.stdout) == (2, "")
    assert "standard input cannot be both the events and the profiles" in both.stderr


@pytest.mark.parametrize(
    ("data", "number", "why"),
    [
        (b"country,user", 1, "not JSON: invalid character (byte 0)"),
        (b'{"user":"u","attributes":{}}\n\n{"user":"v","attrib', 3, "not JSON: the line is cut off"),
        (b"[]", 1, "not a profile: expected a JSON object"),
        (b'{"user":"u"}', 1, "attributes: it is missing"),
        (b'{"attributes":{}}', 1, "user: it is missing"),
        (b'{"user":7,"attributes":{}}', 1, "user: expected text, not a number"),
        (b'{"user":"","attributes":{}}', 1, "user: it is empty"),
        (b'{"user":"u","attributes":[]}', 1, "attributes: expected an object, not a list"),
        (b'{"user":"\xff","attributes":{}}', 1, "not JSON: the line is not UTF-8"),
        (b'{"user":"u","attributes":{"a":' + b"[" * 100_000, 1, "not a profile: nested too deep"),
        (
            b'{"user":"u","attributes":{}}\n{"user":"v","attributes":{}}\n{"user":"u","attributes":{}}',
            3,
            "`u` stands twice",
        ),
    ],
)
def test_a_line_that_is_no_profile_ends_the_run_before_it_begins(
    tmp_path: Path, data: bytes, number: int, why: str
) -> None:
    folder(tmp_path, TWO_SENDS, FRENCH)
    Path("users").write_bytes(data)
    Path("out").write_text("precious", encoding="utf-8")
    result = invoke(tmp_path, "--profiles", "users", "--output", "out")
    assert (result.exit_code, Path("out").read_text(encoding="utf-8")) == (2, "precious")
    assert f"error: users:{number}: " in result.stderr
    assert why in result.stderr


def test_profiles_that_cannot_be_read(tmp_path: Path) -> None:
    result = invoke(folder(tmp_path, TWO_SENDS, FRENCH), "--profiles", "nowhere")
    assert result.exit_code == 2
    assert "error: nowhere: no such file or directory\n  = help: check the path after --profiles" in result.stderr


def test_profiles_are_not_written_over(tmp_path: Path) -> None:
    Path("users").write_bytes(PROFILES)
    result = invoke(folder(tmp_path, TWO_SENDS, FRENCH), "--profiles", "users", "--output", "users")
    assert (result.exit_code, Path("users").read_bytes()) == (2, PROFILES)


# repeated events


@pytest.mark.parametrize(("dedupe", "sent"), [("0s", 3), ("59m59s999ms", 2), ("1h", 2), ("1h1ms", 1)])
def test_an_id_that_was_seen_is_a_repeat(tmp_path: Path, dedupe: str, sent: int) -> None:
    events = log(line("ana", id="e"), line("ana", 1, id="e"), line("ana", HOUR + 1, id="e"))
    result = invoke(folder(tmp_path, events, "on purchase send X"), "--dedupe", dedupe)
    assert len(outcomes(result.stdout)) == sent
    assert (f"  repeated   {3 - sent:>11}\n" in result.stderr) is (dedupe != "0s")


def test_lines_without_an_id_are_no_repeats(tmp_path: Path) -> None:
    result = invoke(folder(tmp_path, log(line("ana"), line("ana")), "on purchase send X"), "--dedupe", "1d")
    assert users(result.stdout) == ["ana", "ana"]


def test_a_horizon_that_is_no_duration(tmp_path: Path) -> None:
    result = invoke(folder(tmp_path), "--dedupe", "a day")
    assert result.exit_code == 2
    assert "Invalid value for '--dedupe'" in result.stderr


# conversion


def test_the_summary_says_how_many_converted(tmp_path: Path) -> None:
    rules = (
        'rule goal: on purchase hold out 40% convert on session_start within 1h send "X"\n'
        'rule unheld: on event "Joined" convert on purchase within 1h send "Y"\n'
        'rule plain: on purchase send "Z"\n'
    )
    buyers = [f"u{n}" for n in range(20)]
    events = log(*(line(user) for user in buyers), *(line(user, HOUR - 1, "session_start") for user in buyers[:7]))
    result = invoke(folder(tmp_path, events, rules), "--outcomes", "all")
    rows = [row for row in outcomes(result.stdout) if row["rule"] == "goal"]
    held_out = {row["user"] for row in rows if row.get("reason") == "held_out"}
    assert 0 < len(held_out) < 20
    early = len(held_out & set(buyers[:7]))
    assert {row["user"] for row in rows if row["outcome"] == "goal"} == set(buyers[:7])
    kept = 20 - len(held_out)
    assert (
        f"  goal: converted {7 - early} of {kept} sent ({(7 - early) / kept * 100:.1f} %), "
        f"{early} of {len(held_out)} held out ({early / len(held_out) * 100:.1f} %)\n"
        "  unheld: converted 0 of 0 sent\n"
    ) in result.stderr
    assert "plain: converted" not in result.stderr


def test_the_summary_tells_the_campaigns_of_a_split_apart(tmp_path: Path) -> None:
    rules = (
        'rule r: on purchase hold out 20% convert on session_start within 1h send one of 50% A, 49% "B", 1% "\\u{1}"\n'
        'rule quiet: on event "J" convert on purchase within 1h send one of 50% "A", 50% "B"\n'
    )
    buyers = [f"u{n}" for n in range(30)]
    events = log(*(line(user) for user in buyers), *(line(user, 1, "session_start") for user in buyers[:11]))
    result = invoke(folder(tmp_path, events, rules), "--outcomes", "all")
    rows = outcomes(result.stdout)
    sent, goals = (Counter(row.get("send") for row in rows if row["outcome"] == kind) for kind in ("sent", "goal"))
    assert sent["A"] > goals["A"] > 0 < goals["B"] < sent["B"]
    assert goals[None] > 0
    told = result.stderr.splitlines()[-7:]
    assert told[0].startswith(f"  r: converted {goals['A'] + goals['B']} of {sent.total()} sent (")
    assert told[1:] == [
        f'    "A": {goals["A"]} of {sent["A"]} sent ({goals["A"] / sent["A"]:.1%})'.replace("%", " %"),
        f'    "B": {goals["B"]} of {sent["B"]} sent ({goals["B"] / sent["B"]:.1%})'.replace("%", " %"),
        '    "\\u{1}": 0 of 0 sent',
        "  quiet: converted 0 of 0 sent",
        '    "A": 0 of 0 sent',
        '    "B": 0 of 0 sent',
    ]


@pytest.mark.parametrize(("after", "reached"), [(HOUR - 1, 1), (HOUR, 0), (HOUR + 1, 0)])
def test_a_goal_within_the_time_and_after_it(tmp_path: Path, after: int, reached: int) -> None:
    rules = 'rule r: on purchase convert on session_start within 1h send "X"\n'
    events = log(line("ana"), line("ana", after, "session_start"))
    said = invoke(folder(tmp_path, events, rules)).stderr
    assert f"  r: converted {reached} of 1 sent ({reached * 100:.1f} %)\n" in said
