"""`connrules graph`: a rule set as Mermaid and as DOT, that say the same and can be read back."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.cli.drawings import read_dot, read_mermaid

from connrules.cli.cells import visible
from connrules.cli.drawings.dot import render_dot
from connrules.cli.drawings.drawing import Arrow, Drawing, Group, Mark, Node, Shape
from connrules.cli.drawings.mermaid import render_mermaid
from connrules.cli.shell import shell

RULES = """\
rule reminder:
  on received_push of "Abandoned Cart", "Wish List" where cart.total > 30 or event "Left" where why = "price"
  after 1d restarting
  unless purchase where cart_id = trigger.cart_id or opened_push
  per cart_id
  between 09:00 and 21:00 local
  at most 1 per 1w
  send "Cart Reminder"

rule comfort:
  on cancelled reminder or viewed_card of any
  send one of 12.5% "5 % Off", 87.5% "A \\"Quoted\\" \\\\ <b>[x]</b> & {y} | `z`; #1"

on sent reminder or purchase or session_start after 2d send Misspelled
on sent nobody or received_email of any send "Cart Reminder"
"""
CATALOG = """\
campaigns = [
  {name = "Abandoned Cart", channels = ["push"]},
  {name = "Wish List", channels = ["push"]},
  {name = "Cart Reminder"},
  {name = "5 % Off"},
  {name = 'A "Quoted" \\ <b>[x]</b> & {y} | `z`; #1'},
]
events = []
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.conn").write_text(RULES, encoding="utf-8")


def graph(*arguments: str) -> Result:
    return CliRunner().invoke(shell, ["graph", *arguments])


@pytest.mark.parametrize("layout", ["mermaid", "dot"])
def test_with_a_catalog_what_is_unknown_is_marked(layout: str, snapshot: SnapshotAssertion) -> None:
    Path("catalog.toml").write_text(CATALOG, encoding="utf-8")
    result = graph(".", "--format", layout)
    assert result.exit_code == 1
    assert result.stdout == snapshot


def test_both_languages_say_the_same() -> None:
    mermaid, dot = read_mermaid(graph("rules.conn").stdout), read_dot(graph("rules.conn", "--format", "dot").stdout)
    assert mermaid == dot
    assert ("Abandoned Cart", "received_push where cart.total > 30", "reminder") in dot.named()
    assert ("Left", 'where why = "price"', "reminder") in dot.named()
    assert ("reminder", "cancelled", "comfort") in dot.named()
    assert ("any card", "viewed_card", "comfort") in dot.named()
    assert ("comfort", "send 87.5%", 'A "Quoted" \\ <b>[x]</b> & {y} | `z`; #1') in dot.named()
    assert ("reminder", "sent", "rules.conn:14") in dot.named()
    [lines] = [lines for lines in dot.nodes.values() if lines[0] == "reminder"]
    assert lines[1:] == [
        "after 1d restarting",
        "unless purchase where cart_id = trigger.cart_id or opened_push",
        "per cart_id",
        "between 09:00 and 21:00 local",
        "at most 1 per 1w",
    ]


def test_without_a_catalog_nothing_is_unknown_but_rules() -> None:
    drawing = read_dot(graph("rules.conn", "--format", "dot").stdout)
    assert [lines for lines in drawing.nodes.values() if len(lines) > 1 and " no " in f" {lines[1]}"] == [
        ["nobody", "no such rule"]
    ]


def test_warnings_are_nothing_to_it() -> None:
    Path("rules.conn").write_text('rule r: on purchase after 0s send "X"\n', encoding="utf-8")
    result = graph("rules.conn")
    assert (result.exit_code, result.stderr) == (0, "")


def test_what_cannot_be_read_is_left_out_and_that_is_said() -> None:
    Path("more.conn").write_text("rule broken: on send\nrule healthy: on purchase send X\n", encoding="utf-8")
    Path("rules.conn").write_text('rule r: on purchase send "X"\n', encoding="utf-8")
    result = graph(".")
    assert result.exit_code == 1
    assert read_mermaid(result.stdout).named() == [
        ("purchase", "", "healthy"),
        ("healthy", "send", "X"),
        ("purchase", "", "r"),
        ("r", "send", "X"),
    ]
    assert "more.conn:1:" in result.stderr
    assert "left out" in result.stderr


@pytest.mark.parametrize("arguments", [["missing"], ["rules.conn", "--format", "png"], []])
def test_wrong_usage(arguments: list[str]) -> None:
    result = graph(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


TEXTS = st.text(min_size=1, max_size=12) | st.sampled_from(
    [
        "1. one",
        "- two",
        "+ three",
        "end",
        "#35;",
        "&amp;",
        "<br/>",
        "\\n",
        '"',
        "a`b`",
        "$$x$$",
        "\t",
        "\u202e",
        "]",
        "};",
    ]
)


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS, TEXTS, st.sampled_from(Shape), st.sampled_from(Mark))
def test_any_text_can_stand_in_a_drawing(lines: list[str], label: str, title: str, shape: Shape, mark: Mark) -> None:
    node = Node("n1", tuple(lines), shape, mark)
    drawing = Drawing((Node("n2", ("other",), shape),), (Arrow("n1", "n2", label, mark),), (Group(title, (node,)),))
    for read in (read_mermaid(render_mermaid(drawing)), read_dot(render_dot(drawing))):
        assert read.nodes == {"n1": [visible(line) for line in lines], "n2": ["other"]}
        assert read.arrows == [("n1", visible(label), "n2")]
        assert read.groups == {visible(title): ["n1"]}
