"""The configuration that is in force: for each key its value and where that came from.

    default  <  file  <  environment  <  flag

Of each key the last that says something counts, as a whole.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

from connrules.cli.cells import visible
from connrules.cli.configuration.file import ConfigFile, find_config, near, read_config
from connrules.cli.configuration.keys import CATALOG, KEYS, PREFIX, Key, MisfitError, Problem, read_table
from connrules.cli.exit import ShellError
from connrules.text import closest

Value = TypeVar("Value")
Flag = str | Sequence[str] | None
"""What a flag says; None, or nothing in it: it is not given."""

DEFAULT: Final = "default"
"""The origin of a value that nobody set."""
_CATALOG_FLAG: Final = "--catalog"
_OTHER_VARIABLES: Final = frozenset({"TRACEBACK"})
"""What else is asked of the environment, and is no key."""


class Setting(NamedTuple):
    """The value of a key, and where it came from: `connrules.toml:select`, `CONNRULES_SELECT`, `--select`."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is in force."""

    settings: Mapping[str, Setting]
    """By name of the key; all keys."""
    path: Path | None
    """The file that was read; None: there is none."""

    def __getitem__(self, key: Key[Value]) -> Value:
        """The value of a key."""
        return cast("Value", self.settings[key.name].value)


def configured(
    paths: Sequence[Path], flags: Mapping[str, Flag] | None = None, *, file: Path | None = None, alone: bool = False
) -> Configuration:
    """The configuration for a rule set in these paths.

    `flags` are texts, or several of them, by the name of their key; `file` is to be read in the place of the nearest
    one, and `alone` says that none is. Raises ShellError with each problem on a line of its own.
    """
    found = read_config(file) if file else None if alone else find_config(paths)
    settings = {key.name: Setting(key.default, DEFAULT) for key in KEYS}
    problems: list[str] = []
    for said in (_of_file(found), _of_environment(), _of_flags(flags or {})):
        for name, setting in said:
            if isinstance(setting, Problem):
                problems.append(f"{setting.where}: {setting.what}")
            else:
                settings[name] = setting
    problems.extend(_of_missing_catalog(settings[CATALOG.name]))
    if problems:
        raise ShellError("\n".join(problems), "docs/check.md shows a whole configuration")
    return Configuration(settings, None if found is None else found.path)


def _of_missing_catalog(catalog: Setting) -> Iterator[str]:
    """That a catalog is not there; of one that a flag names, the one who reads it says so."""
    if catalog.value is not None and catalog.origin != _CATALOG_FLAG and not os.path.exists(catalog.value):  # noqa: PTH110
        yield f"{catalog.origin}: there is no file {catalog.value}"


_Said = Iterator[tuple[str, Setting | Problem]]


def _of_file(file: ConfigFile | None) -> _Said:
    if file is None:
        return
    for read in read_table(file.table, file.folder):
        match read:
            case Problem(where, what):
                yield where, Problem(f"{file.path}: {file.prefix}{where}", what)
            case (key, value):
                shown = near(value) if key is CATALOG and not value.is_absolute() else value
                yield key.name, Setting(shown, f"{file.path}:{file.prefix}{key.name}")


def _of_environment() -> _Said:
    for key in KEYS:
        said = os.environ.get(key.variable)
        if said:
            yield from _from_text(key, said, key.variable)


def notes_on_environment() -> Iterator[str]:
    """Variables that look like one of ours and are none, a line each: nothing else would say that they do nothing.

    Those that look like none belong to somebody else who uses the prefix.
    """
    known = {key.variable.removeprefix(PREFIX) for key in KEYS} | _OTHER_VARIABLES
    for name in sorted(os.environ):
        rest = name.removeprefix(PREFIX)
        meant = None if rest == name or rest in known else closest(rest, known)
        if meant:
            yield f"the variable {visible(name)} means nothing to connrules; did you mean {PREFIX}{meant}?"


def _of_flags(flags: Mapping[str, Flag]) -> _Said:
    for key in KEYS:
        said = flags.get(key.name)
        if said:
            yield from _from_text(key, said if isinstance(said, str) else ",".join(said), f"--{key.name}")


def _from_text(key: Key[Any], said: str, origin: str) -> _Said:
    try:
        yield key.name, Setting(key.read(key.from_text(said), Path()), origin)
    except MisfitError as error:
        yield from ((key.name, Problem(f"{origin}{problem.where}", problem.what)) for problem in error.problems)
