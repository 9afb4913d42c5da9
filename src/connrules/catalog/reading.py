"""Reads a catalog from the bytes of a TOML, JSON or YAML file. The three give the same catalog.

What is wrong is said with the path of its key, or with the line where the file is not even TOML, JSON or YAML.
"""

from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from connrules.catalog.models import Campaign, Card, Catalog, CustomEvent, User
from connrules.text import closest


class Problem(NamedTuple):
    """One thing that is wrong with a catalog: where (a key path or a line) and what."""

    where: str
    what: str


class CatalogError(ValueError):
    """A catalog that is none. `path` is the file, `problems` says what is wrong with it."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        lines = (f"{where}: {what}" if where else what for where, what in problems)
        super().__init__("\n".join(f"{path}: {line}" for line in lines))

    def __reduce__(self) -> tuple[type["CatalogError"], tuple[str, list[Problem]]]:
        return type(self), (self.path, self.problems)  # an exception is made anew from its message otherwise


_TOO_LONG = Problem("", "a number has more digits than can be read")


def load_catalog(data: bytes, path: str) -> Catalog:
    """Read a catalog from the bytes of a file; the ending of `path` tells TOML, JSON and YAML apart.

    Raises CatalogError with every problem found.
    """
    try:
        tree = _decode(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), path)
    except UnicodeDecodeError:
        raise CatalogError(path, [Problem("", "the file is not UTF-8")]) from None
    except RecursionError:
        raise CatalogError(path, [Problem("", "nested too deep for a catalog")]) from None
    if not isinstance(tree, dict):
        raise CatalogError(path, [Problem("", "a catalog is a table with the keys campaigns, cards, events and user")])
    try:
        return Catalog.model_validate(tree)
    except ValidationError as error:
        raise CatalogError(path, [_problem(e, tree) for e in error.errors()]) from None


def _decode(text: str, path: str) -> Any:
    match path.rpartition(".")[2].lower():
        case "toml":
            return _decode_toml(text, path)
        case "json":
            return _decode_json(text, path)
        case "yaml" | "yml":
            return _decode_yaml(text, path)
    raise CatalogError(path, [Problem("", "a catalog is a .toml, .json, .yaml or .yml file")])


def _decode_toml(text: str, path: str) -> Any:
    import tomllib  # noqa: PLC0415  # only TOML catalogs need it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(path, [Problem("", f"not TOML: {_lower_first(str(error))}")]) from None
    except ValueError:
        raise CatalogError(path, [_TOO_LONG]) from None


def _decode_json(text: str, path: str) -> Any:
    import json  # noqa: PLC0415  # only JSON catalogs need it

    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CatalogError(path, [Problem(where, f"not JSON: {_lower_first(error.msg)}")]) from None
    except _StandsTwiceError as error:
        raise CatalogError(path, [Problem("", f"not JSON: {error}")]) from None
    except ValueError:
        raise CatalogError(path, [_TOO_LONG]) from None


class _StandsTwiceError(Exception):
    """A key that stands twice in one JSON object."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in tree:
            raise _StandsTwiceError(f"the key `{_shown(key)}` stands twice in one object")
        tree[key] = value
    return tree


def _decode_yaml(text: str, path: str) -> Any:
    import yaml  # noqa: PLC0415  # only YAML catalogs need it

    from connrules.catalog.yaml_text import read_yaml  # noqa: PLC0415  # likewise

    try:
        return read_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise CatalogError(path, [Problem(where, f"not YAML: {reason or 'it cannot be read'}")]) from None
    except yaml.YAMLError:
        raise CatalogError(path, [Problem("", "not YAML: it has characters that YAML does not allow")]) from None


def _problem(error: Any, tree: dict[str, Any]) -> Problem:
    location: tuple[str | int, ...] = error["loc"]
    return Problem(_key_path(location, tree), _shown(_what(error, location)))


def _what(error: Any, location: tuple[str | int, ...]) -> str:
    match error["type"]:
        case "extra_forbidden":
            known = _known_keys(location[:-1])
            near = closest(str(location[-1]), known)
            return f"unknown key{f'; did you mean {near}?' if near else ''} (known: {', '.join(known)})"
        case "missing":
            return "this key is missing"
        case "literal_error" | "enum":
            return _expected_one_of(error["ctx"]["expected"], error["input"])
        case "string_too_short":
            return "the name is empty"
        case kind if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind]}"
    return _lower_first(error["msg"].removeprefix("Value error, "))


_EXPECTED = {
    "tuple_type": "a list",
    "dict_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "string_type": "text",
    "string_unicode": "text, and this holds half a character",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


def _expected_one_of(expected: str, given: object) -> str:
    known = expected.replace(" or ", ", ").replace("'", "").split(", ")
    near = closest(given, known) if isinstance(given, str) else None
    return f"expected one of {', '.join(known)}{f'; did you mean {near}?' if near else ''}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(text: str) -> str:
    """A text that can be printed, even where it holds half a character."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "campaigns": Campaign,
        "cards": Card,
        "events": CustomEvent,
        "user": User,
    }
    model = models.get(str(location[0]), Catalog) if location else Catalog
    return list(model.model_fields)


def _key_path(location: tuple[str | int, ...], tree: Any) -> str:
    """`campaigns[2] ("Summer News").status`: the path, with the name of the entry where it has one."""
    path = ""
    for step in location:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            tree = None
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
        if isinstance(step, int) and isinstance(tree, dict) and isinstance(tree.get("name"), str):
            path += f' ("{tree["name"]}")'
    return _shown(path)
