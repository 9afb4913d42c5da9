"""Tests run on the engine; the reference interpreter makes the same of them, in the examples and beyond."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connrules
from connrules.catalog import Campaign, Catalog
from connrules.check import Checked
from connrules.compile import compile_rules
from connrules.testing.bound import bind
from connrules.testing.play import Player
from connrules.testing.running import Scene, selected, stage

EXAMPLES = Path(__file__).parents[2] / "examples"

WHOLE_LANGUAGE = """
policy:
  limit 2 per 1d
  limit push to 1 per 12h
  time zone "Europe/Paris"

segment parisians = user.city = "Paris"

rule morning:
  on received_push of "A"
  if in segment parisians
  in 1 day at 09:00 local
  unless purchase or opened_push
  still if user.city is present
  until 2026-06-01
  hold out 20%
  convert on purchase within 2d
  send one of 50% "B", 50% "C"

rule carts:
  on purchase
  after 2h
  unless session_start
  per cart_id
  between 09:00 and 21:00 or drop
  at most 1 per 1w
  send "D"

rule chained: on sent carts after 1d send "E"

rule debounce: on session_start after 1h restarting unless event "X" between 09:00 and 21:00 send "E"

test "schedules, zones, chance":
  each n in "1", "2", "3"
  user "u" at 0s attributes where city = "Paris" and time_zone = "America/New_York" and n = n
  user "v" at 0s attributes where city = "Paris"
  user "u" at 1h received_push of "A"
  user "v" at 1h received_push of "A"
  user "w" at 1h received_push of "A"
  user "u" at 2d purchase
  expect nothing

test "windows, values, chains":
  active "E" from 1d until 5d
  start 2026-03-02T12:00:00Z
  at 0s purchase where cart_id = "c1"
  at 1h purchase where cart_id = "c2"
  at 3h session_start
  at 3h30m session_start
  at 8h purchase
  expect nothing

test "across a change of the clocks":
  start 2026-03-28T20:30:00Z
  at 0s session_start
  at 1h session_start
  expect sent "E" at 10h30m
"""


def scenes(checked: Checked) -> Iterator[tuple[str, Scene]]:
    for test, name, values in selected(checked):
        yield name, stage(checked, bind(test, name, values))


def same_on_both(checked: Checked) -> int:
    """How many runs of tests there were; each had the same outcomes on both engines."""
    count = 0
    for name, scene in scenes(checked):
        count += 1
        played = Player(compile_rules(scene.checked)).play(scene.events, scene.end)
        in_order = sorted(scene.events, key=lambda event: event.time)
        history = connrules.evaluate(scene.checked, in_order, until=scene.end)
        assert list(played.outcomes) == history.outcomes, name
    return count


def with_tests() -> list[Any]:
    folders = sorted(path.parent for path in EXAMPLES.glob("*/*.conn") if 'test "' in path.read_text(encoding="utf-8"))
    return [pytest.param(folder, id=folder.name) for folder in dict.fromkeys(folders)]


@pytest.mark.parametrize("folder", with_tests())
def test_the_reference_makes_the_same_of_the_examples(folder: Path) -> None:
    catalog = folder / "catalog.toml"
    checked = connrules.load(folder, catalog=catalog if catalog.is_file() else None)
    assert checked.errors == ()
    assert same_on_both(checked) > 0


def test_there_are_examples_with_tests() -> None:
    assert len(with_tests()) >= 6


@pytest.mark.parametrize("dated", [False, True], ids=["without catalog", "with catalog"])
def test_the_reference_makes_the_same_of_the_whole_language(dated: bool) -> None:
    campaigns = tuple(Campaign(name=name, channels=("push",) if name != "D" else ("email",)) for name in "ABCDE")
    checked = connrules.loads(WHOLE_LANGUAGE, catalog=Catalog(campaigns=campaigns) if dated else None)
    assert [finding.message for finding in checked.errors] == []
    assert same_on_both(checked) == 5
    kinds = {o.kind for _, scene in scenes(checked) for o in connrules.evaluate(scene.checked, scene.events).outcomes}
    assert len(kinds) >= 4
