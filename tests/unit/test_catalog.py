"""Catalogs: three formats that say the same, intervals, and words for what is wrong with one."""

import json

import pytest

from connrules.catalog import ALWAYS, Campaign, Catalog, CatalogError, Entry, Status, load_catalog
from connrules.duration import parse_instant
from connrules.vocabulary import ObjectKind

TOML = """
[[campaigns]]
name = "Abandoned Cart"
id = "c-1001"
channels = ["push", "email"]
status = "stopped"
published_at = 2026-03-01T00:00:00Z
stopped_at = 2026-05-03
control_group = true
conversion_events = ["purchase"]

[[campaigns]]
name = "on"
active = [["2026-01-01", "2026-02-01"], ["2026-03-01"]]

[[cards]]
name = "1:30"
published_at = 1772445600000

[[events]]
name = "2026-03-01"
properties = { amount = "number", at = "time" }

[user]
attributes = { country = "string" }
"""

JSON = {
    "campaigns": [
        {
            "name": "Abandoned Cart",
            "id": "c-1001",
            "channels": ["push", "email"],
            "status": "stopped",
            "published_at": "2026-03-01T00:00:00Z",
            "stopped_at": "2026-05-03",
            "control_group": True,
            "conversion_events": ["purchase"],
        },
        {"name": "on", "id": None, "active": [["2026-01-01", "2026-02-01"], ["2026-03-01", None]]},
    ],
    "cards": [{"name": "1:30", "published_at": 1772445600000}],
    "events": [{"name": "2026-03-01", "properties": {"amount": "number", "at": "time"}}],
    "user": {"attributes": {"country": "string"}},
}

YAML = """
campaigns:
  - name: Abandoned Cart
    id: c-1001
    channels: [push, email]
    status: stopped
    published_at: 2026-03-01T00:00:00Z
    stopped_at: 2026-05-03
    control_group: true
    conversion_events: [purchase]
  - name: on
    id:
    active: [[2026-01-01, 2026-02-01], [2026-03-01, null]]
cards:
  - name: 1:30
    published_at: 1772445600000
events:
  - name: 2026-03-01
    properties: {amount: number, at: time}
user:
  attributes: {country: string}
"""


def day(text: str) -> int:
    return parse_instant(text)


def problems(text: str | bytes, path: str = "c.toml") -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_catalog(text.encode() if isinstance(text, str) else text, path)
    assert str(caught.value).splitlines()[0].startswith(f"{path}: ")
    return [f"{where}: {what}" if where else what for where, what in caught.value.problems]


def test_the_three_formats_give_the_same_catalog() -> None:
    toml = load_catalog(TOML.encode(), "c.toml")
    assert toml == load_catalog(json.dumps(JSON).encode(), "c.json")
    assert toml == load_catalog(YAML.encode(), "c.yaml") == load_catalog(YAML.encode(), "c.YML")
    assert [entry.name for entry in (*toml.campaigns, *toml.cards)] == ["Abandoned Cart", "on", "1:30"]
    assert toml.campaigns[0].intervals == ((day("2026-03-01"), day("2026-05-03")),)
    assert toml.campaigns[1].intervals == (
        (day("2026-01-01"), day("2026-02-01")),
        (day("2026-03-01"), None),
    )
    assert toml.cards[0].intervals == ((1772445600000, None),)


def test_a_byte_order_mark_is_tolerated() -> None:
    assert load_catalog(b"\xef\xbb\xbf" + TOML.encode(), "c.toml") == load_catalog(TOML.encode(), "c.toml")


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "1:30", "007", "1e3", "0x10", "2026-03-01", "true", '"null"']
)
def test_in_yaml_a_name_is_what_it_looks_like(word: str) -> None:
    catalog = load_catalog(f"campaigns:\n- name: {word}\n".encode(), "c.yaml")
    assert catalog.campaigns[0].name == word.strip('"')


def test_an_empty_toml_file_is_an_empty_catalog() -> None:
    assert load_catalog(b"", "c.toml") == Catalog()
    assert Catalog().events is None


def test_names_are_in_one_unicode_form() -> None:
    catalog = load_catalog('[[campaigns]]\nname = "Cafe\u0301"\n'.encode(), "c.toml")
    assert catalog.campaign("Caf\u00e9") == catalog.campaigns[0]


def test_a_name_is_looked_up_per_kind_and_may_be_ambiguous() -> None:
    catalog = load_catalog(b'cards = [{name = "A"}]\ncampaigns = [{name = "A"}, {name = "B"}, {name = "B"}]', "c.toml")
    assert len(catalog.named(ObjectKind.CARD, "A")) == 1
    assert len(catalog.named(ObjectKind.CAMPAIGN, "B")) == 2
    assert catalog.named(ObjectKind.CARD, "B") == []
    assert catalog.campaign("B") is None
    assert catalog.campaign("Z") is None


def test_events_are_looked_up_by_name() -> None:
    catalog = load_catalog(TOML.encode(), "c.toml")
    event = catalog.event("2026-03-01")
    assert event is not None
    assert event.properties == {"amount": "number", "at": "time"}
    assert catalog.event("2026-03-02") is None


@pytest.mark.parametrize(
    ("entry", "intervals"),
    [
        (Entry(name="A"), ALWAYS),
        (Entry(name="A", status=Status.PAUSED), ()),
        (Entry(name="A", status=Status.DRAFT), ()),
        (Entry(name="A", status=Status.DRAFT, published_at=5), ((5, None),)),
        (Entry(name="A", status=Status.STOPPED, published_at=5, stopped_at=7), ((5, 7),)),
        (Entry(name="A", published_at=5, active=((6, 7), (7, 9))), ((6, 7), (7, 9))),
        (Entry(name="A", active=()), ()),
    ],
)
def test_when_an_entry_is_active(entry: Entry, intervals: tuple[tuple[int, int | None], ...]) -> None:
    assert entry.intervals == intervals


def test_an_interval_has_its_start_and_not_its_end() -> None:
    entry = Entry(name="A", active=((10, 20), (30, None)))
    assert [t for t in (9, 10, 19, 20, 29, 30, 31) if entry.active_at(t)] == [10, 19, 30, 31]


def campaign(text: str) -> str:
    return f'[[campaigns]]\nname = "A"\n{text}'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            campaign("chanels = []"),
            'campaigns[0] ("A").chanels: unknown key; did you mean channels? (known: '
            + ", ".join(Campaign.model_fields)
            + ")",
        ),
        (
            '[[campaign]]\nname = "A"',
            "campaign: unknown key; did you mean campaigns? (known: campaigns, cards, events, user)",
        ),
        (
            campaign('channels = ["pusch"]'),
            'campaigns[0] ("A").channels[0]: expected one of push, email, in_app, sms, webhook; did you mean push?',
        ),
        (
            campaign('status = "live"'),
            'campaigns[0] ("A").status: expected one of draft, scheduled, active, paused, stopped, archived',
        ),
        (campaign('channels = "push"'), 'campaigns[0] ("A").channels: expected a list'),
        (campaign('control_group = "maybe"'), 'campaigns[0] ("A").control_group: expected true or false'),
        ("[[campaigns]]\nname = 5", "campaigns[0].name: expected text"),
        ('[[campaigns]]\nid = "x"', "campaigns[0].name: this key is missing"),
        ('[[cards]]\nname = ""', 'cards[0] ("").name: the name is empty'),
        ('campaigns = ["A"]', "campaigns[0]: expected a table of keys and values"),
        ("user = 3", "user: expected a table of keys and values"),
        (
            '[[events]]\nname = "E"\nproperties = { n = "integer" }',
            'events[0] ("E").properties.n: expected one of string, number, boolean, time, list, object',
        ),
    ],
)
def test_what_is_wrong_with_a_key(text: str, problem: str) -> None:
    assert problems(text) == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("published_at = 2026-03-01T09:00:00", "2026-03-01T09:00:00 names no zone; add Z or an offset such as +01:00"),
        ('published_at = "2026-03-01T09:00:00"', "names no zone; add `Z` or an offset such as `+01:00`"),
        ('published_at = "soon"', "`soon` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`"),
        ('published_at = "2026-02-29"', "`2026-02-29` is a date or time that does not exist"),
        ("published_at = true", "expected a time such as 2026-03-01T09:00:00Z"),
        ("published_at = 1.5", "expected a time such as 2026-03-01T09:00:00Z"),
        ("published_at = 253402300800000", "outside the years 1 to 9999"),
        ('stopped_at = "2026-03-01"', "stopped_at without published_at: say since when it was active"),
        ("published_at = 2026-03-01\nstopped_at = 2026-03-01", "stopped_at is not after published_at"),
        ("active = [[2026-03-01, 2026-03-01]]", "the interval ends before it starts"),
        ("active = [[2026-03-01, 2026-04-01], [2026-03-31]]", "active: the intervals overlap or are out of order"),
        ("active = [[2026-03-01], [2026-04-01]]", "active: the intervals overlap or are out of order"),
        ("active = [2026-03-01]", "expected [from, to], or [from] for an open end"),
    ],
)
def test_what_is_wrong_with_dates(text: str, problem: str) -> None:
    (found,) = problems(campaign(text))
    assert found.startswith('campaigns[0] ("A")')
    assert found.endswith(problem)


def test_the_last_instant_that_has_a_date_is_one() -> None:
    (entry,) = load_catalog(campaign("published_at = 253402300799999").encode(), "c.toml").campaigns
    assert entry.published_at == 253402300799999


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (campaign('id = "1"\n[[campaigns]]\nname = "B"\nid = "1"'), "campaigns: the id `1` stands twice"),
        (
            campaign('id = "B"\n[[campaigns]]\nname = "B"'),
            "campaigns: `B` is the name of one entry and the id of another",
        ),
        ('[[events]]\nname = "E"\n[[events]]\nname = "E"', "events: `E` stands twice"),
    ],
)
def test_what_cannot_be_told_apart(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_an_entry_may_have_its_own_name_as_id() -> None:
    assert load_catalog(campaign('id = "A"').encode(), "c.toml").campaigns[0].id == "A"


def test_every_problem_is_said() -> None:
    assert len(problems(campaign('status = "live"\nid = 4\n[[cards]]\nnam = "B"'))) == 4


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        ("a = ", "c.toml", "not TOML: invalid value (at end of document)"),
        ('{"campaigns": [}', "c.json", "line 1, column 16: not JSON: expecting value"),
        ("", "c.json", "line 1, column 1: not JSON: expecting value"),
        ('{"user": {}, "user": {}}', "c.json", "not JSON: the key `user` stands twice in one object"),
        ("user: {}\nuser: {}", "c.yaml", "line 2, column 1: not YAML: the key `user` stands twice"),
        ("user: {}\n\tcards: []", "c.yaml", "line 2, column 1: not YAML: "),
        ("[a]: 1", "c.yaml", "line 1, column 1: not YAML: a key is text"),
        ("a: &a [*a]", "c.yaml", "line 1, column 4: not YAML: found unconstructable recursive node"),
        ("\x00", "c.yaml", "not YAML: it has characters that YAML does not allow"),
        ("", "c.yaml", "a catalog is a table with the keys campaigns, cards, events and user"),
        ("[]", "c.json", "a catalog is a table with the keys campaigns, cards, events and user"),
        ("x", "c.txt", "a catalog is a .toml, .json, .yaml or .yml file"),
        (b"\xff\xfe", "c.toml", "the file is not UTF-8"),
        ("[" * 30_000, "c.json", "nested too deep for a catalog"),
        ("[" * 3_000, "c.yaml", "nested too deep for a catalog"),
        ("campaigns:", "c.yaml", "campaigns: expected a list"),
        ("user: !!python/name:os.system x", "c.yaml", "user: expected a table of keys and values"),
    ],
)
def test_what_is_no_catalog(data: str | bytes, path: str, problem: str) -> None:
    (found,) = problems(data, path)
    assert found.startswith(problem)


def test_half_a_character_can_still_be_shown() -> None:
    (found,) = problems('{"campaigns": [{"name": "\\ud800"}]}', "c.json")
    assert found.encode() == rb'campaigns[0] ("\ud800").name: expected text, and this holds half a character'


def test_entries_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Campaign(name="A").name = "B"  # type: ignore[misc]  # that is the point
