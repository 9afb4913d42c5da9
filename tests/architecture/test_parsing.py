"""What parsing loads: no Lark, and of what is said about mistakes nothing where there is none."""

import subprocess
import sys

import pytest

LARK, LOOKING_INTO_MISTAKES = "lark", "connrules.syntax.recovery"
PARSE = """
import sys
from connrules.syntax.parser import parse
from connrules.text import SourceText
parse(SourceText("rules.conn", sys.argv[1]))
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("text", "loaded"),
    [("on purchase after 1d send S", set()), ("on purchase aftr 1d send S", {LOOKING_INTO_MISTAKES})],
)
def test_what_parsing_loads(text: str, loaded: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PARSE, text], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {LARK, LOOKING_INTO_MISTAKES} == loaded
