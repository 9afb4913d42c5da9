"""What to report, and how severe it is: the settings of a check as data. Settings that mean nothing cannot be made."""

import re
from collections.abc import Iterator, Mapping, Set
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


def problem_with_pattern(pattern: str) -> Problem | None:
    """What is wrong with a pattern of a path; None where there can be files that it fits."""
    is_open = re.search(r"\[(?!(![^/]|[^!/])[^/\]]*\])", pattern)
    if pattern.strip("/. ") and not is_open:
        return None
    return Problem(
        f"`{pattern}` can fit nothing", "write a path, in which `*` stands for anything in a name: `legacy/*.conn`"
    )


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
    SettingsError where one of them is unknown, a pattern fits no file or is no regular expression, or a value is of
    another type.
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
        problems = list(_of_other_types(self)) or [problem.message for problem in self._problems()]
        if problems:
            raise SettingsError("\n".join(problems))

    def _problems(self) -> Iterator[Problem]:
        ignored = (text for texts in self.per_file_ignores.values() for text in texts)
        for text in (*self.select, *self.ignore, *self.severities, *ignored):
            problem = problem_with_code(text)
            if problem:
                yield problem
        yield from filter(None, map(problem_with_pattern, self.per_file_ignores))
        yield from filter(None, [problem_with_naming(self.naming)])


def settings_given(settings: object) -> Settings:
    """Settings as a program hands them over; those by default for None. Raises SettingsError for anything else."""
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise SettingsError(f'`{settings!r}` are no settings; write Settings(ignore=("CR6",)) or the like')
    return settings


def _of_other_types(settings: Settings) -> Iterator[str]:
    """What is wrong with values that are not of the type that is wanted, in words for a programmer."""
    if not (settings.as_of is None or type(settings.as_of) is int):
        yield (
            f"as_of: `{settings.as_of!r}` is no whole number of epoch milliseconds; "
            'connrules.parse_instant("2026-03-01") makes one of a text'
        )
    yield from _not_texts("select", settings.select)
    yield from _not_texts("ignore", settings.ignore)
    yield from _not_severities(settings.severities)
    yield from _not_by_pattern(settings.per_file_ignores)
    if not isinstance(settings.naming, str):
        yield f"naming: `{settings.naming!r}` is no text"


def _not_texts(name: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield f'{name}: `{value!r}` is a text by itself; write ("{value}",), a tuple'
    elif not isinstance(value, list | tuple | Set) or not all(isinstance(text, str) for text in value):
        yield f'{name}: `{value!r}` is no tuple of texts; write ("CR6",) or the like'


def _not_severities(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        yield f'severities: `{value!r}` is no mapping of texts; write {{"CR401": Severity.INFO}} or the like'
        return
    for name, severity in value.items():
        if not (severity is None or isinstance(severity, Severity)):
            yield f"severities: `{severity!r}` of `{name}` is no severity; write Severity.ERROR or the like, or None"


def _not_by_pattern(value: object) -> Iterator[str]:
    if not isinstance(value, Mapping) or not all(isinstance(pattern, str) for pattern in value):
        yield f'per_file_ignores: `{value!r}` is no mapping of texts; write {{"legacy/**": ("CR6",)}} or the like'
        return
    for pattern, findings in value.items():
        yield from _not_texts(f"per_file_ignores of `{pattern}`", findings)
