"""Fixes of random rule sets and damaged examples: safe ones keep what is meant, all of them hold, an end comes."""

import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.errors.test_damaged_examples import FILES, catalog_of, damaged, parsed
from tests.properties.catalogs import catalogs
from tests.properties.rule_sets import rule_sets

from connrules import ast
from connrules.catalog import Catalog
from connrules.check import check
from connrules.compile import compile_rules
from connrules.lint import Report, Settings, lint
from connrules.lint.fixing import Fixed, fixed
from connrules.syntax.parser import parse
from connrules.syntax.scanner import scan
from connrules.text import SourceText

NIGHTLY = os.environ.get("CONNRULES_PROFILE") == "nightly"
BATCHES = 50
FILES_PER_BATCH = 40 if NIGHTLY else 2
WHAT_IS_MEANT_STAYS = ("CR108", "CR308", "CR314", "CR601")
"""The safe fixes after which the tree says the same, or what compiles to the same."""
LATER = ("CR601", "CR71")
"""What would be found in any text, or takes long to find."""


def report(sources: Iterable[SourceText], catalog: Catalog | None, settings: Settings) -> Report:
    return lint([parse(source) for source in sources], catalog, settings)


def after_fixes(text: str, catalog: Catalog | None, settings: Settings, *, unsafe: bool = False) -> Fixed:
    return fixed([SourceText("t.conn", text)], lambda sources: report(sources, catalog, settings), unsafe=unsafe)


def comments(text: str) -> Counter[str]:
    return Counter(token.text.rstrip() for token in scan(text) if token.kind == "COMMENT")


def plan(text: str) -> object:
    """What a rule set compiles to, but for what tells rules without a name apart: their line and their text."""
    checked = check([parse(SourceText("t.conn", text))])
    if checked.errors:
        return None
    compiled = compile_rules(checked)
    return [msgspec.structs.replace(rule, name=str(number), says="") for number, rule in enumerate(compiled.rules)]


@st.composite
def untidy_rule_sets(draw: st.DrawFn) -> str:
    """Rule sets with clauses in any order, delays of nothing, lengths of time said the long way, and comments."""
    lines = []
    for line in draw(rule_sets()).split("\n"):
        chance = draw(st.randoms(use_true_random=False))
        declarations = parse(SourceText("t.conn", line)).file.declarations
        rule = declarations[0] if len(declarations) == 1 else None
        lines.append(_untidy(line, rule, chance) if isinstance(rule, ast.Rule) else line)
    return "\n".join(lines)


def _untidy(line: str, rule: ast.Rule, chance: random.Random) -> str:
    first, *others = [line[clause.span.start : clause.span.end] for clause in rule.clauses]
    if rule.delay is None and rule.unless is None:
        others.append("after 0s")
    chance.shuffle(others)
    text = line[: rule.clauses[0].span.start] + first
    for number, clause in enumerate(others):
        longer = clause.replace("1d", "24h") if clause.startswith("after") else clause
        text += chance.choice([" ", "\n\t", f"  # behind {number}\n  ", f"\n  # above {number}\n  "]) + longer
    return text


@given(text=untidy_rule_sets())
def test_safe_fixes_keep_what_is_meant_and_every_comment(text: str) -> None:
    outcome = after_fixes(text, None, Settings(select=WHAT_IS_MEANT_STAYS))
    result = outcome.sources[0].text

    assert plan(result) == plan(text)
    assert comments(result) == comments(text)
    assert outcome.refused == ()
    assert not {found.code for found in outcome.report.findings} & {*WHAT_IS_MEANT_STAYS}
    assert after_fixes(result, None, Settings(select=WHAT_IS_MEANT_STAYS)).sources[0].text == result


@given(text=untidy_rule_sets(), catalog=catalogs())
def test_all_fixes_together_come_to_an_end_where_nothing_is_left_to_fix(text: str, catalog: Catalog) -> None:
    outcome = after_fixes(text, catalog, Settings(), unsafe=True)
    result = outcome.sources[0].text

    left = [found for found in outcome.report.findings if found.fix is not None]
    assert len(left) == len(outcome.refused)
    assert comments(result) >= comments(text)
    assert after_fixes(result, catalog, Settings(), unsafe=True).sources[0].text == result


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_in_the_examples_there_is_nothing_to_fix_safely(path: object) -> None:
    source = next(parsed(each).file.source for each in FILES if each == path)
    outcome = after_fixes(source.text, None, Settings(ignore=LATER))
    assert outcome.sources[0].text == source.text


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_fix_of_a_damaged_example_holds_by_itself(batch: int) -> None:
    chance = random.Random(batch)
    for _ in range(FILES_PER_BATCH):
        path = chance.choice(FILES)
        text, settings = parsed(path).file.source.text, Settings(ignore=LATER)
        start, end = chance.choice(parsed(path).file.declarations).span
        source = SourceText(path.name, text[:start] + damaged(chance, text[start:end]) + text[end:])
        catalog = catalog_of(path.parent)
        offered = [found for found in report([source], catalog, settings).findings if found.fix is not None]
        for wanted in offered:
            outcome = _alone(source, catalog, settings, (wanted.code, wanted.span))
            assert [found.code for found in outcome.applied] == [wanted.code], (path, wanted, outcome.refused)


def _alone(source: SourceText, catalog: Catalog, settings: Settings, wanted: tuple[str, object]) -> Fixed:
    """What becomes of a text where one finding alone offers its fix, and that once."""
    asked: list[Report] = []

    def only_that(sources: Sequence[SourceText]) -> Report:
        found = report(sources, catalog, settings)
        kept = [f if not asked and (f.code, f.span) == wanted else replace(f, fix=None) for f in found.findings]
        asked.append(found)
        return replace(found, findings=tuple(kept))

    return fixed([source], only_that, unsafe=True)
