"""What to report, and how severe it is: the settings of a check as data. Settings that mean nothing cannot be made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connrules.codes import CODES, find_code
from connrules.diagnostic import Severity
from connrules.text import closest

_PREFIXES = frozenset(code[:length] for code in CODES for length in range(len("CR"), len("CR000")))


class SettingsError(ValueError):
    """Settings of which at least one means nothing. The message says what is wrong with each, a line for each."""


class Problem(NamedTuple):
    """What is wrong with a setting, and what to write instead."""

    message: str
    help: str


def problem_with_code(text: str) -> Problem | None:
    """What is wrong with the text of a setting that names findings; None where it is a code, a family or a name."""
    if prefix_meant(text) is not None:
        return None
    near = finding_like(text)
    hint = f"did you mean `{near}`? " if near else ""
    return Problem(f"there is no finding `{text}`", f"{hint}`connrules explain` lists them all")


def finding_like(text: str) -> str | None:
    """The name of a finding, or its code, that was probably meant. Of a number that there is not, nobody knows."""
    is_number = re.fullmatch(r"\s*CR\d*\s*", text, re.IGNORECASE)
    return None if is_number else closest(text.strip(), [*(row.name for row in CODES.values()), *CODES])


def problem_with_naming(pattern: str) -> Problem | None:
    """What is wrong with the pattern for the names of rules; None where it is a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        return Problem(
            f"`{pattern}` is no regular expression: {error}", "write one that whole names match, e.g. `[a-z][a-z0-9_]*`"
        )
    return None


def prefix_meant(text: str) -> str | None:
    """What the codes begin with that a user means by a code (`CR401`), a family (`CR4`) or a name (`send-loop`)."""
    row = find_code(text)
    if row is not None:
        return row.code
    prefix = text.strip().upper()
    return prefix if prefix in _PREFIXES else None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a check. As they stand by default, everything is reported that needs no setting.

    Findings are named by code (`CR401`), family (`CR4`, `CR`) or name (`send-loop`), in any case of letters. Raises
    SettingsError where one of them is unknown, or the pattern for names is no regular expression.
    """

    as_of: int | None = None
    """The instant (epoch ms) as of which things stand; without one, checks that depend on a date are left out."""
    select: tuple[str, ...] = ()
    """What is reported; none: all. Rules that cannot be read are reported in any case."""
    ignore: tuple[str, ...] = ()
    """What is not reported. Where both speak of a code, the longer one counts, and of two as long, this one."""
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    """By finding, a severity that differs from the usual one; None: it is not reported. The longest one counts."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By pattern of a path (`legacy/*.conn`, `drafts/**`), what is not reported in those files, whatever is selected.

    The pattern fits the end of a path, or all of it where it begins with `/`. `*` stands for anything within a name,
    `**` for any folders.
    """
    places: Mapping[str, str] = field(default_factory=dict)
    """By path of a file, the path that those patterns are to fit, where it is another."""
    naming: str = ""
    """A regular expression that the names of rules match as a whole; empty: any name will do."""

    def __post_init__(self) -> None:
        problems = [problem.message for problem in self._problems()]
        if problems:
            raise SettingsError("\n".join(problems))

    def _problems(self) -> Iterator[Problem]:
        ignored = (text for texts in self.per_file_ignores.values() for text in texts)
        for text in (*self.select, *self.ignore, *self.severities, *ignored):
            problem = problem_with_code(text)
            if problem:
                yield problem
        problem = problem_with_naming(self.naming)
        if problem:
            yield problem
