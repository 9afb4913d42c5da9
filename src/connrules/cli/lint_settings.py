"""The settings of a check, as the configuration has them."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from connrules.cli.config_keys import IGNORE, NAMING, PER_FILE, SELECT, SEVERITY, PerFile
from connrules.cli.configuration import Configuration
from connrules.lint import Settings
from connrules.lint.selection import fits


def settings_of(configuration: Configuration, paths: Iterable[str], as_of: int) -> Settings:
    """The settings for a check of the files with these paths, as of an instant (epoch ms)."""
    ignores = configuration[PER_FILE]
    return Settings(
        as_of=as_of,
        select=configuration[SELECT],
        ignore=configuration[IGNORE],
        severities=configuration[SEVERITY],
        per_file_ignores=dict(_ignored_in(path, ignores) for path in paths),
        naming=configuration[NAMING],
    )


def _ignored_in(path: str, ignores: Iterable[PerFile]) -> tuple[str, tuple[str, ...]]:
    """A pattern for a path alone, and what is not reported there.

    A pattern of a configuration begins where its file is, wherever the user stands; here it meets the real path.
    """
    findings = tuple(name for each in ignores if _fits(each, path) for name in each.findings)
    return f"/{glob.escape(path.lstrip('/'))}", findings


def _fits(ignored: PerFile, path: str) -> bool:
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(ignored.base))
    return fits(ignored.pattern, Path(inside).as_posix())
