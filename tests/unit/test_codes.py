"""The table of codes and the pages about them: complete, well named, and every example does what it says."""

import re
from importlib.resources import files
from itertools import chain

import pytest
from tests.errors.test_errors import CHUNKS
from tests.unit.code_examples import example

from connrules.codes import CODES, find_code
from connrules.findings import load_page
from connrules.vocabulary import INTERACTIONS

SECTIONS = ["Why it matters", "What to do", "Shows it", "Does not"]


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


def test_the_table_says_the_best_fix_that_is_offered() -> None:
    """By the pages and the error files: where one finding of a code has a fix, the table says so, and the reverse."""
    offered = dict.fromkeys(CODES, "")
    reports = (example(code, "Shows it").lint(code).findings for code in CODES)
    for found in (*chain.from_iterable(reports), *chain.from_iterable(chunk.findings() for chunk in CHUNKS)):
        if found.fix is not None:
            offered[found.code] = "safe" if found.fix.safe else offered[found.code] or "unsafe"
    assert offered == {row.code: row.fix for row in CODES.values()}


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
