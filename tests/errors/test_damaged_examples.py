"""Slips of the hand in real rule files: every other declaration survives, and the broken one gives few findings.

A file of the examples is taken, and in one of its declarations a token is deleted, doubled, swapped with its neighbour
or with any other, or a character of it is replaced. Everything is then checked with the catalog of the example.
"""

import os
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from connrules import ast
from connrules.catalog import Catalog, load_catalog
from connrules.duration import parse_instant
from connrules.lint import Settings, lint
from connrules.syntax.parser import Parsed, parse
from connrules.syntax.scanner import TRIVIA, scan
from connrules.text import SourceText

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "examples").glob("*/*.conn") if (path.parent / "catalog.toml").exists())
NIGHTLY = os.environ.get("CONNRULES_PROFILE") == "nightly"
BATCHES = 100
FILES_PER_BATCH = 100 if NIGHTLY else 10
CHARACTERS = "\"“”'`#:,.()=<>-_ \n\t\\aZ09éж\u200b😀;{}%"
MOST_FINDINGS = 2
AS_OF = parse_instant("2026-03-15")


@cache
def parsed(path: Path) -> Parsed:
    return parse(SourceText(path.name, path.read_text(encoding="utf-8")))


@cache
def catalog_of(folder: Path) -> Catalog:
    return load_catalog((folder / "catalog.toml").read_bytes(), "catalog.toml")


def damaged(chance: random.Random, text: str) -> str:
    """The text of a declaration after one slip."""
    tokens = [token.text for token in scan(text)]
    meaning = [place for place, token in enumerate(scan(text)) if token.kind not in TRIVIA]
    at = chance.choice(meaning)
    match chance.randrange(5):
        case 0:
            tokens[at] = ""
        case 1:
            tokens[at] = f"{tokens[at]} {tokens[at]}"
        case 2:
            other = chance.choice(meaning)
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 3:
            after = meaning[min(meaning.index(at) + 1, len(meaning) - 1)]
            tokens[at], tokens[after] = tokens[after], tokens[at]
        case _:
            place = chance.randrange(len(tokens[at]))
            tokens[at] = tokens[at][:place] + chance.choice(CHARACTERS) + tokens[at][place + 1 :]
    return "".join(tokens)


def lost(before: Sequence[ast.Declaration], after: Sequence[ast.Declaration]) -> list[ast.Declaration]:
    left = list(after)
    gone = []
    for declaration in before:
        if declaration in left:
            left.remove(declaration)
        else:
            gone.append(declaration)
    return gone


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_slip_in_one_declaration(batch: int) -> None:
    chance = random.Random(batch)
    for _ in range(FILES_PER_BATCH):
        path = chance.choice(FILES)
        whole = parsed(path)
        text = whole.file.source.text
        victim = chance.choice(whole.file.declarations)
        start, end = victim.span
        slip = damaged(chance, text[start:end])
        if slip.startswith("#"):
            continue  # its first line is a comment now, and what is left belongs to the declaration above: no mistake
        broken = text[:start] + slip + text[end:]
        result = parse(SourceText(path.name, broken))
        untouched = [declaration for declaration in whole.file.declarations if declaration is not victim]
        others = [parsed(other) for other in sorted(path.parent.glob("*.conn")) if other != path]
        report = lint([result, *others], catalog_of(path.parent), Settings(as_of=AS_OF))
        syntax = [f for f in report.findings if f.code.startswith("CR1") and f.source is result.file.source]
        assert lost(untouched, result.file.declarations) == [], (path, slip)
        assert len(syntax) <= MOST_FINDINGS, (path, slip, [f.message for f in syntax])
