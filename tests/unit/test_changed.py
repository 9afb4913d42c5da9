"""What of a text has changed, declaration by declaration."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.files import read_sources
from connrules.lint import lint
from connrules.lint.changed import changed_spans, narrowed
from connrules.syntax.parser import parse
from connrules.text import SourceText, Span

A = 'rule a:\n  on purchase\n  after 1d\n  send "A"\n'
B = 'rule b:\n  on session_start\n  send "B"\n'
C = 'on event "c" send "C"\n'
LEGACY = "# connrules: ignore[CR308] old\n"


def changed(now: str, before: str | None) -> list[str]:
    """The pieces that have changed, by their first lines without comments."""
    source = SourceText("x.conn", now)
    pieces = [now[span.start : span.end] for span in changed_spans(source, before)]
    return [next((line.strip() for line in piece.splitlines() if line and line[0] != "#"), "#") for piece in pieces]


@pytest.mark.parametrize(
    ("now", "before", "pieces"),
    [
        (A + "\n" + B, A + "\n" + B, []),
        (A + "\n" + B, A + B, []),  # a blank line more
        (A + "\n" + B, B, ["rule a:"]),
        (B, A + "\n" + B, []),
        (A, A.replace("1d", "2d"), ["rule a:"]),
        (A, A.replace("  after 1d\n", ""), ["rule a:"]),
        (A.replace("  after 1d\n", ""), A, ["rule a:"]),
        (A.removesuffix("\n"), A, []),
        (A + B, (A + B).replace("\n", "\r\n"), []),
        (B + A, A + B, ["rule b:"]),  # the order of rules has a meaning
        (A + A, A, ["rule a:"]),
        (A + B + C, A + C, ["rule b:"]),
        (A + C, A + B + C, []),
        (C + A + C, C + B + C, ["rule a:"]),
        (A + C + C.strip() + " " + C, A + C, [C.strip(), C.strip()]),
        (LEGACY + A + B, A + B, ["rule a:"]),
        (A + LEGACY + B, A + B, ["rule b:"]),
        (A + B + LEGACY, A + B, ["#"]),
        (LEGACY + "\n" + A, A, ["#"]),
        (C.strip() + "  # new\n" + A, C + A, [C.strip() + "  # new"]),
        ("rule a:\n  on\n" + B, A + B, ["rule a:"]),  # broken rules have pieces, too
        ("", A, []),
        (A, "", ["rule a:"]),
        (A, None, ["rule a:"]),
    ],
)
def test_pieces(now: str, before: str | None, pieces: list[str]) -> None:
    assert changed(now, before) == pieces


@given(st.lists(st.sampled_from([A, B, C, LEGACY, "\n", "# x\n", "rule :\n", "?"]), max_size=8).map("".join))
def test_the_pieces_of_a_text_hold_all_of_it_but_blanks(text: str) -> None:
    source = SourceText("x.conn", text)
    spans = changed_spans(source, "" if text.strip() else None)
    assert "".join("".join(text[span.start : span.end].split()) for span in spans) == "".join(text.split())
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert changed_spans(source, text) == ()


STORIES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("story", ["abandoned-cart", "onboarding"])
def test_all_is_reported_of_what_is_new_and_nothing_of_what_is_as_it_was(story: str) -> None:
    sources = read_sources([STORIES / story])
    report = lint([parse(source) for source in sources])
    unnamed = replace(report, findings=report.findings + tuple(about_each_line(sources)), suppressed=())
    texts = {source.path: source.text for source in sources}
    assert narrowed(unnamed, sources, {}, replace(report, findings=(), suppressed=())) == unnamed
    assert narrowed(unnamed, sources, texts, unnamed).findings == ()
    first, *_ = sources
    of_first = tuple(found for found in unnamed.findings if found.source is first)
    del texts[first.path]
    assert narrowed(unnamed, sources, texts, unnamed).findings == of_first


def test_what_was_not_found_before_is_reported_wherever_it_stands() -> None:
    first, second = (
        SourceText("a.conn", "rule a:\n  on purchase\n  send A\n"),
        SourceText("b.conn", "rule b: on purchase send B"),
    )
    report = lint([parse(first), parse(second)])
    old, new = (replace(finding("CR601", second, Span(0, 4), words)) for words in ("old", "new"))
    texts = {first.path: first.text, second.path: second.text}
    now, then = replace(report, findings=(old, new)), replace(report, findings=(old,))
    assert narrowed(now, [first, second], texts, then).findings == (new,)
    assert narrowed(now, [first, second], texts, now).findings == ()


def about_each_line(sources: Iterable[SourceText]) -> Iterator[Diagnostic]:
    for source in sources:
        yield from (finding("CR601", source, Span(start, start + 1), "x") for start in source.line_starts)
