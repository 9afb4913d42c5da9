"""`connrules plan`: the safe order, what has none, and what wrong orders lose, in every format."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from syrupy.assertion import SnapshotAssertion
from tests.cli.drawings import read_dot, read_mermaid

from connrules.cli.shell import shell

AS_OF = "2026-04-01"
RULES = """\
rule thanks:
  on opened_email of "Spring Sale"
  after 1d
  unless purchase
  send "Sale Thanks"

rule more:
  on sent thanks or clicked_card of "News 日本"
  after 2d
  send one of 50% "More \\"of it\\" [x]", 50% "Noël 🎄"

rule there: on received_push of "A" send "B"
rule back: on opened_push of "B" after 1d once send "A"
rule early: on received_push of "Live" send "Soon"
rule past: on received_push of "Live" send "Late"
rule control: on entered_control of "Live" send "Draft of It"
rule in_may: on opened_push of "Live" from 2026-05-01 send "For May"
rule over: on opened_push of "Last Year" send "Follow-on of Old"
"""
CATALOG = """\
campaigns = [
  {name = "Spring Sale", channels = ["email"], published_at = 2026-06-01, stopped_at = 2026-08-03},
  {name = "Sale Thanks", published_at = 2026-06-15},
  {name = 'More "of it" [x]', status = "draft"},
  {name = "Noël 🎄", status = "draft"},
  {name = "A", channels = ["push"], status = "draft"},
  {name = "B", channels = ["push"], status = "draft"},
  {name = "Live", channels = ["push"], control_group = true, published_at = 2026-03-01},
  {name = "Soon", published_at = 2026-04-10},
  {name = "Late", published_at = 2026-03-11},
  {name = "Draft of It", status = "draft"},
  {name = "For May", status = "draft"},
  {name = "Last Year", channels = ["push"], published_at = 2025-01-01, stopped_at = 2026-01-01},
  {name = "Follow-on of Old", published_at = 2024-12-01},
]
cards = [{name = "News 日本", published_at = 2026-07-01}]
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(RULES, CATALOG)


def write(rules: str, catalog: str | None) -> None:
    Path("rules.conn").write_text(rules, encoding="utf-8")
    if catalog is not None:
        Path("catalog.toml").write_text(catalog, encoding="utf-8")


def plan(*arguments: str, as_of: str = AS_OF) -> Result:
    return CliRunner(env={"NO_COLOR": "", "FORCE_COLOR": ""}).invoke(shell, ["plan", *arguments, "--as-of", as_of])


def test_the_text(snapshot: SnapshotAssertion) -> None:
    result = plan(".")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == snapshot


def test_without_a_catalog(snapshot: SnapshotAssertion) -> None:
    result = plan("rules.conn")
    assert result.exit_code == 1  # a cycle needs no dates
    assert result.stdout == snapshot


@pytest.mark.parametrize("layout", ["json", "dot", "mermaid"])
def test_the_other_formats(layout: str, snapshot: SnapshotAssertion) -> None:
    result = plan(".", "--format", layout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == snapshot


def test_the_document_has_what_the_text_has() -> None:
    document = json.loads(plan(".", "--format", "json").stdout)
    assert document["version"] == 1
    assert document["as_of"] == "2026-04-01T00:00:00Z"
    steps = [[p["name"] for p in step] for step in document["steps"]]
    assert [step.index(name) >= 0 for step, name in zip(steps, ["A", "Sale Thanks", "Spring Sale"], strict=True)]
    [cycle] = document["cycles"]
    assert [key["name"] for key in cycle["least_harmful"]] == ["B", "A"]
    losses = {loss["rule"]: loss for loss in document["losses"]}
    assert set(losses) == {"thanks", "early", "past", "control"}
    day = 86_400_000
    thanks, early = losses["thanks"], losses["early"]
    assert [thanks[key] // day for key in ("lost_ms", "to_come_ms", "of_ms")] == [0, 14, 63]
    assert (early["lost_ms"], early["to_come_ms"], early["of_ms"], early["for_good"]) == (31 * day, 9 * day, None, True)
    assert (losses["control"]["until"], losses["control"]["to_come_ms"]) == (None, None)


@pytest.mark.parametrize(("layout", "read"), [("dot", read_dot), ("mermaid", read_mermaid)])
def test_drawings_can_be_read_back(layout: str, read: type) -> None:
    drawing = read(plan(".", "--format", layout).stdout)
    assert {lines[0] for lines in drawing.nodes.values()} >= {'More "of it" [x]', "Noël 🎄", "News 日本", "Spring Sale"}
    assert ("Sale Thanks", "thanks", "Spring Sale") in drawing.named()
    assert list(drawing.groups) == ["Step 1", "Step 2", "Step 3", "Live already", "Over"]
    assert sorted(id_ for members in drawing.groups.values() for id_ in members) == sorted(drawing.nodes)


RIGHT = """\
campaigns = [
  {name = "Spring Sale", channels = ["email"], published_at = 2026-06-01},
  {name = "Sale Thanks", published_at = 2026-05-31T23:59:59.999Z},
]
"""
SALE = 'rule thanks: on opened_email of "Spring Sale" after 1d send "Sale Thanks"\n'


def test_a_right_order_ends_with_0() -> None:
    write(SALE, RIGHT)
    result = plan(".")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "lost" not in result.stdout
    assert 'by 2026-06-01, when "Spring Sale" is published' in result.stdout


def test_a_millisecond_too_late_ends_with_1() -> None:
    write(SALE, RIGHT.replace("2026-05-31T23:59:59.999Z", "2026-06-01T00:00:00.001Z"))
    result = plan(".")
    assert result.exit_code == 1
    assert "too late: by 2026-06-01" in result.stdout


def test_what_is_lost_already_is_told_and_ends_with_0() -> None:
    write(SALE, RIGHT.replace("2026-05-31T23:59:59.999Z", "2026-06-03"))
    assert plan(".", as_of="2026-06-02").exit_code == 1
    result = plan(".", as_of="2026-06-03")
    assert result.exit_code == 0
    assert "nothing is left to publish" in result.stdout
    assert 'Lost already\n  "Sale Thanks" after "Spring Sale" (thanks): the first 2 days\n' in result.stdout


def test_a_source_that_is_late_itself_is_not_live() -> None:
    late = '{{name = "{}", channels = ["push"], published_at = {}}}'
    named = [("D1", "2026-03-01"), ("D2", "2026-04-29"), ("D3", "2026-04-29")]
    write(
        "rule d2: on received_push of D1 send D2\nrule d3: on opened_push of D2 send D3\n",
        f"campaigns = [{', '.join(late.format(name, date) for name, date in named)}]",
    )
    lines = [" ".join(line.split()) for line in plan(".").stdout.splitlines()]
    assert 'D3 campaign on 2026-04-29 as soon as you can, before "D2" in step 2' in lines
    assert 'D2 campaign on 2026-04-29 as soon as you can: "D1" is live since 2026-03-01' in lines


def test_a_cycle_at_one_instant_is_the_best_there_is() -> None:
    both = "rule a: on opened_push of A send B\nrule b: on opened_push of B after 1d once send A\n"
    campaign = '{{name = "{}", channels = ["push"], published_at = 2026-06-01}}'
    write(both, f"campaigns = [{campaign.format('A')}, {campaign.format('B')}]")
    result = plan(".")
    assert result.exit_code == 0
    assert "which is the best there is" in result.stdout


def test_a_cycle_in_which_somebody_is_lost_for_good_either_way() -> None:
    write('rule a: on received_push of "A" send "B"\nrule b: on received_push of "B" after 1d once send "A"\n', None)
    result = plan("rules.conn")
    assert "No safe order" in result.stdout
    assert "loses nobody" not in result.stdout


def test_nothing_to_put_in_order() -> None:
    write('on purchase after 1d send "Sale Thanks"\n', RIGHT)
    result = plan(".")
    assert result.exit_code == 0
    assert result.stdout == "nothing to put in order: no rule sends a campaign after what users did with another\n"


def test_rules_with_errors_are_left_out_and_that_is_said() -> None:
    write(SALE + "rule broken: on send\n", RIGHT)
    result = plan(".")
    assert result.exit_code == 1
    assert '"Spring Sale" is published' in result.stdout
    assert "rules.conn:2:" in result.stderr
    assert result.stderr.endswith("what cannot be read is left out; `connrules check` says what to do\n")


@pytest.mark.parametrize("arguments", [["missing.conn"], [".", "--as-of", "yesterday"], [".", "--format", "png"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner().invoke(shell, ["plan", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
