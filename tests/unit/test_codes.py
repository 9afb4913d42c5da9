"""The table of codes and the pages about them: complete, well named, and every example does what it says."""

import re
import tomllib
from importlib.resources import files
from typing import NamedTuple

import pytest

from connrules.catalog import Catalog
from connrules.codes import CODES, find_code
from connrules.duration import parse_instant
from connrules.findings import load_page
from connrules.lint import Report, Settings, lint
from connrules.syntax.parser import parse
from connrules.text import SourceText
from connrules.vocabulary import INTERACTIONS

SECTIONS = ["Why it matters", "What to do", "Shows it", "Does not"]


CHECKER = ("CR1", "CR2", "CR3", "CR4", "CR5", "CR713", "CR714")
"""The findings of the checker. Pages about them are about nothing else; pages about others show all there is."""


class Example(NamedTuple):
    rules: str
    catalog: str | None
    as_of: str | None
    naming: str | None

    def lint(self, code: str) -> Report:
        # A page is UTF-8 itself, so the byte that is none is written as an escape.
        data = self.rules.encode().replace(rb"\xe9", b"\xe9")
        catalog = Catalog.model_validate(tomllib.loads(self.catalog)) if self.catalog else None
        as_of = parse_instant(self.as_of) if self.as_of else None
        select = CHECKER if code.startswith(CHECKER) else ()
        settings = Settings(as_of=as_of, select=select, naming=self.naming or "")
        return lint([parse(SourceText.decode(data, "example.conn"))], catalog, settings)


def section(code: str, title: str) -> str:
    return load_page(code).markdown.split(f"\n## {title}\n")[1].split("\n## ")[0]


def example(code: str, title: str) -> Example:
    text = section(code, title)
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL))
    as_of = re.search(r"^As of: (\S+)$", text, re.MULTILINE)
    naming = re.search(r"^Names of rules: `(\S+)`$", text, re.MULTILINE)
    return Example(blocks["conn"], blocks.get("toml"), as_of and as_of[1], naming and naming[1])


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    pages = {place.name.removesuffix(".md") for place in files("connrules.findings").iterdir() if ".md" in place.name}
    assert pages == set(CODES)


def test_a_page_that_is_not_there() -> None:
    for code in ("CR999", "../CR301", ""):
        with pytest.raises(KeyError):
            load_page(code)


@pytest.mark.parametrize("code", CODES)
def test_the_page_has_the_form_of_all_pages(code: str) -> None:
    markdown = load_page(code).markdown
    assert markdown.startswith(f"# {code} {CODES[code].name}\n\n")
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == SECTIONS
    assert markdown.split("\n\n")[1].endswith(".")


@pytest.mark.parametrize("code", CODES)
def test_the_first_example_shows_the_finding(code: str) -> None:
    found = example(code, "Shows it").lint(code).findings
    assert [f.code for f in found] == [code]
    assert found[0].severity is CODES[code].severity


@pytest.mark.parametrize("code", CODES)
def test_the_second_example_shows_nothing(code: str) -> None:
    report = example(code, "Does not").lint(code)
    assert report.findings == ()
    assert report.checked.rules
    assert code not in report.skipped


@pytest.mark.parametrize("row", CODES.values(), ids=list(CODES))
def test_codes_and_names_are_well_formed(row: tuple[str, str]) -> None:
    assert re.fullmatch(r"CR\d{3}", row[0])
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", row[1])


def test_the_page_of_unknown_interactions_lists_all_of_them() -> None:
    listed = re.findall(r"^- `(\w+)`: (.*)$", load_page("CR106").markdown, re.MULTILINE)
    assert listed == [(row.word, row.meaning) for row in INTERACTIONS.values()]


def test_a_dated_check_needs_the_catalog() -> None:
    assert all(row.needs_catalog for row in CODES.values() if row.dated)


def test_names_are_unique() -> None:
    assert len({row.name for row in CODES.values()}) == len(CODES)


@pytest.mark.parametrize("text", ["CR301", "cr301", " CR301 ", "exception-without-delay", "Exception-Without-Delay"])
def test_a_code_is_found_by_code_and_by_name(text: str) -> None:
    assert find_code(text) == CODES["CR301"]


@pytest.mark.parametrize("text", ["", "CR999", "301", "delay"])
def test_what_is_no_code(text: str) -> None:
    assert find_code(text) is None
