"""`connrules catalog`: the schema that editors use, and whether a catalog is valid."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def catalog(*arguments: str) -> Result:
    return CliRunner().invoke(shell, ["catalog", *arguments])


def schema() -> dict[str, Any]:
    result = catalog("schema")
    assert (result.exit_code, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_schema_says_what_it_is() -> None:
    document = schema()
    assert list(document)[:2] == ["$schema", "title"]
    assert list(document)[-1] == "$defs"
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["title"] == "connrules catalog"
    assert list(document["properties"]) == ["campaigns", "cards", "events", "user"]


def test_the_schema_of_a_campaign() -> None:
    campaign = schema()["$defs"]["Campaign"]
    assert list(campaign["properties"])[:3] == ["name", "id", "status"]
    assert campaign["required"] == ["name"]
    assert campaign["additionalProperties"] is False
    assert campaign["properties"]["channels"]["items"]["enum"] == ["push", "email", "in_app", "sms", "webhook"]


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    document = schema()
    references = {part["$ref"] for part in parts_of(document) if "$ref" in part}
    assert references == {f"#/$defs/{name}" for name in document["$defs"]}


def parts_of(tree: Any) -> list[dict[str, Any]]:
    match tree:
        case dict():
            return [tree, *(part for value in tree.values() for part in parts_of(value))]
        case list():
            return [part for value in tree for part in parts_of(value)]
    return []


def test_a_valid_catalog() -> None:
    Path("catalog.yaml").write_text("campaigns: [{name: A}, {name: B}]\ncards: [{name: C}]\n", encoding="utf-8")
    result = catalog("check", "catalog.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "catalog.yaml: 2 campaigns, 1 card, 0 events, 0 user attributes\n"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("catalog.toml", "[[campaigns]]\n", "error: catalog.toml: campaigns[0].name: this key is missing"),
        ("catalog.json", "{", "error: catalog.json: line 1, column 2: not JSON: "),
        ("catalog.yaml", "[1, 2]", "error: catalog.yaml: a catalog is a table with the keys "),
        ("catalog.txt", "", "error: catalog.txt: a catalog is a .toml, .json, .yaml or .yml file"),
    ],
)
def test_a_catalog_that_is_none(name: str, text: str, problem: str) -> None:
    Path(name).write_text(text, encoding="utf-8")
    result = catalog("check", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(problem)
    assert result.stderr.endswith(
        "  = help: docs/catalog.md shows a whole one; `connrules catalog schema` prints its JSON Schema\n"
    )


def test_a_missing_file() -> None:
    result = catalog("check", "nowhere.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: nowhere.toml: no such file or directory\n")


def test_what_is_wrong_between_entries_is_named_at_once() -> None:
    twice = (
        '[[campaigns]]\nname = "A"\nid = "1"\n[[campaigns]]\nname = "B"\nid = "1"\n' + '[[events]]\nname = "E"\n' * 2
    )
    Path("catalog.toml").write_text(twice, encoding="utf-8")
    result = catalog("check", "catalog.toml")
    assert result.exit_code == 2
    assert "campaigns: the id `1` stands twice; events: `E` stands twice\n" in result.stderr


def test_a_stopped_campaign_without_a_date_is_doubted() -> None:
    Path("catalog.toml").write_text(
        '[[campaigns]]\nname = "A"\nstatus = "stopped"\npublished_at = 2026-01-01\n', encoding="utf-8"
    )
    result = catalog("check", "catalog.toml")
    assert result.exit_code == 0
    assert '"A" is stopped, but the catalog does not say since when' in result.stderr


@pytest.mark.parametrize(
    ("time", "wrong"),
    [("99_999_999", False), ("100_000_000", True), ("99_999_999_999", True), ("100_000_000_000", False)],
)
def test_a_date_in_seconds_is_refused(time: str, *, wrong: bool) -> None:
    Path("catalog.toml").write_text(f'[[campaigns]]\nname = "A"\npublished_at = {time}\n', encoding="utf-8")
    result = catalog("check", "catalog.toml")
    assert ("looks like seconds" in result.stderr) is wrong
