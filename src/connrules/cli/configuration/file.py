"""Finds and reads the file of a configuration: the nearest `connrules.toml`, else the nearest `pyproject.toml` with a
table `[tool.connrules]`; in one folder the former goes first.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connrules.cli.exit import ShellError
from connrules.files import UnreadableError, read_bytes

OWN: Final = "connrules.toml"
SHARED: Final = "pyproject.toml"
_TABLE: Final = "tool.connrules"
_REMEDY: Final = "docs/check.md shows a whole configuration"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file of a configuration and what it says, not looked at yet."""

    path: Path
    """As the user finds it from where they are."""
    prefix: str
    """What stands before each key: `tool.connrules.` in a pyproject.toml."""
    table: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Where relative paths in it start."""
        return self.path.parent


def find_config(paths: Sequence[Path]) -> ConfigFile | None:
    """The configuration for these paths: that of the folder of the first of them, or of the nearest folder above.

    Raises ShellError where a file on the way cannot be read or is not TOML.
    """
    for folder in _upwards(paths[0] if paths else Path()):
        for name in (OWN, SHARED):
            if os.path.isfile(folder / name):  # noqa: PTH113  # Path.is_file raises where it may not look
                found = _read(near(folder / name))
                if found is not None:
                    return found
    return None


def read_config(path: Path) -> ConfigFile:
    """The configuration in a file that is named. Raises ShellError where it cannot be read or holds none."""
    found = _read(path)
    if found is None:
        raise ShellError(f"{path}: there is no table [{_TABLE}] in it", "add one, or name another file with --config")
    return found


def same_configuration(name: str, before: bytes, now: bytes) -> bool:
    """Whether a file says the same as before; of a pyproject.toml, only what it says to connrules counts."""
    if name != SHARED:
        return before.splitlines() == now.splitlines()
    import tomllib  # noqa: PLC0415  # see _decode

    try:
        then, current = (tomllib.loads(data.decode()).get("tool", {}) for data in (before, now))
    except ValueError:
        return False
    return bool(then.get("connrules") == current.get("connrules"))


def near(path: Path) -> Path:
    """A path as it is found from the folder one is in."""
    with suppress(OSError, ValueError):  # that folder is gone, or is on another drive
        return Path(os.path.relpath(path))
    return path


def _upwards(path: Path) -> Iterator[Path]:
    """The folder of a path, or the path itself where it is one, and all folders above."""
    with suppress(OSError):  # the folder that one is in is gone; whoever reads the rules says so
        place = Path(os.path.abspath(path))  # noqa: PTH100  # Path.absolute keeps `..`
        yield from [place, *place.parents] if os.path.isdir(place) else place.parents  # noqa: PTH112  # as is_file


def _read(path: Path) -> ConfigFile | None:
    """None for a pyproject.toml without the table."""
    tree = _decode(path)
    if path.name != SHARED:
        return ConfigFile(path, "", tree)
    tool = tree.get("tool")
    if not isinstance(tool, dict) or "connrules" not in tool:
        return None
    if not isinstance(tool["connrules"], dict):
        raise ShellError(f"{path}: {_TABLE}: expected a table", _REMEDY)
    return ConfigFile(path, f"{_TABLE}.", tool["connrules"])


def _decode(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  # where there is no configuration, there is nothing to read

    try:
        return tomllib.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnreadableError as error:
        raise ShellError(str(error), error.help) from None
    except UnicodeDecodeError:
        raise ShellError(f"{path}: the file is not UTF-8", _REMEDY) from None
    except RecursionError:
        raise ShellError(f"{path}: nested too deep for a configuration", _REMEDY) from None
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        raise ShellError(f"{path}: not TOML: {words[:1].lower()}{words[1:]}", _REMEDY) from None
    except ValueError:
        raise ShellError(f"{path}: a number has more digits than can be read", _REMEDY) from None
