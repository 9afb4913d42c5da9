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
    assert result.stderr.endswith("  = help: `connrules catalog schema` prints what a catalog may hold\n")


def test_a_missing_file() -> None:
    result = catalog("check", "nowhere.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: nowhere.toml: no such file or directory\n")
