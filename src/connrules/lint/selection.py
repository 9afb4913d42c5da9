"""Which findings are reported, and how severe they are, as the settings say."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePath

from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, Severity
from connrules.lint.settings import Settings, prefix_meant
from connrules.text import SourceText

_ALWAYS = frozenset(row.code for row in CODES.values() if row.code[:3] == "CR1" and row.severity is Severity.ERROR)
"""What cannot be read cannot be checked either, so leaving this out would pass it over in silence."""


class Selection:
    """What the settings select."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._severities = {
            prefix: severity for text, severity in settings.severities.items() if (prefix := prefix_meant(text))
        }
        self._ignored_in: dict[str, frozenset[str]] = {}

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of the findings that are reported in some file."""
        return frozenset(code for code in CODES if code in _ALWAYS or self._is_selected(code))

    def takes(self, code: str, source: SourceText) -> bool:
        """Whether findings of a code in a text are reported."""
        return code in self.codes and (code in _ALWAYS or code not in self._ignored(source))

    def graded(self, finding: Diagnostic) -> Diagnostic:
        """A finding with the severity that the settings give it."""
        prefix = None if finding.code in _ALWAYS else _longest(finding.code, self._severities)
        severity = self._severities[prefix] if prefix else None
        return finding if severity in (None, finding.severity) else replace(finding, severity=severity)

    def _is_selected(self, code: str) -> bool:
        selected = _longest(code, map(prefix_meant, self._settings.select or ("CR",)))
        ignored = _longest(code, map(prefix_meant, self._settings.ignore))
        severity = _longest(code, self._severities)
        is_off = bool(severity) and self._severities[severity or ""] is None
        return len(selected or "") > len(ignored or "") and not is_off

    def _ignored(self, source: SourceText) -> frozenset[str]:
        if source.path not in self._ignored_in:
            self._ignored_in[source.path] = frozenset(_ignored_in(source, self._settings))
        return self._ignored_in[source.path]


def _ignored_in(source: SourceText, settings: Settings) -> Iterator[str]:
    place = settings.places.get(source.path)
    for pattern, texts in settings.per_file_ignores.items():
        if _is_meant(pattern, source) if place is None else fits(pattern, place):
            prefixes = tuple(prefix for text in texts if (prefix := prefix_meant(text)))
            yield from (code for code in CODES if code.startswith(prefixes))


def _is_meant(pattern: str, source: SourceText) -> bool:
    return fits(pattern, source.path) or (not pattern.startswith("/") and fits(pattern, source.name))


def _longest(code: str, prefixes: Iterable[str | None]) -> str | None:
    """The longest of the prefixes that a code begins with."""
    return max((prefix for prefix in prefixes if prefix and code.startswith(prefix)), key=len, default=None)


def fits(pattern: str, path: str) -> bool:
    """Whether the end of a path is as a pattern says, or all of it where the pattern begins with `/`.

    `*`, `?` and `[…]` stand for parts of one name, `**` for any folders. A pattern that ends in `/`, or in a name
    without such parts, is of all that is in that folder, too.
    """
    parts = pattern.rstrip("/").removeprefix("./").lstrip("/").split("/")
    names = PurePath(path).as_posix().lstrip("/").split("/")
    from_there = parts if pattern.startswith("/") else ["**", *parts]
    if pattern.endswith("/"):
        return _names_fit([*from_there, "*", "**"], names)
    in_folder = not set(parts[-1]) & set("*?[") and _names_fit([*from_there, "**"], names)
    return in_folder or _names_fit(from_there, names)


def _names_fit(parts: Sequence[str], names: Sequence[str]) -> bool:
    match parts:
        case []:
            return not names
        case ["**", *others]:
            return any(_names_fit(others, names[skipped:]) for skipped in range(len(names) + 1))
        case [part, *others]:
            return bool(names) and fnmatchcase(names[0], part) and _names_fit(others, names[1:])
        case _:
            raise AssertionError(parts)
