"""The keys of a configuration: what each may say, in a file (TOML), in the environment and in a flag.

Reading is pure: a value comes in as TOML has it, and what it means goes out, or what is wrong with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

from connrules.diagnostic import Severity
from connrules.duration import instant_of, parse_instant
from connrules.text import closest

PREFIX: Final = "CONNRULES_"
"""What the variables of the environment begin with."""
OFF: Final = "off"
"""The severity of what is not to be reported."""

_A_SEVERITY: Final = 'CR602 = "off"'
_A_PATTERN: Final = '"legacy/*.conn" = ["CR6"]'
_A_NAMING: Final = 'rules = "[a-z_]+"'

Value = TypeVar("Value")


class Problem(NamedTuple):
    """What is wrong, and where inside the value: a path such as `CR401` or `[2]`, empty for all of it."""

    where: str
    what: str


class MisfitError(ValueError):
    """A value that its key cannot have. `problems` says everything that is wrong with it."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.what for problem in problems))


class PerFile(NamedTuple):
    """What is not reported in some files."""

    base: Path
    """The folder in which the patterns are to be read."""
    ignores: Mapping[str, tuple[str, ...]]
    """By pattern of a path."""


@dataclass(frozen=True, slots=True, eq=False)
class Key(Generic[Value]):
    """A key of the configuration; each is itself alone."""

    name: str
    """In a file; `as-of` is `--as-of` as a flag and CONNRULES_AS_OF in the environment."""
    default: Value
    unset: str
    """What the default amounts to, in words."""
    read: Callable[[Any, Path], Value]
    """What a value as TOML has it means; relative paths start at the folder. Raises MisfitError."""
    from_text: Callable[[str], Any] = str
    """A flag's text, or a variable's, as TOML would have it. Raises MisfitError."""

    @property
    def variable(self) -> str:
        """The variable of the environment."""
        return f"{PREFIX}{self.name.upper().replace('-', '_')}"


def _text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise MisfitError(Problem("", "expected text"))
    return value


def _findings(value: object) -> tuple[str, ...]:
    """A list of codes, families or names of findings; all of them exist."""
    if not isinstance(value, list):
        raise MisfitError(Problem("", 'expected a list of texts, e.g. ["CR4", "send-loop"]'))
    return _each((f"[{number}]", item, _finding) for number, item in enumerate(value))


def _finding(value: object) -> str:
    """A code (`CR401`), a family (`CR4`) or a name (`send-loop`)."""
    from connrules.lint.settings import problem_with_code  # noqa: PLC0415  # `run` and others lint nothing

    wrong = problem_with_code(said := _text(value))
    if wrong:
        raise MisfitError(Problem("", f"{wrong.message}; {wrong.help}"))
    return said


def _one_of(*words: str) -> Callable[[object], str]:
    """A reader of one of those words."""

    def read(value: object) -> str:
        if value in words:
            return str(value)
        near = closest(value, words) if isinstance(value, str) else None
        hint = f"; did you mean `{near}`?" if near else ""
        raise MisfitError(Problem("", f"expected one of {', '.join(words)}{hint}"))

    return read


def _format(value: object) -> str:
    """The name of a format."""
    from connrules.cli.formats import FORMATS  # noqa: PLC0415  # other commands have formats of their own

    return _one_of(*FORMATS)(value)


def _instant(value: object) -> int:
    """An instant in epoch milliseconds: a date or a date with a time and a zone, as TOML has them or as text."""
    try:
        if isinstance(value, datetime):
            return parse_instant(value.isoformat())
        return instant_of(value) if isinstance(value, date) else parse_instant(_text(value))
    except MisfitError:
        raise MisfitError(Problem("", "expected a time: `2026-03-01` or `2026-03-01T09:00:00Z`")) from None
    except ValueError as error:
        raise MisfitError(Problem("", str(error))) from None


def _severities(value: object) -> dict[str, Severity | None]:
    """A table of findings with their severities; None for what is not reported."""
    table = _table(value, _A_SEVERITY)
    names = [(_part(name), name, _finding) for name in table]
    said = [(_part(name), severity, _one_of(*Severity, OFF)) for name, severity in table.items()]
    words = _each([*names, *said])[len(names) :]
    return {name: None if word == OFF else Severity(word) for name, word in zip(table, words, strict=True)}


def _per_file_ignores(value: object, base: Path) -> PerFile:
    """A table of patterns of paths with findings."""
    table = _table(value, _A_PATTERN)
    _each((_part(pattern), pattern, _path_pattern) for pattern in table)
    ignored = _each((_part(pattern), findings, _findings) for pattern, findings in table.items())
    return PerFile(base, dict(zip(table, ignored, strict=True)))


def _path_pattern(value: object) -> str:
    """A pattern of paths, of which some file can be."""
    from connrules.lint.settings import problem_with_pattern  # noqa: PLC0415  # `run` and others lint nothing

    wrong = problem_with_pattern(said := str(value))
    if wrong:
        raise MisfitError(Problem("", f"{wrong.message}; {wrong.help}"))
    return said


def _naming(value: object) -> str:
    """The table `naming`: the pattern for the names of rules."""
    table = _table(value, _A_NAMING)
    unknown = [Problem(_part(name), unknown_key(name, ["rules"])) for name in table if name != "rules"]
    if unknown:
        raise MisfitError(*unknown)
    return "".join(_each((_part(name), pattern, _pattern) for name, pattern in table.items()))


def _pattern(value: object) -> str:
    """A regular expression."""
    from connrules.lint.settings import problem_with_naming  # noqa: PLC0415  # `run` and others lint nothing

    wrong = problem_with_naming(said := _text(value))
    if wrong:
        raise MisfitError(Problem("", f"{wrong.message}; {wrong.help}"))
    return said


def unknown_key(name: str, known: list[str]) -> str:
    """What to say of a key that there is not."""
    near = closest(name, known)
    return f"unknown key{f'; did you mean `{near}`?' if near else ''} (known: {', '.join(known)})"


def _listed(said: str) -> list[str]:
    """`CR4, CR5` as a list."""
    return [part.strip() for part in said.split(",") if part.strip()]


def _toml(example: str) -> Callable[[str], object]:
    """A reader of `{ CR602 = "off" }` as TOML has it."""

    def read(said: str) -> object:
        import tomllib  # noqa: PLC0415  # only a variable of the environment is read so

        try:
            return tomllib.loads(f"value = {said}")["value"]
        except ValueError:
            raise MisfitError(Problem("", f"expected a table as TOML has it, e.g. {{ {example} }}")) from None

    return read


def _table(value: object, example: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MisfitError(Problem("", f"expected a table, e.g. {{ {example} }}"))
    return value


Item = TypeVar("Item")


def _each(items: Iterable[tuple[str, object, Callable[[object], Item]]]) -> tuple[Item, ...]:
    """What each item means: its place in the value, itself, and its reader.

    Raises MisfitError with the problems of all of them.
    """
    meant: list[Item] = []
    problems: list[Problem] = []
    for where, value, read in items:
        try:
            meant.append(read(value))
        except MisfitError as error:
            problems.extend(Problem(f"{where}{problem.where}", problem.what) for problem in error.problems)
    if problems:
        raise MisfitError(*problems)
    return tuple(meant)


def _part(name: str) -> str:
    """A key as part of a path."""
    return f".{name}" if name.replace("-", "").replace("_", "").isalnum() else f'."{name}"'


def _anywhere(read: Callable[[object], Value]) -> Callable[[object, Path], Value]:
    """A reader of values for which it does not matter where they stand."""
    return lambda value, _: read(value)


CATALOG: Final[Key[Path | None]] = Key("catalog", None, "none", lambda value, base: base / _text(value))
AS_OF: Final[Key[int | None]] = Key("as-of", None, "now", _anywhere(_instant))
SELECT: Final[Key[tuple[str, ...]]] = Key("select", (), "all", _anywhere(_findings), _listed)
IGNORE: Final[Key[tuple[str, ...]]] = Key("ignore", (), "none", _anywhere(_findings), _listed)
FAIL_ON: Final[Key[str]] = Key("fail-on", Severity.WARNING.value, "warning", _anywhere(_one_of(*Severity)))
FORMAT: Final[Key[str]] = Key("format", "full", "full", _anywhere(_format))
SEVERITY: Final[Key[Mapping[str, Severity | None]]] = Key(
    "severity", {}, "as usual", _anywhere(_severities), _toml(_A_SEVERITY)
)
PER_FILE: Final[Key[PerFile]] = Key(
    "per-file-ignores", PerFile(Path(), {}), "none", _per_file_ignores, _toml(_A_PATTERN)
)
NAMING: Final[Key[str]] = Key("naming", "", "any name", _anywhere(_naming), _toml(_A_NAMING))

KEYS: Final[tuple[Key[Any], ...]] = (CATALOG, AS_OF, SELECT, IGNORE, FAIL_ON, FORMAT, SEVERITY, PER_FILE, NAMING)
"""All keys, in the order in which they are shown."""


def read_table(table: Mapping[str, object], base: Path) -> Iterator[tuple[Key[Any], Any] | Problem]:
    """What a table says: each key with its value, or what is wrong; relative paths start at the folder `base`."""
    known = {key.name: key for key in KEYS}
    for name, value in table.items():
        key = known.get(name)
        if key is None:
            yield Problem(name, unknown_key(name, list(known)))
            continue
        try:
            yield key, key.read(value, base)
        except MisfitError as error:
            yield from (Problem(f"{name}{problem.where}", problem.what) for problem in error.problems)
