"""What is said of rules that get in one another's way is so: every timeline that is shown, replayed, shows it."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.histories import histories
from tests.properties.rule_sets import rule_sets

from connrules.catalog import Catalog
from connrules.check import Checked, check
from connrules.compile import compile_rules
from connrules.diagnostic import Diagnostic
from connrules.event import Event, Kind
from connrules.run.engine import Engine
from connrules.syntax.parser import parse
from connrules.testing import run_tests
from connrules.text import SourceText

CODES = {"CR505", "CR506", "CR508", "CR509"}
CATALOG = Catalog.model_validate(
    {
        "campaigns": [
            {"name": "A", "channels": ["push"], "published_at": "2026-03-01T00:00:00Z", "stopped_at": 1780272000000},
            {"name": "B", "channels": ["push", "email"]},
            {"name": "C", "channels": ["email"]},
            {
                "name": "D",
                "channels": ["email"],
                "active": [["2025-01-01", "2025-02-01"], ["2026-04-01", "2026-05-01"]],
            },
        ],
        "user": {"attributes": {"time_zone": "string", "age": "number"}},
    }
)

RULE_SETS = {
    "at once": "on purchase send X\non purchase send X once\non purchase send Y",
    "by name": "rule a: on purchase send X\nrule b: on purchase after 1d send X",
    "three": "rule a: on purchase send X rule b: on purchase once send X rule c: on purchase after 1h send X",
    "by properties": 'rule a: on purchase where amount > 5 send X rule b: on purchase where cart.id = "c" send X',
    "by attributes": "rule a: on purchase if user.age > 5 send X rule b: on purchase still if user.age < 9 send X",
    "of two events": 'rule a: on purchase send X rule b: on event "Joined" after 1d send X',
    "one after the other": "rule a: on purchase after 1d unless session_start send X rule b: on session_start send X",
    "the other way round": "rule b: on session_start send X rule a: on purchase after 1d unless session_start send X",
    "split": "rule a: on purchase send one of 5% X, 95% Y rule b: on purchase send one of 50% Z, 50% X",
    "held out": "rule a: on purchase hold out 90% send X rule b: on purchase hold out 80% send Y",
    "windows": "rule a: on purchase between 09:00 and 09:30 or drop send X rule b: on purchase send X",
    "quiet": 'policy: quiet 21:00 to 08:00 or drop time zone "Europe/Paris"\nrule a: on purchase send X '
    "rule b: on purchase send Y",
    "held": "rule a: on purchase between 18:00 and 19:00 local send X rule b: on purchase send X",
    "weekday": "rule a: on purchase next monday at 09:00 send X rule b: on purchase next monday at 09:00 send Y",
    "per": "rule a: on purchase per cart send X rule b: on purchase after 1h restarting send X",
    "dates": "rule a: on purchase until 2020-02-01 send X rule b: on purchase from 2020-01-31 send X",
    "short lives": "rule a: on purchase after 3d until 2020-02-01 send X rule b: on purchase from 2020-01-28 send X",
    "chains": "rule w: on purchase send W rule a: on sent w after 1h send X rule b: on session_start send X",
    "one chain": "rule w: on purchase send W rule a: on sent w after 1h send X rule b: on sent w after 1h send Y",
    "others": "rule o: on purchase send O rule p: on sent o after 5d send P rule a: on purchase send X "
    'rule b: on event "J" send X',
    "any": 'rule a: on received_push of any send X rule b: on received_push of "Sale" send X',
    "limits": "policy: limit 1 per 1d\nrule a: on purchase send X rule b: on purchase send Y "
    "rule c: on purchase after 1h send Z",
    "two limits": "policy: limit 2 per 1d limit 3 per 1w\nrule a: on purchase send X "
    "rule b: on purchase send Y\nrule c: on purchase where amount > 5 after 1h send Z",
    "its cause": "policy: limit 1 per 1d\nrule a: on purchase after 1h send X rule b: on sent a after 2h send Y",
    "without a name": "policy: limit 1 per 1d\non purchase send X\non purchase send Y",
    "spelled": 'rule a: on event "\\u{1F600}" where `order-id` = "\\"" send "\\"X\\"" '
    'rule b: on event "\\u{1F600}" send "\\"X\\""',
}

WITH_CATALOG = {
    "lifetimes": "rule a: on purchase send A rule b: on session_start send A",
    "a pause": "rule a: on opened_email of D send B rule b: on opened_email of D after 1h send B",
    "of any": "rule a: on opened_email of any send A rule b: on opened_email of C send A",
    "a channel": "policy: limit email to 1 per 1d\nrule a: on purchase send C rule b: on purchase send B "
    "rule c: on purchase send A",
    "another channel": "policy: limit push to 1 per 1d\nrule a: on purchase send C rule b: on purchase send D",
    "typed": "rule a: on purchase if user.age >= 18 send B rule b: on purchase if user.age < 19 send B",
}

SHOWN = [*((rules, None) for rules in RULE_SETS.values()), *((rules, CATALOG) for rules in WITH_CATALOG.values())]


def checked_with(rules: str, catalog: Catalog | None, test: str = "") -> Checked:
    texts = [SourceText("rules.conn", rules), *([SourceText("witness.conn", test)] if test else [])]
    return check([parse(text) for text in texts], catalog)


def about_others(checked: Checked) -> list[Diagnostic]:
    return [finding for finding in checked.diagnostics if finding.code in CODES]


def replayed(finding: Diagnostic, rules: str, catalog: Catalog | None) -> None:
    """Run the witness; that the rule set is refused for what the finding says must not keep it from being shown."""
    checked = checked_with(rules, catalog, finding.witness)
    assert {error.code for error in checked.errors} <= {"CR506"}
    checked = replace(checked, diagnostics=tuple(d for d in checked.diagnostics if d.code != "CR506"))
    (result,) = run_tests(checked).results
    assert not result.failures, (finding.witness, result.failures)


@pytest.mark.parametrize(("rules", "catalog"), SHOWN, ids=[*RULE_SETS, *WITH_CATALOG])
def test_what_is_shown_happens(rules: str, catalog: Catalog | None) -> None:
    findings = about_others(checked_with(rules, catalog))
    assert findings
    for finding in findings:
        assert finding.witness
        assert finding.related
        replayed(finding, rules, catalog)


@given(rule_sets(), catalogs())
def test_what_is_shown_happens_on_random_rule_sets(rules: str, catalog: Catalog | None) -> None:
    checked = checked_with(rules, catalog)
    assume(not {error.code for error in checked.errors} - {"CR506"})
    for finding in about_others(checked):
        replayed(finding, rules, catalog)


TRIGGERS = ("purchase", "received_push of any", 'opened_push of "A", "B"', 'event "Joined" or purchase')
WAITS = ("", "", "after 30m", "after 1h restarting", "after 90m unless received_push of any", "in 0 days at 15:00")
WHENS = (
    "",
    "",
    "if user.age > 1",
    "still if user.plan is present",
    "between 15:00 and 17:30",
    "from 2006-10-28T15:00:00Z",
)
LIMITS = (
    "limit 1 per 1d",
    "limit 1 per 1h",
    "limit push to 1 per 1d",
    "limit 2 per 3h",
    "limit 1 per 1d limit 2 per 1w",
)


@st.composite
def crowded(draw: st.DrawFn) -> str:
    """Rules under a limit, most of which wait for the same and in the same way, or follow from one another."""
    trigger, wait, when = (draw(st.sampled_from(choices)) for choices in (TRIGGERS, WAITS, WHENS))
    rules = [f"policy: {draw(st.sampled_from(LIMITS))}"]
    for number, target in enumerate(draw(st.lists(st.sampled_from("XAB"), min_size=2, max_size=4))):
        other_wait = draw(st.sampled_from([wait, wait, wait, wait, "after 2h"]))
        other_when = draw(st.sampled_from([when, when, when, when, "once", "hold out 50%"]))
        rules.append(f"rule r{number}: on {trigger} {other_wait} {other_when} send {target}")
        rules.append(
            f"rule after{number}: on sent r{number} {draw(st.sampled_from(['', 'after 30m', 'after 1d']))} send B"
        )
    return "\n".join(rules)


@given(crowded(), catalogs(), histories())
def test_a_rule_that_can_never_send_does_not(rules: str, catalog: Catalog | None, history: list[Event]) -> None:
    checked = checked_with(rules, catalog)
    silent = {finding.silent_rule for finding in checked.errors if finding.code == "CR506"}
    assume(silent)
    assume({error.code for error in checked.errors} <= {"CR506", "CR507"})
    assert "" not in silent
    engine = Engine(compile_rules(replace(checked, diagnostics=())))
    outcomes = [outcome for event in history for outcome in engine.feed(event)] + engine.finish(10**13)
    assert not [outcome for outcome in outcomes if outcome.kind is Kind.SENT and outcome.rule in silent]


def test_the_second_of_two_equal_rules_is_deleted() -> None:
    rules = "rule a:\n  on purchase\n  send X\n\nrule b:\n  on purchase\n  send X\n\nrule c: on session_start send Y\n"
    (finding,) = checked_with(rules, None).diagnostics
    assert finding.fix is not None
    assert not finding.fix.safe
    ((span, text),) = finding.fix.edits
    assert rules[: span.start] + text + rules[span.end :] == rules.replace("rule b:\n  on purchase\n  send X\n", "")
    assert [other.source.position(other.span.start).line for other in finding.related] == [1]


@pytest.mark.parametrize("by", ["rule c: on sent b send Y", 'test "t": at 0s purchase expect sent X by b'])
def test_a_copy_that_something_names_is_not_deleted(by: str) -> None:
    findings = checked_with(f"rule a: on purchase send X\nrule b: on purchase send X\n{by}", None).diagnostics
    assert [finding.fix for finding in findings if finding.code == "CR504"] == [None]
