"""`connrules catalog`: the schema of catalogs, and whether one is valid."""

import json
from pathlib import Path
from typing import Any

import click

from connrules.catalog import Catalog
from connrules.cli.inputs import read_catalog
from connrules.cli.options import FILE
from connrules.cli.render import counted
from connrules.cli.report import warn_of_undated_stops

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FIRST = ("$schema", "title", "description", "type", "required", "properties", "additionalProperties")
_LAST = ("$defs",)


@click.group(
    epilog="""\b
Examples:
  connrules catalog schema > catalog.schema.json
  connrules catalog check catalog.toml
"""
)
def command() -> None:
    """Look at catalogs: their schema, and whether one is valid."""


@command.command(
    epilog="""\b
Example:
  connrules catalog schema > catalog.schema.json
"""
)
def schema() -> None:
    """Print the JSON Schema of catalogs, for editors and other tools."""
    document = {"$schema": _DIALECT, **Catalog.model_json_schema(), "title": "connrules catalog"}
    click.echo(json.dumps(_sorted(document), indent=2))


@command.command(
    epilog="""\b
Examples:
  connrules catalog check catalog.toml
  connrules catalog check catalog.yaml
"""
)
@click.argument("file", metavar="FILE", type=FILE)
def check(file: Path) -> None:
    """Validate a catalog file and say what is in it."""
    catalog = read_catalog(file)
    entries = [(catalog.campaigns, "campaign"), (catalog.cards, "card"), (catalog.events or (), "event")]
    counts = [counted(len(found), noun) for found, noun in entries]
    counts.append(counted(len(catalog.user.attributes), "user attribute"))
    click.echo(f"{file}: {', '.join(counts)}")
    warn_of_undated_stops(catalog)


def _sorted(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its keywords as one reads them; properties stay in the order of the catalog's documentation."""
    ordered = {key: schema[key] for key in sorted(schema, key=_rank)}
    for nested in ("properties", "$defs"):
        if nested in ordered:
            ordered[nested] = {name: _sorted(part) for name, part in ordered[nested].items()}
    return ordered


def _rank(keyword: str) -> int:
    if keyword in _LAST:
        return len(_FIRST) + 1
    return _FIRST.index(keyword) if keyword in _FIRST else len(_FIRST)
