"""Texts in SQL: constants, names of columns, and paths that are no patterns."""

import re


def literal(text: str) -> str:
    """A text as a constant."""
    return "'" + text.replace("'", "''") + "'"


def name_of(text: str) -> str:
    """A text as the name of a column."""
    return '"' + text.replace('"', '""') + '"'


def no_pattern(path: str) -> str:
    """A path whose characters mean themselves, where DuckDB would take it for a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", path)
