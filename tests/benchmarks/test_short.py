"""The short form of the benchmark: every job at a small size, its contenders' decisions compared, nothing timed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks import rules
from tests.benchmarks.jobs import JOBS, MEASURES, take
from tests.benchmarks.measure import DisagreementError, Setting, agree
from tests.benchmarks.others import TOOLS, Tool

SMALL = 0.002
"""Of the events and rules that `make bench` takes: some thousand events, at least twenty rules."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # durable_rules asks datetime for what is deprecated
@pytest.mark.parametrize("name", [job.name for job in JOBS])
def test_contenders_decide_alike(name: str, tmp_path: Path) -> None:
    job = next(job for job in JOBS if job.name == name)
    figures = take(name, Setting(rounds=0, scale=SMALL, folder=tmp_path))
    assert set(figures) == {measure.name for measure in job.measures}
    assert all(figure.value is None for figure in figures.values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_that_is_installed_takes_part(tool: Tool, tmp_path: Path) -> None:
    """Otherwise a broken import would pass for a tool that is not there."""
    (figure,) = take(f"{tool.name}-5", Setting(rounds=1, scale=SMALL, folder=tmp_path)).values()
    assert (figure.value is not None) == (find_spec(tool.package) is not None)


@pytest.mark.parametrize("rule_set", [rules.CARTS, rules.EQUAL, rules.WITHIN])
def test_plans_of_many_rules_are_what_the_compiler_makes(rule_set: rules.RuleSet) -> None:
    assert rule_set.plan(20) == rules.plan_of(rule_set.text(20))


def test_names_are_unique() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    assert len({measure.title for measure in MEASURES}) == len(MEASURES)


@pytest.mark.parametrize("other", [[], ["b"], ["a", "b"], ["b", "a"]])
def test_contenders_that_decide_otherwise_are_told(other: list[str]) -> None:
    decided = ["a", "b", "c"]
    with pytest.raises(DisagreementError, match="one and two decide differently"):
        agree({"one": decided, "two": other})


def test_deciding_nothing_is_no_agreement() -> None:
    with pytest.raises(DisagreementError, match="decided nothing"):
        agree({"one": [], "two": []})
