"""A rule of a plan that is written as clauses again means what it meant."""

from hypothesis import assume, given
from tests.properties.test_engine import checked_rules

import connrules
from connrules.check import Checked
from connrules.cli.differing.clauses import clauses_of, segment_of


@given(checked=checked_rules())
def test_the_clauses_of_a_plan_mean_what_its_rules_mean(checked: Checked) -> None:
    plan = connrules.compile_rules(checked)
    assume(plan.time_zone is None)  # it would stand in the policy, which is not written
    named = [rule for rule in plan.rules if ":" not in rule.name]
    segments = [segment_of(segment) for segment in plan.segments]
    rules = [f"rule {rule.name}: {' '.join(clauses_of(rule))}" for rule in named]

    again = connrules.loads("\n".join([*segments, *rules]), catalog=checked.catalog)

    written = connrules.compile_rules(again)
    assert written.segments == plan.segments
    assert list(written.rules) == named
