"""What every module looks like: it says what it is for, and it is short."""

import ast
from pathlib import Path

import pytest

import connrules

SOURCE = Path(connrules.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 70
VAGUE = {"utils", "helpers", "common", "base", "manager", "handler", "service", "context"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_opens_with_a_sentence_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "a module opens with a docstring"
    first = docstring.partition("\n\n")[0]
    assert first[0].isupper() or first[0] in "`"
    assert first.rstrip().endswith((".", ":")), "its first paragraph is whole sentences"
    assert text.count("\n") <= MOST_LINES
    assert not VAGUE & set(path.stem.split("_"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_functions_are_short(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= MOST_LINES_OF_A_FUNCTION]
    assert long == []


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 30
