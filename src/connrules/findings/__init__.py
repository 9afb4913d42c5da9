"""The documentation of the findings: one page of Markdown per code, beside this module, read only when asked for.

Each page has the same form: a title `# CR301 exception-without-delay`, what the check finds, `## Why it matters`,
`## What to do`, and the sections `## Shows it` and `## Does not`, whose examples are executed by the tests.
"""

from importlib.resources import files
from typing import NamedTuple


class Page(NamedTuple):
    """The page of one code."""

    code: str
    markdown: str


def load_page(code: str) -> Page:
    """Read the page of a code such as `CR301`. Raises KeyError where there is no such code."""
    place = files(__name__) / f"{code}.md"
    if not code.isalnum() or not place.is_file():
        raise KeyError(code)
    return Page(code, place.read_text(encoding="utf-8"))
