"""What docs/ shows is so: its rules are clean, its catalogs load, its events give its outcomes."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from connrules.catalog import Campaign, Card, CatalogError, Entry, Status, load_catalog
from connrules.connectors.profiles import read_profiles
from connrules.duration import parse_instant
from connrules.event import Event, Kind, Outcome, Reason
from connrules.pipeline import loads
from connrules.syntax.grammar import RESERVED
from connrules.testing import run_tests
from connrules.vocabulary import INTERACTIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROSE = sorted([*DOCS.glob("*.md"), *(ROOT / "examples").rglob("*.md"), *(ROOT / "grammar").glob("*.md")])
PAGES = ("language.md", "catalog.md", "events.md")
NOW = parse_instant("2026-04-01")


class Block(NamedTuple):
    """A fenced block: where it stands, what its fence says it is, and its text."""

    page: str
    line: int
    label: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        text = _page(page)
        for match in re.finditer(r"^```([a-z ]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


BLOCKS = list(_blocks())


def _block(page: str, label: str) -> str:
    [block] = [b for b in BLOCKS if (b.page, b.label) == (page, label)]
    return block.text


CATALOG = load_catalog(_block("catalog.md", "toml").encode(), "catalog.toml")


def test_every_block_says_what_it_is() -> None:
    known = {"conn", "toml", "toml refused", "text", "json", "yaml"}
    known |= {"jsonl events", "jsonl profiles", "jsonl rejected", "jsonl rejects", "jsonl outcomes"}
    assert {block.label for block in BLOCKS} == known


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.label == "conn"], ids=str)
def test_rules_are_clean(block: Block) -> None:
    findings = loads(block.text, catalog=CATALOG, as_of=NOW).diagnostics
    assert [(f.code, f.message) for f in findings] == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.label == "conn" and "\ntest " in b.text], ids=str)
def test_tests_pass(block: Block) -> None:
    report = run_tests(loads(block.text, catalog=CATALOG))
    assert [result.name for result in report.results if result.status != "passed"] == []
    assert report.results


def test_profiles_are_read(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles.jsonl"
    profiles.write_text(_block("events.md", "jsonl profiles"), encoding="utf-8")
    known = read_profiles(profiles)
    assert known.attributes("u1") == {"country": "FR", "time_zone": "Europe/Paris"}
    assert known.attributes("u3") == {}


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), anchor


# docs/language.md


def test_the_language_page_lists_the_interactions() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (campaign|card) \| ([^|]+) \|$", _page("language.md"), re.MULTILINE)
    listed = {
        word: (kind, re.sub(r"^the channel `(\w+)`$", r"\1", need).removeprefix("a ")) for word, kind, need in rows
    }
    assert listed == {w: (i.object, i.channel or i.needs or "–") for w, i in INTERACTIONS.items()}


def test_the_language_page_lists_the_reserved_words() -> None:
    listed = re.search(r"Reserved everywhere are\s+`([a-z ]+)`", _page("language.md"))
    assert listed is not None
    assert set(listed[1].split()) == RESERVED


def test_the_language_page_lists_reasons_and_outcomes() -> None:
    first_cells = set(re.findall(r"^\| `(\w+)` \|", _page("language.md"), re.MULTILINE))
    assert first_cells - set(INTERACTIONS) == {*Reason, *Kind, "purchase", "session_start", "local", "nothing"}


# docs/catalog.md


def test_the_catalog_is_the_same_in_json_and_yaml() -> None:
    in_json = load_catalog(_block("catalog.md", "json").encode(), "catalog.json")
    in_yaml = load_catalog(_block("catalog.md", "yaml").encode(), "catalog.yaml")
    assert in_json == in_yaml
    for entry in (*in_json.campaigns, *in_json.cards):
        full: Entry = next(e for e in (*CATALOG.campaigns, *CATALOG.cards) if e.name == entry.name)
        assert (entry.id, entry.intervals) == (None if isinstance(full, Card) else full.id, full.intervals)


def test_the_catalog_page_lists_every_key() -> None:
    keys = re.findall(r"^\| `(\w+)` \|", _page("catalog.md"), re.MULTILINE)
    assert set(keys) == {*Campaign.model_fields, *Card.model_fields}
    shown = _block("catalog.md", "toml")
    assert [key for key in keys if f"{key} =" not in shown] == []
    assert [status for status in Status if status not in shown] == []


def test_what_is_refused_is_refused_in_those_words() -> None:
    with pytest.raises(CatalogError) as refused:
        load_catalog(_block("catalog.md", "toml refused").encode(), "catalog.toml")
    assert f"{refused.value}\n" == _block("catalog.md", "text")


# docs/events.md


def _run(folder: Path, events: str, *options: str) -> tuple[int, str]:
    (folder / "rules.conn").write_text(_block("events.md", "conn"), encoding="utf-8")
    (folder / "catalog.toml").write_text(_block("catalog.md", "toml"), encoding="utf-8")
    (folder / "events.jsonl").write_text(events, encoding="utf-8")
    command = [sys.executable, "-m", "connrules", "run", str(folder), *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout


def test_the_events_give_the_outcomes(tmp_path: Path) -> None:
    assert _run(tmp_path, _block("events.md", "jsonl events"), "--outcomes", "all") == (
        0,
        _block("events.md", "jsonl outcomes"),
    )


def test_the_lines_that_are_no_events_are_rejected_for_those_reasons(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects"
    assert _run(tmp_path, _block("events.md", "jsonl rejected"), "--rejects", str(rejects)) == (3, "")
    assert rejects.read_text(encoding="utf-8") == _block("events.md", "jsonl rejects")


def test_the_events_page_lists_every_field() -> None:
    listed = {name for row in re.findall(r"^\| (`.*?) \|", _page("events.md"), re.MULTILINE) for name in _quoted(row)}
    of_outcomes = {"id", "outcome", *Outcome.__struct_fields__} - {"kind"}
    assert listed == {*Event.__struct_fields__, *of_outcomes}


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_the_id_of_a_decision_is_what_the_page_says() -> None:
    for line in _block("events.md", "jsonl outcomes").splitlines():
        outcome = json.loads(line)
        time = parse_instant(outcome["triggered_at"])
        array = json.dumps([outcome["rule"], outcome["user"], None, outcome["trigger"], time], separators=(",", ":"))
        assert outcome["id"] == hashlib.sha256(array.encode()).hexdigest()[:32]
