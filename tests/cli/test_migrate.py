"""`connrules migrate`: what it says that other rules do to those who wait, and that they do just that."""

import json
import shutil
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli.running import DAY, HOUR, folder, line, log, outcomes
from tests.cli.states import EVENTS, RULES, connrules, files, held, killed, run, state

from connrules.compile import compile_rules
from connrules.connectors.sqlite import SqliteStore
from connrules.pipeline import load
from connrules.run.ports import Batch, StoreError

NEW = """\
rule thanks: on purchase after 2h unless session_start or purchase send "Thanks"
rule more: on purchase after 1h send "More"


on event "Joined" after 1d send "Welcome"
"""
TEXT = """\
run.db: 6 pending sends, decided up to 2026-03-03T10:00:00Z

rule thanks: changed
  - after 1d
  + after 2h
  - unless session_start
  + unless session_start or purchase
  2  keeping the delay and the exceptions of when they began: ben, dan

rule more: new

rule rules.conn:5: moved, was rules.conn:3
  1  waiting on as before: cleo

rule later: gone
  3  dropped, for the rule is gone: ana, ben, dan
"""
LATER = log(
    line("ben", DAY + HOUR // 2, id="e6"),
    line("dan", DAY + HOUR, "session_start", id="e7"),
    line("zoe", 5 * DAY, "session_start", id="e8"),
)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "new", None, NEW)


def migrate(*options: str, old: str = "old", new: str = "new", code: int = 0) -> str:
    result = connrules("migrate", old, new, "--state", "run.db", *options)
    assert result.exit_code == code, result.stderr
    return result.stdout if code == 0 else result.stderr


def go_on(*options: str, rules: str = "new") -> list[dict[str, object]]:
    """What the whole output is when the run has gone on to the end of a longer log."""
    Path("old/events.jsonl").write_bytes(EVENTS + LATER)
    run(rules, "--events", "old/events.jsonl", "--state", "run.db", *options)
    return outcomes(Path("out.jsonl").read_bytes())


# what it says


def test_what_becomes_of_those_who_wait(tmp_path: Path) -> None:
    state(tmp_path)

    assert migrate("--dry-run") == TEXT
    assert migrate() == TEXT


def test_those_who_follow_may_be_due_by_now(tmp_path: Path) -> None:
    state(tmp_path)

    told = migrate("--dry-run", "--changed", "follow")

    assert "  2  due by now with the new delay, and so decided at once: ben, dan\n" in told


def test_the_same_rules_change_nothing(tmp_path: Path) -> None:
    state(tmp_path)

    told = migrate("--dry-run", new="old")

    assert told.count("waiting on as before") == 3
    assert "unchanged" in told


def test_json_is_one_document(tmp_path: Path) -> None:
    state(tmp_path)

    found = json.loads(migrate("--dry-run", "--format", "json", "--users", "1"))

    assert (found["waits"], found["done"], found["changed"]) == (6, False, "pin")
    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert rules["thanks"]["waits"] == {"pinned": {"waits": 2, "examples": ["ben"]}}
    assert rules["later"]["waits"] == {"dropped": {"waits": 3, "examples": ["ana"]}}
    assert rules["thanks"]["clauses"]["added"] == ["after 2h", "unless session_start or purchase"]
    assert (rules["rules.conn:5"]["was"], rules["rules.conn:5"]["edit"]) == ("rules.conn:3", "renamed")


def test_a_rule_without_a_name_that_was_edited_is_warned_of(tmp_path: Path) -> None:
    state(tmp_path)
    folder(tmp_path / "new", None, RULES.replace('"Joined" after 1d', '"Joined" after 2d'))

    result = connrules("migrate", "old", "new", "--state", "run.db", "--dry-run")

    assert "rule rules.conn:3: gone\n  1  dropped, for the rule is gone: cleo\n" in result.stdout
    assert "warning: rule `rules.conn:3` has no name: if it was edited, nobody can tell" in result.stderr
    assert connrules("migrate", "old", "old", "--state", "run.db", "--dry-run").stderr.count("warning: ") == 0


def test_a_run_that_goes_on_with_other_rules_says_the_same_of_those_who_waited(tmp_path: Path) -> None:
    state(tmp_path)
    folder(tmp_path / "new", None, NEW.replace('"Joined" after 1d', '"Joined" after 2d'))
    (warning,) = (w for w in _notes("migrate", "old", "new", "--state", "run.db", "--dry-run") if "warning" in w)

    said = _notes("run", "new", "--events", "old/events.jsonl", "--state", "run.db", "--output", "out.jsonl")

    assert [text for text in said if "state" not in text and "catalog" not in text] == [
        warning,
        "note: since the last run 1 rule changed: thanks",
        "note: since the last run 2 rules removed: later, rules.conn:3",
        "note: since the last run 2 rules added: more, rules.conn:5",
        "note: of those who waited: 2 sends keeping the delay and the exceptions of when they began",
        "note: of those who waited: 4 sends dropped, for the rule is gone",
    ]
    again = _notes("run", "new", "--events", "old/events.jsonl", "--state", "run.db", "--output", "out.jsonl")
    assert not [text for text in again if "waited" in text or "warning" in text]


def _notes(*arguments: str) -> list[str]:
    said = connrules(*arguments).stderr.splitlines()
    return [text for text in said if text.startswith(("note: ", "warning: "))]


def test_of_rules_that_only_the_policy_changed_nobody_is_dropped(tmp_path: Path) -> None:
    """Rules without a name are recognised as those that have one: what they say is the same."""
    quiet = "policy: quiet {} to 08:00\n"
    run(folder(tmp_path / "old", EVENTS, quiet.format("22:00") + RULES), "--state", "run.db")
    folder(tmp_path / "new", None, quiet.format("21:00") + RULES)

    result = connrules("migrate", "old", "new", "--state", "run.db", "--dry-run")

    assert "rule rules.conn:4: changed\n  - between 08:00 and 22:00\n  + between 08:00 and 21:00\n" in result.stdout
    assert "gone" not in result.stdout
    assert "warning" not in result.stderr


def test_a_rule_that_reads_the_same_and_means_something_else_says_why(tmp_path: Path) -> None:
    rules = 'policy: time zone "{}"\nrule a: on purchase after 1d unless purchase where paid > 2026-03-01 send "X"\n'
    run(folder(tmp_path / "old", EVENTS, rules.format("Europe/Paris")), "--state", "run.db")
    folder(tmp_path / "new", None, rules.format("Asia/Tokyo"))

    assert (
        "rule a: changed\n  exceptions: the same words, which time zone or catalog give another meaning\n"
        "  2  keeping the delay and the exceptions of when they began: ben, dan\n"
    ) in migrate("--dry-run")


def test_all_users_are_shown_if_asked_for(tmp_path: Path) -> None:
    state(tmp_path)

    assert ": ana\n" in migrate("--dry-run", "--users", "1")
    assert "the rule is gone\n" in migrate("--dry-run", "--users", "0")
    assert ": ana, ben, dan\n" in migrate("--dry-run", "--users", "all")


# what it does


@pytest.mark.parametrize("options", [[], ["--changed", "follow"], ["--format", "json"]])
def test_a_dry_run_changes_no_byte(tmp_path: Path, options: list[str]) -> None:
    killed(tmp_path)
    before = files()

    assert migrate("--dry-run", *options)

    assert files() == before


@pytest.mark.parametrize("kinds", ["sent", "all"])
@pytest.mark.parametrize("changed", ["pin", "follow"])
def test_the_run_that_goes_on_decides_what_a_run_with_the_new_rules_decides(
    tmp_path: Path, changed: str, kinds: str
) -> None:
    state(tmp_path, "--outcomes", kinds)
    left = files()
    at_once = go_on("--outcomes", kinds, "--changed", changed)
    for name, content in left.items():
        Path(name).write_bytes(content)
    Path("old/events.jsonl").write_bytes(EVENTS)

    migrate("--changed", changed, "--outcomes", kinds)

    assert go_on("--outcomes", kinds) == at_once
    assert [o["user"] for o in at_once if o.get("reason") == "rule_removed"] == (
        ["ana", "ben", "dan"] if kinds == "all" else []
    )


def test_what_comes_of_it_is_written_by_the_next_run(tmp_path: Path) -> None:
    state(tmp_path, "--outcomes", "all")
    before = Path("out.jsonl").read_bytes()

    result = connrules("migrate", "old", "new", "--state", "run.db", "--outcomes", "all")

    assert "not in the output yet: 3 outcomes; the next run writes what is missing" in result.stderr
    assert Path("out.jsonl").read_bytes() == before
    written = go_on("--outcomes", "all")[len(before.splitlines()) :]
    assert [(o["outcome"], o["reason"], o["user"]) for o in written[:3]] == [
        ("dropped", "rule_removed", "ana"),
        ("dropped", "rule_removed", "ben"),
        ("dropped", "rule_removed", "dan"),
    ]


def test_what_is_told_beforehand_is_what_happens(tmp_path: Path) -> None:
    state(tmp_path)
    told = json.loads(migrate("--format", "json"))

    found = json.loads(connrules("state", "run.db", "--format", "json").stdout)

    waits = {rule["rule"]: rule["waits"] for rule in found["rules"]}
    assert waits == {"thanks": 2, "more": 0, "rules.conn:5": 1}
    assert [rule["pinned"] for rule in found["rules"]] == [2, 0, 0]
    assert told["done"]


@pytest.mark.parametrize("kinds", ["sent", "all"])
@pytest.mark.parametrize(("changed", "sent"), [("pin", 0), ("follow", 2)])
def test_a_dry_run_foretells_what_the_next_run_writes(tmp_path: Path, changed: str, kinds: str, sent: int) -> None:
    """All that is decided at once, and none that `--outcomes` leaves out."""
    state(tmp_path, "--outcomes", kinds)
    options = ("--changed", changed, "--outcomes", kinds, "--format", "json")

    dry, done = (connrules("migrate", "old", "new", "--state", "run.db", *options, *dry) for dry in (["--dry-run"], []))

    told = json.loads(dry.stdout)
    assert {**told, "done": True} == json.loads(done.stdout)
    dropped = 3 if kinds == "all" else 0
    assert told["undelivered"] == sent + dropped
    note = "note: a dry run: nothing was changed"
    more = f"; {sent + dropped} outcomes would be for the next run to write"
    assert f"{note}{more if sent + dropped else ''}\n" in dry.stderr


def test_events_that_are_held_back_and_ids_stay(tmp_path: Path) -> None:
    late = ["--lateness", "5h", "--dedupe", "2d"]
    state(tmp_path, *late)
    left = files()
    at_once = go_on(*late)
    for name, content in left.items():
        Path(name).write_bytes(content)
    Path("old/events.jsonl").write_bytes(EVENTS)

    assert "the state remembers ids of events\n  = help: give the --dedupe that the run has" in migrate(code=2)
    migrate("--dedupe", "2d")

    before, after = Path("run.db"), connrules("state", "run.db").stdout
    assert before.exists()
    assert "held back      2 events" in after
    assert "remembered     3 ids" in after
    assert go_on(*late) == at_once


def test_a_store_that_fails_leaves_the_state_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state(tmp_path)

    def full(*_: object) -> None:
        raise StoreError("`run.db` cannot be written: the disk is full", "make room")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "commit", full)
        assert "error: `run.db` cannot be written: the disk is full\n  = help: make room\n" in migrate(code=2)

    assert migrate() == TEXT


def test_it_can_be_done_once(tmp_path: Path) -> None:
    state(tmp_path)
    migrate()

    assert migrate(code=2).startswith("note: no catalog")
    assert "error: run.db: the state is of NEW already\n" in (said := migrate(code=2))
    assert "to go back to OLD, name the two the other way round" in said


def test_a_compiled_plan_is_a_rule_set(tmp_path: Path) -> None:
    state(tmp_path)
    Path("used.json").write_bytes(compile_rules(load("old")).to_json())

    assert migrate("--dry-run", old="used.json") == TEXT


# what it refuses


def test_a_state_of_other_rules_is_refused_and_it_says_how_they_differ(tmp_path: Path) -> None:
    state(tmp_path)
    before = files()
    shutil.copytree("old", "other")
    Path("other/rules.conn").write_text(RULES.replace("after 3d", "after 4d"))

    said = migrate(old="other", code=2)

    assert "error: run.db: the state was not made with OLD: they differ in `later`\n" in said
    assert files() == before


def test_a_state_made_with_another_catalog_is_refused(tmp_path: Path) -> None:
    state(tmp_path)
    campaigns = "".join(f'[[campaigns]]\nname = "{name}"\n' for name in ("Thanks", "Later", "Welcome", "More"))
    Path("catalog.toml").write_text(f'{campaigns}[[events]]\nname = "Joined"\n')

    said = migrate("--catalog", "catalog.toml", code=2)

    assert "the state was not made with OLD: the catalogs differ\n" in said


def test_rules_with_errors_are_refused_and_it_says_which(tmp_path: Path) -> None:
    state(tmp_path)
    folder(tmp_path / "new", None, 'rule x: on purchase unless session_start send "Y"\n')

    assert "error: rules with errors are not run: NEW\n" in migrate(code=2)


def test_a_state_of_a_plan_that_cannot_be_run_here_is_refused(tmp_path: Path) -> None:
    """As when it was moved to a machine that knows fewer time zones."""
    rule = 'rule a: on purchase in 1 days at 09:00 zone "{}" send "X"\n'
    run(folder(tmp_path / "old", EVENTS, rule.format("Europe/Paris")), "--state", "run.db")
    folder(tmp_path / "new", None, rule.format("UTC"))
    plan = compile_rules(load("old"))
    with closing(SqliteStore("run.db")) as store:
        loaded = store.load()
        assert loaded is not None
        far = plan.to_json().replace(b"Europe/Paris", b"Nowhere/Land")
        core = loaded.core.replace(sha256(plan.to_json()).hexdigest().encode(), sha256(far).hexdigest().encode())
        store.commit(Batch({}, core, plan=far))

    assert "the state was not made with OLD: they differ in `a`" in migrate(code=2)
    assert connrules("state", "run.db").exit_code == 0


def test_a_state_in_use_is_refused(tmp_path: Path) -> None:
    state(tmp_path)

    with held(tmp_path / "run.db"):
        assert "error: `run.db` is used by another process\n" in migrate(code=2)
        assert "error: `run.db` is used by another process\n" in migrate("--dry-run", code=2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.db", "`gone.db` does not exist"),
        ("old", "`old` is a folder"),
        ("old/rules.conn", "`old/rules.conn` holds something else than a state"),
        ("empty.db", "empty.db: the state holds nothing yet"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_what_is_no_state_is_refused(tmp_path: Path, name: str, said: str, options: list[str]) -> None:
    folder(tmp_path / "old", EVENTS, RULES)
    Path("empty.db").write_bytes(b"")
    before = files()

    result = connrules("migrate", "old", "new", "--state", name, *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {said}" in result.stderr
    assert files() == before


def test_the_help_shows_how() -> None:
    assert "--state run.db --dry-run" in connrules("migrate", "--help").stdout
