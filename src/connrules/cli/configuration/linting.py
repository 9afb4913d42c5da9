"""The settings of a check, as the configuration has them."""

import os
from collections.abc import Iterable
from pathlib import Path

from connrules.cli.configuration.keys import IGNORE, NAMING, PER_FILE, SELECT, SEVERITY
from connrules.cli.configuration.layers import Configuration
from connrules.lint import Settings


def settings_of(configuration: Configuration, paths: Iterable[str], as_of: int) -> Settings:
    """The settings for a check of the files with these paths, as of an instant (epoch ms)."""
    base, ignores = configuration[PER_FILE]
    return Settings(
        as_of=as_of,
        select=configuration[SELECT],
        ignore=configuration[IGNORE],
        severities=configuration[SEVERITY],
        per_file_ignores=ignores,
        places={path: _place(path, base) for path in paths} if ignores else {},
        naming=configuration[NAMING],
    )


def _place(path: str, base: Path) -> str:
    """Where a file is as its configuration sees it, wherever the user stands."""
    return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(base))).as_posix()
