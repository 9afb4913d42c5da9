"""The examples' own tests would notice: of every small change to a rule, one of them says that something is wrong."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.examples.mutations import OPERATORS, Mutation, mutations

from connrules.catalog import Catalog, load_catalog
from connrules.check import Checked, CheckedTest, check
from connrules.files import read_bytes, read_sources
from connrules.syntax.parser import Parsed, parse
from connrules.testing import Status, run_tests

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = sorted(file.parent for file in EXAMPLES.glob("*/rules.conn"))

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


class Mutant(NamedTuple):
    """The rules of a story with a small change in the declaration at a place."""

    story: Path
    declaration: int
    mutation: Mutation

    def __str__(self) -> str:
        line = _rules(self.story).file.source.position(self.mutation.place).line
        return f"{self.story.name}:{line} {self.mutation.kind}: {self.mutation.said}"

    @property
    def rules(self) -> Parsed:
        """The file of rules, changed."""
        parsed, place = _rules(self.story), self.declaration
        declarations = parsed.file.declarations
        changed = (*declarations[:place], self.mutation.node, *declarations[place + 1 :])
        return replace(parsed, file=replace(parsed.file, declarations=changed))


@cache
def _rules(story: Path) -> Parsed:
    return _parsed(story / "rules.conn")


@cache
def _tests(story: Path) -> Parsed:
    return _parsed(story / "tests.conn")


def _parsed(file: Path) -> Parsed:
    [source] = read_sources([file])
    return parse(source)


@cache
def _catalog(story: Path) -> Catalog | None:
    file = story / "catalog.toml"
    return load_catalog(read_bytes(file), file.name) if file.exists() else None


def _mutants(story: Path) -> Iterator[Mutant]:
    for place, declaration in enumerate(_rules(story).file.declarations):
        yield from (Mutant(story, place, mutation) for mutation in mutations(declaration))


MUTANTS = [mutant for story in STORIES for mutant in _mutants(story)]
UNNOTICED = {
    "measured:10 within: convert on 3d1ms": "a test can expect a goal, but not that there is none",
}
"""The changes that no test in the language can notice, and why."""


def _with(story: Path, rules: Parsed) -> Checked:
    """The story with these rules. What the checker notices is left aside: it is the tests that are asked."""
    return replace(check([rules, _tests(story)], _catalog(story)), diagnostics=())


def _is_noticed(mutant: Mutant) -> bool:
    """Whether a test of the story fails; those that speak of the changed rule are asked first."""
    checked = _with(mutant.story, mutant.rules)
    name = getattr(mutant.mutation.node, "name", None)
    tests = sorted(checked.tests, key=lambda test: name is not None and name.text not in _text(test))
    results = (result for test in tests for result in run_tests(replace(checked, tests=(test,))).results)
    return any(result.status is Status.FAILED for result in results)


def _text(test: CheckedTest) -> str:
    return test.source.text[test.node.span.start : test.node.span.end]


@each_story
def test_the_tests_of_a_story_pass_while_nothing_is_changed(story: Path) -> None:
    report = run_tests(_with(story, _rules(story)))
    assert (report.passed > 0, report.failed) == (True, 0)


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if str(mutant) not in UNNOTICED], ids=str)
def test_a_change_makes_a_test_of_its_story_fail(mutant: Mutant) -> None:
    assert _is_noticed(mutant)


def test_what_cannot_be_noticed_is_not() -> None:
    listed = [mutant for mutant in MUTANTS if str(mutant) in UNNOTICED]
    assert [str(mutant) for mutant in listed] == list(UNNOTICED)
    assert [str(mutant) for mutant in listed if _is_noticed(mutant)] == []


# Nothing is left out: what there is to change is counted in the text.


def _words(story: Path) -> str:
    """The text of the rules, without comments and without what stands in strings."""
    text = (story / "rules.conn").read_text(encoding="utf-8")
    return re.sub(r'"[^"]*"', '""', re.sub(r"#.*", "", text))


def _count(pattern: str, story: Path) -> int:
    return len(re.findall(pattern, _words(story), re.MULTILINE))


def _exceptions(story: Path) -> int:
    """How many patterns stand in `unless` clauses; an `or` on a line of its own goes on with the clause."""
    clauses = re.findall(r"^ +unless .*(?:\n +or .*)*", _words(story), re.MULTILINE)
    return sum(1 + len(re.findall(r"\bor\b", clause)) for clause in clauses)


@each_story
def test_every_delay_exception_and_comparison_is_changed(story: Path) -> None:
    made = Counter(mutant.mutation.kind for mutant in _mutants(story))
    operators = _count("(?<!segment )(?:[<>]=?|!?=)", story) - _count("^segment", story)
    assert made["delay"] == 2 * _count(r"\bafter \d", story)
    assert made["exception"] == _exceptions(story)
    assert made["comparison"] == (len(OPERATORS) - 1) * operators + _count(r"\bis (?:missing|present)\b", story)


SHOWN_BY = {
    "delay": r"\bafter \d",
    "schedule": r"\b(?:in \d+ days|next \w+day) at",
    "window": r"\b(?:between|quiet) \d",
    "zone": r"\b(?:days at|day at|between|quiet) [^\n]*(?:local|zone)",
    "trigger": r"\bon (?!sent|cancelled)[^\n]* or ",
    "object": r'\bof "", ""',
    "exception": r"\bunless\b",
    "where": r"\bwhere\b",
    "comparison": r"\bwhere\b|\buser\.",
    "literal": r'(?:[<>]=?|=) (?:-?\d|"|true|false)|\bstarts with\b|\bcontains\b|\bin \(',
    "and or": r"\bwhere .* and |^  (?:still )?if .* (?:and|or) |^segment .* (?:and|or) ",
    "not": r"\bnot\b",
    "time": r"\b(?:from|until) \d",
    "count": r"\bat most \d|\blimit\b",
    "length": r"\bat most \d|\blimit\b",
    "share": r"%",
    "within": r"\bwithin\b",
    "clause": r"\brestarting\b|^  (?:if|still|per|between|from|until|once|at most|hold|convert|limit|time|quiet)\b",
}
"""What shows in a text that there is something to change in a way."""


def test_every_kind_of_change_is_known() -> None:
    assert {mutant.mutation.kind for mutant in MUTANTS} == set(SHOWN_BY)


@each_story
def test_everything_that_can_be_changed_is(story: Path) -> None:
    shown = {kind for kind, pattern in SHOWN_BY.items() if _count(pattern, story)}
    assert {mutant.mutation.kind for mutant in _mutants(story)} == shown
