"""Every production of the grammar has its examples in grammar/README.md; the grammar is unambiguous as it stands."""

import logging
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark
from tests.unit.lark_alone import by_lark_alone

from connrules.diagnostic import Diagnostic
from connrules.syntax.grammar import RESERVED, grammar_text
from connrules.syntax.making import lark
from connrules.syntax.parser import parse
from connrules.syntax.scanner import scan
from connrules.text import SourceText

README = Path(__file__).parents[2] / "grammar" / "README.md"

_SECTION = re.compile(r"^### `(\w+)`.*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```conn\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REMARK = re.compile(r"\s+# (CR\d+)$")


class Example(NamedTuple):
    """A line of the README: a whole file, in the section of a production, and the code of its finding if it has one."""

    production: str
    text: str
    code: str | None

    def __str__(self) -> str:
        return f"{self.production}: {self.text}"


def _example(production: str, line: str) -> Example:
    remark = _REMARK.search(line)
    return Example(production, line[: remark.start()] if remark else line, remark[1] if remark else None)


def _examples() -> list[Example]:
    sections = _SECTION.finditer(README.read_text(encoding="utf-8"))
    return [_example(s[1], line) for s in sections for block in _BLOCK.findall(s[0]) for line in block.splitlines()]


EXAMPLES = _examples()
VALID = [e for e in EXAMPLES if e.code is None]
INVALID = [e for e in EXAMPLES if e.code is not None]


def _definitions(pattern: str) -> list[str]:
    return re.findall(pattern, grammar_text(), re.MULTILINE)


def _productions() -> list[str]:
    """Every rule of the grammar file and every name after `->`, once."""
    return list(dict.fromkeys(_definitions(r"^[!?]*([a-z_]+):") + _definitions(r"-> (\w+)$")))


def _terminals() -> list[str]:
    return _definitions(r"^([A-Z_]+)(?:\.\d)?:")


@cache
def _visible_grammar() -> Lark:
    """The same grammar with nothing left out of the tree: every production that is used is a node of its own name."""
    text = re.sub(r"^([!?]+)(?=\w+:)", lambda m: m[1].replace("?", ""), grammar_text(), flags=re.MULTILINE)
    text = re.sub(r"(?<!\w)_(?=[a-z])", "inlined_", text)
    return Lark(text, parser="lalr", lexer="basic", start="file", keep_all_tokens=True)


def _aliases() -> dict[str, set[str]]:
    """The names that a rule's alternatives have in the tree in place of its own."""
    definitions = re.findall(r"^[!?]*([a-z_]+):(.*(?:\n +\|.*)*)", grammar_text(), re.MULTILINE)
    return {rule: set(re.findall(r"-> (\w+)", alternatives)) for rule, alternatives in definitions}


def _used_in(text: str) -> set[str]:
    """The productions and tokens that a text uses."""
    tree = _visible_grammar().parse(text)
    nodes = {re.sub(r"^inlined_", "_", str(node.data)) for node in tree.iter_subtrees()}
    by_alias = {rule for rule, aliases in _aliases().items() if aliases & nodes}
    return nodes | by_alias | {token.kind for token in scan(text)}


def _findings(text: str) -> tuple[Diagnostic, ...]:
    return parse(SourceText("readme.conn", text)).diagnostics


@pytest.mark.parametrize("example", VALID, ids=str)
def test_valid_examples_parse_and_use_their_production(example: Example) -> None:
    assert [f.message for f in _findings(example.text)] == []
    assert example.production in _used_in(example.text)


@pytest.mark.parametrize("example", INVALID, ids=str)
def test_invalid_examples_have_the_one_finding_that_the_readme_names(example: Example) -> None:
    assert [f.code for f in _findings(example.text)] == [example.code]


def test_the_readme_has_a_section_for_each_production_and_token_in_the_order_of_the_file() -> None:
    sections = [match[1] for match in _SECTION.finditer(README.read_text(encoding="utf-8"))]
    assert sorted(sections) == sorted(_productions() + _terminals())
    rules = set(_definitions(r"^[!?]*([a-z_]+):")) | set(_terminals())
    own_order = [s for s in sections if s in rules]
    assert own_order == [s for s in _definitions(r"^[!?]*([A-Za-z_]+)(?:\.\d)?:") if s in rules]


@pytest.mark.parametrize("production", [p for p in _productions() + _terminals() if p not in {"SPACE", "COMMENT"}])
def test_each_production_has_a_valid_and_an_invalid_example(production: str) -> None:
    assert any(e.production == production for e in VALID)
    assert any(e.production == production for e in INVALID)


def test_the_valid_examples_use_every_token_of_the_grammar() -> None:
    used = {token.kind for example in VALID for token in scan(example.text)}
    assert {t.name for t in lark(grammar_text()).terminals} - used == set()


def test_the_readme_names_the_reserved_words() -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    listed = re.search(r"or join conditions: `([a-z ]+)`", text)
    assert listed is not None
    assert set(listed[1].split()) == RESERVED


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="lark"):
        Lark(grammar_text(), parser="lalr", lexer="basic", start=["file", "declaration"], debug=True)
    assert [record.message for record in caplog.records] == []


def test_a_conflict_would_be_seen(caplog: pytest.LogCaptureFixture) -> None:
    ambiguous = grammar_text().replace(
        'patterns: _pattern ("or" _pattern)*', 'patterns: _pattern | patterns "or" patterns'
    )
    with caplog.at_level(logging.DEBUG, logger="lark"):
        Lark(ambiguous, parser="lalr", lexer="basic", start=["file", "declaration"], debug=True)
    assert any("conflict" in record.message for record in caplog.records)


@given(st.lists(st.sampled_from([e.text for e in VALID]), max_size=6).map("\n".join))
def test_our_parser_and_lark_alone_agree_on_healthy_files(text: str) -> None:
    declarations = by_lark_alone(text)
    ours = parse(SourceText("readme.conn", text)).file.declarations
    assert ours == declarations
    assert [node.span for node in ours] == [node.span for node in declarations if node is not None]


@given(st.lists(st.sampled_from([t for e in EXAMPLES for t in e.text.split()]), max_size=12).map(" ".join))
def test_our_parser_finds_nothing_only_where_lark_alone_parses(text: str) -> None:
    if not _findings(text):
        assert by_lark_alone(text) == parse(SourceText("readme.conn", text)).file.declarations
