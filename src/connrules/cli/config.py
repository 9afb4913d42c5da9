"""`connrules config`: show the configuration that is in force, and where each value came from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from connrules.cli.cells import padded, visible, width
from connrules.cli.configuration.keys import AS_OF, CATALOG, KEYS, NAMING, OFF, PER_FILE, SEVERITY, Key
from connrules.cli.configuration.layers import DEFAULT, Configuration, Setting
from connrules.cli.configuration.options import chosen, configuration_options
from connrules.cli.exit import ShellError
from connrules.cli.inputs import find_catalog
from connrules.cli.options import FILE, color_option, wants_color
from connrules.duration import format_instant
from connrules.files import STANDARD

_EPILOG = """\b
Examples:
  connrules config
  connrules config rules/
  connrules config rules/ --select CR4 --format json

A configuration is the nearest connrules.toml, else the nearest pyproject.toml with a table [tool.connrules], looked for
from the folder of the first of PATHS upwards. One with every key:

\b
  catalog = "catalog.toml"
  select = ["CR"]                  codes, families or names of findings
  ignore = ["unnamed-rule"]
  as-of = 2026-03-01
  fail-on = "warning"
  format = "full"
  [severity]
  CR711 = "off"                    error, warning, info or off
  [per-file-ignores]
  "legacy/*.conn" = ["CR6"]
  [naming]
  rules = "[a-z][a-z0-9_]*"        a regular expression

A variable of the environment goes before the file (CONNRULES_CATALOG, CONNRULES_SELECT="CR4,CR5"), an option before
both. Ends with 2 where the configuration is wrong.
"""


class _Row(NamedTuple):
    """A key with its value, as text and as data, and where it came from."""

    key: str
    text: str
    value: Any
    origin: str


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="[PATHS]...", nargs=-1, type=FILE)
@configuration_options
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is written: for people, or as one JSON document {file, settings}.",
)
@color_option
def command(*, paths: tuple[Path, ...], layout: str, color: str, **options: Any) -> None:
    """Show the configuration that is in force, and where each value came from.

    PATHS are those that connrules check would be given; without them, the folder you are in.
    """
    paths = paths or (Path(),)
    missing = next((path for path in paths if str(path) != STANDARD and not path.exists()), None)
    if missing is not None:
        raise ShellError(f"{missing}: no such file or directory", "name what connrules check would be given")
    configuration = chosen(paths, options)
    rows = [_row(key, setting) for key, setting in _in_force(configuration, paths)]
    if layout == "json":
        click.echo(json.dumps(_document(configuration, rows), indent=2))
    else:
        click.echo(_table(rows, color=wants_color(color)))


def _in_force(configuration: Configuration, paths: Sequence[Path]) -> list[tuple[Key[Any], Setting]]:
    """Each key with its setting; the catalog that is found in a folder counts as set."""
    settings = {key: configuration.settings[key.name] for key in KEYS}
    if settings[CATALOG].value is None and (found := find_catalog(paths)):
        settings[CATALOG] = Setting(found, f"found in {paths[0]}")
    return list(settings.items())


def _row(key: Key[Any], setting: Setting) -> _Row:
    value = _plain(key, setting.value)
    text = key.unset if setting.origin == DEFAULT else _as_toml(value)
    return _Row(key.name, text, value, setting.origin)


def _plain(key: Key[Any], value: Any) -> Any:
    """A value as a file would have it, for JSON."""
    if value is None or key is CATALOG:
        return None if value is None else str(value)
    if key is AS_OF:
        return format_instant(value)
    if key is NAMING:
        return {"rules": value} if value else {}
    if key is SEVERITY:
        return {name: severity.value if severity else OFF for name, severity in value.items()}
    if key is PER_FILE:
        return {pattern: list(findings) for pattern, findings in value.ignores.items()}
    return list(value) if isinstance(value, tuple) else value


def _as_toml(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{_toml_key(key)} = {_as_toml(item)}" for key, item in value.items()) + " }"
        case list():
            return f"[{', '.join(map(_as_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _toml_key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _table(rows: Sequence[_Row], *, color: bool) -> str:
    """A line for each key: its name, its value, and where it came from."""
    names = max(len(row.key) for row in rows)
    values = min(max(width(row.text) for row in rows), 60)
    return "\n".join(
        f"{_bold(f'{row.key:<{names}}', color=color)}  {padded(visible(row.text), values)}  {visible(row.origin)}"
        for row in rows
    )


def _bold(text: str, *, color: bool) -> str:
    return click.style(text, bold=True) if color else text


def _document(configuration: Configuration, rows: Sequence[_Row]) -> Mapping[str, Any]:
    return {
        "file": None if configuration.path is None else str(configuration.path),
        "settings": [{"key": row.key, "value": row.value, "origin": row.origin} for row in rows],
    }
