"""What became of the rules of a plan in another, in words."""

import pytest

import connrules
from connrules import Plan
from connrules.run.comparing import Change, RuleChange, compare_plans


def plan(rules: str) -> Plan:
    checked = connrules.loads(rules)
    return connrules.compile_rules(checked)


def what(old: str, new: str) -> tuple[str, ...]:
    """What changed of a rule with such clauses."""
    (change,) = compare_plans(plan(f"rule r: {old}"), plan(f"rule r: {new}"))
    assert change.kind is (Change.CHANGED if change.what else Change.UNCHANGED)
    return change.what


BASE = "on purchase after 1d send X"
CHANGES = {
    BASE: (),
    "on purchase or session_start after 1d send X": ("on `purchase` -> `purchase or session_start`",),
    "on purchase where x = 1 after 1d send X": ("on `purchase` -> `purchase where x = 1`",),
    "on purchase if user.a = 1 after 1d send X": ("if",),
    "on purchase after 36h send X": ("delay 1d -> 1d12h",),
    "on purchase after 1d restarting send X": ("delay 1d -> 1d restarting",),
    "on purchase in 2 days at 09:05 local send X": ("delay 1d -> in 2 days at 09:05 local, else UTC",),
    'on purchase next sunday at 23:00 zone "Europe/Paris" send X': ("delay 1d -> next sunday at 23:00 Europe/Paris",),
    "on purchase send X": ("delay 1d -> 0s",),
    "on purchase after 1d unless purchase or session_start send X": ("exceptions none -> `purchase or session_start`",),
    "on purchase after 1d per cart.id send X": ("per none -> `cart.id`",),
    "on purchase after 1d still if user.a = 1 send X": ("still if",),
    "on purchase after 1d between 09:00 and 21:00 or drop send X": ("between none -> 09:00 and 21:00 UTC or drop",),
    "on purchase after 1d from 2026-03-01 until 2026-04-01 send X": (
        "from none -> 2026-03-01T00:00:00Z",
        "until none -> 2026-04-01T00:00:00Z",
    ),
    "on purchase after 1d once send X": ("how often always -> once",),
    "on purchase after 1d at most 2 per 1w send X": ("how often always -> at most 2 per 1w",),
    "on purchase after 1d hold out 12.5% send X": ("hold out 0% -> 12.5%",),
    "on purchase after 1d convert on session_start within 2d send X": ("convert on none -> `session_start` within 2d",),
    "on purchase after 1d send one of 50% X, 50% Y": ("send `X` -> 50% `X` + 50% `Y`",),
    "on session_start after 2d send Y": (
        "on `purchase` -> `session_start`",
        "delay 1d -> 2d",
        "send `X` -> `Y`",
    ),
}


@pytest.mark.parametrize(("clauses", "expected"), CHANGES.items(), ids=CHANGES)
def test_each_clause_that_changed_is_named(clauses: str, expected: tuple[str, ...]) -> None:
    assert what(BASE, clauses) == expected


def test_one_is_not_true() -> None:
    assert what("on purchase if user.a = 1 send X", "on purchase if user.a = true send X") == ("if",)
    assert what("on purchase if user.a = 1 send X", "on purchase if user.a = 1 send X") == ()


def test_a_segment_that_says_something_else_changes_the_rules_that_go_by_it() -> None:
    rules = "segment a = user.x = {} segment b = in segment a or user.y = 1 rule r: on purchase if in segment b send X"
    (change,) = compare_plans(plan(rules.format(1)), plan(rules.format(2)))
    assert change == RuleChange(Change.CHANGED, "r", "r", ("segment `b`",))


def test_rules_are_recognised_by_their_names() -> None:
    old = plan("rule a: on purchase send X rule b: on session_start send Y rule c: on purchase send Z")
    new = plan("rule d: on purchase send X rule b: on session_start send Y rule a: on purchase send W")
    assert compare_plans(old, new) == (
        RuleChange(Change.ADDED, "d", None),
        RuleChange(Change.UNCHANGED, "b", "b"),
        RuleChange(Change.CHANGED, "a", "a", ("send `X` -> `W`",)),
        RuleChange(Change.REMOVED, "c", "c"),
    )


def test_rules_without_a_name_are_recognised_by_what_they_say() -> None:
    (first, second), rule = [named(n) for n in (1, 2)], "on purchase after {} send X"
    old = plan(f"{rule.format('1d')}\n{rule.format('2d')}")
    swapped = plan(f"{rule.format('2d')}\n{rule.format('1d')}")
    assert compare_plans(old, swapped) == (
        RuleChange(Change.RENAMED, first, second),
        RuleChange(Change.RENAMED, second, first),
    )
    edited = plan(f"{rule.format('3d')}\n{rule.format('2d')}")
    assert compare_plans(old, edited) == (
        RuleChange(Change.ADDED, first, None),
        RuleChange(Change.UNCHANGED, second, second),
        RuleChange(Change.REMOVED, first, first),
    )


def test_of_equal_rules_without_a_name_those_go_together_that_stand_on_one_line() -> None:
    old, new = plan("on purchase send X\non purchase send X"), plan("\non purchase send X\non purchase send X")
    assert compare_plans(old, new) == (
        RuleChange(Change.UNCHANGED, named(2), named(2)),
        RuleChange(Change.RENAMED, named(3), named(1)),
    )


POLICIES = {
    "quiet 22:00 to 08:00": "quiet 21:00 to 08:00",
    'time zone "Europe/Paris"': 'time zone "Asia/Tokyo"',
}
REACHED = (
    "on purchase after 1d send X",
    "on purchase in 1 days at 09:00 send X",
    "on purchase next monday at 09:00 local send X",
    "on purchase after 1d between 09:00 and 21:00 send X",
    "on purchase where since > 2026-03-01 send X",
    "on purchase after 1d from 2026-03-01 until 2026-04-01 send X",
)


@pytest.mark.parametrize("policies", [*POLICIES.items(), *((now, was) for was, now in POLICIES.items())])
@pytest.mark.parametrize("rule", REACHED)
def test_a_rule_without_a_name_is_recognised_whatever_the_policy_makes_of_it(
    rule: str, policies: tuple[str, str]
) -> None:
    """As one that has a name: what the policy reaches into changes it, and no more."""
    old, new = (f"policy: {policy}\n" for policy in policies)
    (named_one,) = compare_plans(plan(f"{old}rule r: {rule}"), plan(f"{new}rule r: {rule}"))
    (stayed,) = compare_plans(plan(old + rule), plan(new + rule))
    (moved,) = compare_plans(plan(old + rule), plan(f"{new}\n{rule}"))

    assert stayed == named_one._replace(rule=named(2), was=named(2))
    kind = Change.CHANGED if named_one.what else Change.RENAMED
    assert moved == RuleChange(kind, named(3), named(2), named_one.what)


def test_the_policy_does_reach_into_rules() -> None:
    """Or the test above could not fail."""
    found = {
        compare_plans(plan(f"policy: {old} rule r: {rule}"), plan(f"policy: {new} rule r: {rule}"))[0].kind
        for old, new in POLICIES.items()
        for rule in REACHED
    }
    assert found == {Change.CHANGED, Change.UNCHANGED}


def test_a_rule_without_a_name_is_recognised_though_the_catalog_says_of_a_property_that_it_is_a_time() -> None:
    rule = 'on event "Joined" where since > "2026-03-01" after 1d send X'
    types = ({"since": kind} for kind in ("string", "time"))
    catalogs = (
        connrules.Catalog.model_validate(
            {"campaigns": [{"name": "X"}], "events": [{"name": "Joined", "properties": p}]}
        )
        for p in types
    )
    old, new = (connrules.compile_rules(connrules.loads(rule, catalog=catalog)) for catalog in catalogs)
    assert compare_plans(old, new) == (RuleChange(Change.CHANGED, named(1), named(1), ("on",)),)


def test_a_rule_without_a_name_may_be_written_in_another_way() -> None:
    """Layout, comments and the order of clauses are no part of what it says; other words may come to the same."""
    for again in ("on purchase  # a comment\n send X after 1d", "on purchase after 24h send X"):
        assert compare_plans(plan("on purchase after 1d send X"), plan(again)) == (
            RuleChange(Change.UNCHANGED, named(1), named(1)),
        )


def test_text_goes_before_what_it_comes_to() -> None:
    """The rule that has no window of its own is not taken for one that had what the quiet hours now leave."""
    bare, own = "on purchase after 1d send X", "on purchase after 1d between 08:00 and 20:00 send X"
    old = plan(f"policy: quiet 22:00 to 08:00\n{own}\n{bare}")
    new = plan(f"policy: quiet 20:00 to 08:00\n\n{bare}")
    changes = compare_plans(old, new)
    assert [(change.kind, change.rule, change.was) for change in changes] == [
        (Change.CHANGED, named(3), named(3)),
        (Change.REMOVED, named(2), named(2)),
    ]


def test_a_name_is_given_to_a_rule_that_had_none() -> None:
    """Nobody can tell that it is the same."""
    old, new = plan("on purchase send X"), plan("rule r: on purchase send X")
    assert [change.kind for change in compare_plans(old, new)] == [Change.ADDED, Change.REMOVED]


def named(line: int) -> str:
    """What a rule without a name is called that begins on a line."""
    return plan("\n" * (line - 1) + "on purchase send X").rules[0].name
