"""`connrules diff`: what it shows of a change to rules, and how it ends."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from markdown_it import MarkdownIt
from tests.cli.running import DAY, HOUR, RULE, folder, line, log, process

from connrules.cli.shell import shell
from connrules.compile import compile_rules
from connrules.pipeline import loads

OLD = """\
rule thanks: on purchase after 1d unless session_start send "Thanks"
rule welcome: on event "Joined" send "Welcome"
"""
NEW = """\
rule thanks: on purchase after 2d unless session_start send "Thanks"
rule hello: on event "Joined" send "Welcome"
rule big: on purchase where amount > 5 send "Wow"
"""
EVENTS = log(
    line("ana", id="e1"),
    line("ben", HOUR, id="e2"),
    line("cleo", 2 * HOUR, "event", name="Joined", id="e4"),
    line("dan", 2 * HOUR, id="e5", properties={"amount": 6}),
    line("ben", DAY + 2 * HOUR, "session_start", id="e3"),
    line("eve", 2 * DAY, id="e6"),
    line("finn", 3 * DAY + 1, id="e7"),
)
TEXT = """\
5 sends before, 4 after (−20.0 %), in 7 events up to 2026-03-05T10:00:00.001Z
1 user newly gets a message, 2 no longer get one, 2 get one at another time, 1 gets one by another rule

rule              sends before  after  newly  no longer  other time  other rule
thanks   changed             4      2                 2           2
hello    new                        1                                        +1
big      new                        1      1
welcome  gone                1                                               −1
total                        5      4      1          2           2           1

rule thanks: changed
  - after 1d
  + after 2d

  no longer: 2 users, 2 sends
    1  now: cancelled by `session_start`
    1  now: still waiting when the log ends
      ben  `Thanks`  2026-03-03T11:00:00Z  →  cancelled by `session_start` 2026-03-03T12:00:00Z
      eve  `Thanks`  2026-03-05T10:00:00Z  →  waits until 2026-03-06T10:00:00Z

  other time: 2 users, 2 sends; 1d later
      ana  `Thanks`  2026-03-03T10:00:00Z  →  2026-03-04T10:00:00Z, 1d later
      dan  `Thanks`  2026-03-03T12:00:00Z  →  2026-03-04T12:00:00Z, 1d later

rule hello: new
  + on event "Joined"
  + send "Welcome"

  other rule: 1 user, 1 send; before by `welcome`
      cleo  `Welcome`  2026-03-02T12:00:00Z by `welcome`  →  2026-03-02T12:00:00Z

rule big: new
  + on purchase where amount > 5
  + send "Wow"

  newly: 1 user, 1 send; the rule is new
      dan  `Wow`  nothing  →  2026-03-02T12:00:00Z

rule welcome: gone
  - on event "Joined"
  - send "Welcome"
  now sent by another rule: 1 send
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "old", None, OLD)
    folder(tmp_path / "new", EVENTS, NEW)


def diff(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(shell, ["diff", *map(str, arguments)], input=stdin)
    assert "Traceback" not in result.output
    return result


def document(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(diff(*arguments, "--format", "json").stdout)
    return found


# what it shows


def test_who_gains_and_who_loses_what_and_why() -> None:
    result = diff("old", "new")

    assert result.stdout == TEXT
    assert result.exit_code == 0


def test_a_rule_set_does_not_differ_from_itself() -> None:
    result = diff("new", "new", "--exit-code")

    assert result.exit_code == 0
    assert result.stdout == (
        "4 sends before, 4 after, in 7 events up to 2026-03-05T10:00:00.001Z\n"
        "nothing differs: the same users get the same messages at the same times\n"
        "\n"
        "rule                sends before  after\n"
        "3 rules  unchanged             4      4\n"
    )


def test_time_moves_on_for_both(tmp_path: Path) -> None:
    assert document("old", "new")["differences"]["other_time"] == {"users": 2, "sends": 2}
    later = document("old", "new", "--until", "2026-04-01")
    assert later["differences"]["other_time"] == {"users": 4, "sends": 4}
    assert later["until"] == "2026-04-01T00:00:00Z"


def test_what_was_edited_without_effect_is_told(tmp_path: Path) -> None:
    folder(tmp_path / "new", EVENTS, OLD.replace("unless session_start", 'unless session_start or event "Gone"'))

    result = diff("old", "new")

    assert "nothing differs: the same users" in result.stdout
    assert "rule thanks: changed, and no send differs\n" in result.stdout
    assert '  - unless session_start\n  + unless session_start or event "Gone"\n' in result.stdout


def test_what_was_edited_besides_the_rules_is_told(tmp_path: Path) -> None:
    folder(tmp_path / "new", EVENTS, OLD + 'policy: limit 1 per 1d time zone "Europe/Paris"\n')

    result = diff("old", "new")

    assert 'besides the rules\n  + limit 1 per 1d\n  + time zone "Europe/Paris"\n' in result.stdout


def test_a_rule_that_a_segment_changes_says_so(tmp_path: Path) -> None:
    rules = 'segment vip = user.plan = "{}"\nrule thanks: on purchase if in segment vip send "Thanks"\n'
    folder(tmp_path / "old", None, rules.format("gold"))
    folder(tmp_path / "new", EVENTS, rules.format("silver"))

    result = diff("old", "new")

    assert "rule thanks: changed, and no send differs\n  through segment `vip`\n" in result.stdout
    assert """  - segment vip = user.plan = "gold"\n  + segment vip = user.plan = "silver"\n""" in result.stdout


def test_another_message_after_the_same_event(tmp_path: Path) -> None:
    folder(tmp_path / "new", EVENTS, OLD.replace('"Welcome"', '"Hello"'))

    result = diff("old", "new")

    assert "1 user gets another message instead\n" in result.stdout
    assert "other message: 1 user, 1 send; `Welcome` before, now `Hello`\n" in result.stdout


def test_what_is_unchanged_itself_and_differs_is_told(tmp_path: Path) -> None:
    both = log(line("ana"), line("ana", 1, "event", name="Joined"), line("ana", DAY, "session_start"))
    folder(tmp_path / "new", both, OLD + "policy: limit 1 per 1d\n")
    folder(tmp_path / "old", None, OLD)

    result = diff("old", "new")

    assert "rule thanks: unchanged itself\n" in result.stdout
    assert "no longer: 1 user, 1 send; now: dropped, a limit is reached\n" in result.stdout


CHAIN = """\
rule first: on purchase after {} send "One"
rule second: on sent first after 1d unless session_start send "Two"
rule third: on sent second or event "Joined" after 1d unless session_start send "Three"
on sent third after 1d unless session_start send "Four"
"""


@pytest.mark.parametrize(("link", "message"), [(1, "Two"), (2, "Three"), (3, "Four")])
@pytest.mark.parametrize(("before", "after", "difference"), [("48h", "36h", "newly"), ("36h", "48h", "no_longer")])
def test_of_a_chain_whose_beginning_moves_it_is_told_why_the_rest_differs(
    tmp_path: Path, before: str, after: str, difference: str, link: int, message: str
) -> None:
    """The triggers of what follows are the same, though they come at other times."""
    between = (36 + 6) * HOUR + link * DAY  # one rule set has sent this message, the other is about to
    events = log(line("ana", id="e1"), line("ana", between, "session_start", id="e2"))
    folder(tmp_path / "old", None, CHAIN.format(before))
    folder(tmp_path / "new", events, CHAIN.format(after))

    result = diff("old", "new", "--until", "2026-04-01")
    rule = document("old", "new", "--until", "2026-04-01")["rules"][link]

    when = "before" if difference == "newly" else "now"
    assert f"1 user, 1 send; {when}: cancelled by `session_start`\n" in result.stdout
    (told,) = rule["differences"][difference]["examples"]
    assert (told["new"] or told["old"])["send"] == message
    assert (told["instead"]["outcome"], told["instead"]["by"]) == ("cancelled", "e2")


def test_rules_without_a_name_are_the_same_on_another_line_and_in_a_file_of_another_name(tmp_path: Path) -> None:
    rule = RULE.removeprefix("rule thanks: ")
    (tmp_path / "before.conn").write_text(rule, encoding="utf-8")
    (tmp_path / "after.conn").write_text(f"\n\n{rule}", encoding="utf-8")

    result = diff("before.conn", "after.conn", "--events", "new/events.jsonl")

    assert "nothing differs" in result.stdout
    assert "rule after.conn:3: moved, and no send differs, was before.conn:1\n" in result.stdout


def test_catalogs_of_their_own_are_told_apart(tmp_path: Path) -> None:
    entry = '[[campaigns]]\nname = "{}"\nchannels = ["push"]\npublished_at = {}\n'
    (tmp_path / "new" / "catalog.toml").write_text("".join(entry.format(n, "2026-01-01") for n in ("Thanks", "Wow")))
    (tmp_path / "late.toml").write_text(entry.format("Thanks", "2026-03-04") + entry.format("Wow", "2026-01-01"))
    (tmp_path / "new" / "rules.conn").write_text(RULE)
    (tmp_path / "old" / "rules.conn").write_text(RULE)

    result = diff("old", "new", "--old-catalog", "late.toml")

    assert "newly: 3 users, 3 sends; before: ignored, the message is not published\n" in result.stdout
    assert "besides the rules\n  the catalogs differ in `Thanks`\n" in result.stdout
    assert "nothing differs" in diff("old", "new", "--catalog", "late.toml").stdout


@pytest.mark.parametrize("options", [["--jobs", "2"], ["--engine", "columnar"]])
def test_however_it_runs_it_says_the_same(options: list[str]) -> None:
    assert process("diff", "old", "new", *options).stdout.decode() == diff("old", "new").stdout


def test_the_number_of_examples_is_chosen(tmp_path: Path) -> None:
    folder(tmp_path / "new", log(*(line(f"u{n}", n // 2) for n in range(9)), line("z", 9 * DAY)), NEW)

    for asked, shown in (("0", 0), ("1", 1), ("5", 5), ("all", 9)):
        assert diff("old", "new", "--users", asked).stdout.count("`Thanks`  ") == shown
    assert "`x` is no number of users; write e.g. 10, or all" in diff("old", "new", "--users", "x").stderr


def test_colours_are_as_asked_for() -> None:
    assert "\x1b[" not in diff("old", "new").stdout
    coloured = diff("old", "new", "--color", "always").stdout
    assert "\x1b[31m\x1b[1mno longer" in coloured
    assert "\x1b[32m\x1b[1mnewly" in coloured


# JSON


def test_json_is_one_document_and_nothing_else() -> None:
    result = process("diff", "old", "new", "--format", "json", "--users", "all")

    found = json.loads(result.stdout)
    assert (found["old"], found["new"], found["events"], found["differs"]) == ("old", "new", 7, True)
    assert found["sends"] == {"before": 5, "after": 4}
    rules = {rule["rule"]: rule for rule in found["rules"]}
    assert [(name, rule["was"], rule["edit"]) for name, rule in rules.items()] == [
        ("thanks", "thanks", "changed"),
        ("hello", None, "added"),
        ("big", None, "added"),
        ("welcome", "welcome", "removed"),
    ]
    assert rules["thanks"]["clauses"] == {"removed": ["after 1d"], "added": ["after 2d"]}
    lost = rules["thanks"]["differences"]["no_longer"]
    assert lost["instead"] == [
        {"outcome": "cancelled", "reason": None, "pattern": "session_start", "sends": 1},
        {"outcome": "pending", "reason": None, "pattern": None, "sends": 1},
    ]
    assert [example["instead"]["outcome"] for example in lost["examples"]] == ["cancelled", "pending"]
    assert [example["old"]["user"] for example in lost["examples"]] == ["ben", "eve"]
    assert rules["welcome"]["sent_by_another_rule"] == 1


# Markdown

NASTY = (
    "a|b",
    "a`b",
    "a``|`b",
    "@ana",
    "<b>x</b>",
    "a\\|b",
    "two\nlines",
    " led",
    "trailed ",
    "**x**",
    "&amp;",
    "a  b",
)


class Cells(HTMLParser):
    """The rows of the tables in a page, as people see them; the element in which each user's text stands."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.elements: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip("\n"):
            self.rows[-1][-1] += data


def rendered(markdown: str) -> Cells:
    cells = Cells()
    cells.feed(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))
    return cells


def test_markdown_holds_a_table_that_people_can_read() -> None:
    page = rendered(diff("old", "new", "--format", "md").stdout)

    assert page.rows[0] == ["rule", "", "sends before", "after", "newly", "no longer", "other time", "other rule"]
    assert page.rows[1] == ["thanks", "changed", "4", "2", "", "2", "2", ""]
    assert ["no longer", "ben", "Thanks", "2026-03-03T11:00:00Z"] in [row[:4] for row in page.rows]


@pytest.mark.parametrize("name", NASTY)
def test_no_name_breaks_the_markdown(tmp_path: Path, name: str) -> None:
    folder(
        tmp_path / "new",
        log(line(name, properties={"amount": 6})),
        OLD + f"rule x: on purchase send {json.dumps(name)}",
    )

    page = rendered(diff("old", "new", "--format", "md").stdout)

    shown = name.replace("\n", "\u240a")
    assert ["newly", shown, shown, "nothing", "2026-03-02T10:00:00Z"] in page.rows
    assert not {"b", "a", "em"} & page.elements


# how it ends


def test_it_ends_with_1_only_if_asked_and_only_where_sends_differ() -> None:
    assert diff("old", "new").exit_code == 0
    assert diff("old", "new", "--exit-code").exit_code == 1
    assert diff("old", "old", "--events", "new/events.jsonl", "--exit-code").exit_code == 0


def test_lines_that_are_no_events_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "new" / "events.jsonl").write_bytes(EVENTS + b"{}\nx\n")

    result = diff("old", "new")

    assert (result.exit_code, result.stdout) == (3, diff("old", "new").stdout)
    assert "warning: 2 lines of the log were rejected; `connrules run --rejects FILE` says why\n" in result.stderr
    assert diff("old", "new", "--exit-code").exit_code == 1


def test_an_empty_log_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "new" / "events.jsonl").write_bytes(b"")

    result = diff("old", "new")

    assert result.exit_code == 0
    assert "warning: new/events.jsonl: there are no events in it\n" in result.stderr
    assert result.stdout.startswith("0 sends before, 0 after, in 0 events\nnothing differs: ")


def test_late_events_are_told_of_once(tmp_path: Path) -> None:
    (tmp_path / "new" / "events.jsonl").write_bytes(EVENTS + log(line("ana", 0)))

    assert diff("old", "new").stderr.count("came late and changed nothing") == 1
    assert "came late" not in diff("old", "new", "--lateness", "4d").stderr


def test_without_a_catalog_it_says_so_once() -> None:
    known = "every campaign and card that is named counts as known and always active\n"
    assert diff("old", "new").stderr == f"note: no catalog for OLD and NEW: {known}"


def test_a_compiled_plan_is_a_rule_set(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(compile_rules(loads(OLD)).to_json())

    assert diff("plan.json", "new").stdout == diff("old", "new").stdout


def test_rules_with_errors_are_not_run_and_it_says_which(tmp_path: Path) -> None:
    (tmp_path / "old" / "rules.conn").write_text('rule x: on purchase unless session_start send "Y"\n')

    result = diff("old", "new", "--exit-code")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "error[CR301] exception-without-delay" in result.stderr
    assert "OLD has 1 error\n" in result.stderr
    assert result.stderr.endswith(
        "error: rules with errors are not run: OLD\n  = help: `connrules check` says what to do\n"
    )
    assert "not run: OLD and NEW\n" in diff("old", "old", "--events", "new/events.jsonl").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone", "new"], "error: gone: no such file or directory"),
        (["old", "gone"], "error: gone: no such file or directory"),
        (["old", "new", "--events", "gone.jsonl"], "error: gone.jsonl: no such file or directory"),
        (["new", "old"], "error: there is no log to run the rules over\n  = help: name it with --events FILE\n"),
        (["old", "new", "--catalog", "gone.toml"], "error: gone.toml: no such file or directory"),
        (["old", "new", "--events", "-"], "error: standard input: a log is read twice here, and this can be read only"),
        (["old", "new", "--events", "pipe"], "error: pipe: a log is read twice here, and this can be read only once"),
        (
            ["old", "new/events.json", "--events", "new/events.jsonl"],
            "error: new/events.json: no such file or directory",
        ),
        (["no.json", "new"], "error: no.json: this is not a plan"),
        (["old", "new", "--engine", "stream", "--events", "x.parquet"], "error: x.parquet: the streaming engine reads"),
        (
            ["old", "new", "--jobs", "2", "--events", "x.parquet"],
            "error: x.parquet: --jobs is for the streaming engine",
        ),
        (["old"], "Error: Missing argument 'NEW'."),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "no.json").write_text("{}")
    os.mkfifo(tmp_path / "pipe")

    result = diff(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_plan_that_cannot_be_run_here_is_refused(tmp_path: Path) -> None:
    plan = compile_rules(loads('on purchase in 1 days at 09:00 zone "Europe/Paris" send "X"')).to_json()
    (tmp_path / "far.json").write_bytes(plan.replace(b"Europe/Paris", b"Nowhere/Land"))

    result = diff("old", "far.json", "--events", "new/events.jsonl")

    assert result.exit_code == 2
    assert "error: far.json: there is no time zone `Nowhere/Land` here" in result.stderr


def test_a_log_that_is_damaged_ends_it_with_words(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(b"\x1f\x8b\x08\x00damaged")

    result = process("diff", "old", "new", "--events", "log.gz")

    assert result.returncode == 2
    assert b"error: log.gz: " in result.stderr
    assert b"Traceback" not in result.stderr


def test_the_help_shows_how() -> None:
    result = diff("--help")

    assert result.exit_code == 0
    assert "connrules diff rules-before/ rules/" in result.stdout
