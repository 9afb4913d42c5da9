"""The difference between two rule sets over one log is what two sets of sends, laid side by side, say it is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.effort import HALF
from tests.properties.histories import Look, histories, looks
from tests.properties.rule_sets import rule_sets
from tests.properties.test_engine import UNTIL, checked_rules, run

import connrules
from connrules.check import Checked
from connrules.connectors.jsonl import encode_outcomes
from connrules.event import Event, Kind, Outcome, Reason
from connrules.replay.diff import Chains, Change, Diff, Difference, compare
from connrules.replay.outcomes import Batch
from connrules.run.comparing import Change as Edit
from connrules.run.comparing import compare_plans

NAMES = {"same": "same", "moved": "moved there"}
"""The rules of both sides; each side has one more that the other does not have, of one name."""
REASONS = {Kind.IGNORED: Reason.ALREADY_WAITING, Kind.DROPPED: Reason.LIMITED}


@st.composite
def outcomes(draw: st.DrawFn, rules: Sequence[str]) -> list[Outcome]:
    """Outcomes in order of time, of so few things that they collide all the time."""
    one = st.builds(
        _outcome,
        st.sampled_from([Kind.SENT, Kind.SENT, Kind.SENT, *Kind]),
        rule=st.sampled_from(rules),
        user=st.sampled_from(["u1", "u2"]),
        at=st.integers(2, 4),
        trigger=st.sampled_from(["e1", "e2"]),
        triggered_at=st.integers(1, 2),
        send=st.sampled_from(["A", "B"]),
        per=st.sampled_from([None, None, "p", ["p"]]),
    )
    return sorted(draw(st.lists(one, max_size=12)), key=lambda outcome: outcome.at)


def _outcome(kind: Kind, *, send: str, **fields: Any) -> Outcome:
    return Outcome(kind, **fields, send=send if kind is Kind.SENT else None, reason=REASONS.get(kind))


def of_old_rules() -> st.SearchStrategy[list[Outcome]]:
    return outcomes(["same", "moved", "alone"])


def of_new_rules() -> st.SearchStrategy[list[Outcome]]:
    return outcomes(["same", "moved there", "alone"])


def cut(data: st.DataObject, outcomes: Sequence[Outcome]) -> Iterator[Batch]:
    """The outcomes of a run in batches, some of them as lines."""
    places = sorted(data.draw(st.lists(st.integers(0, len(outcomes)), max_size=4)))
    for start, end in zip([0, *places], [*places, len(outcomes)], strict=True):
        batch = outcomes[start:end]
        yield encode_outcomes(batch) if data.draw(st.booleans()) else batch


def sent(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.kind is Kind.SENT]


def seen(send: Outcome) -> tuple[object, ...]:
    """What a user sees of a send."""
    return send.user, send.send, send.at


def rule_of(send: Outcome, side: str) -> str:
    """A rule's new name; what is on one side alone is like nothing on the other."""
    names = NAMES if side == "old" else dict.fromkeys(NAMES.values())
    return (names[send.rule] or send.rule) if send.rule in names else f"{send.rule} of the {side}"


def trigger_of(outcome: Outcome, side: str) -> tuple[object, ...]:
    return rule_of(outcome, side), outcome.user, outcome.trigger, outcome.triggered_at


def counted(sends: Iterable[Outcome | None], side: str) -> Counter[tuple[object, ...]]:
    return Counter((rule_of(send, side), *seen(send)) for send in sends if send is not None)


@given(old=of_old_rules(), new=of_new_rules(), data=st.data())
def test_the_difference_is_that_of_the_sends_of_both(
    old: list[Outcome], new: list[Outcome], data: st.DataObject
) -> None:
    diff = compare(cut(data, old), cut(data, new), NAMES)

    assert (diff.before, diff.after) == tuple(Counter(send.rule for send in sent(side)) for side in (old, new))
    gone, come = counted((c.old for c in diff.changes), "old"), counted((c.new for c in diff.changes), "new")
    before, after = counted(sent(old), "old"), counted(sent(new), "new")
    assert gone <= before
    assert come <= after
    assert before - gone == after - come
    assert list(diff.changes) == sorted(diff.changes, key=lambda change: change.send.at)
    for change in diff.changes:
        holds(change, old, new)
        event(change.difference)
    nothing_is_left_to_pair(diff)


def holds(change: Change, before: Sequence[Outcome], after: Sequence[Outcome]) -> None:
    """Whether a change is what it says."""
    match change:
        case Change(Difference.NEWLY, None, Outcome() as send, instead):
            trigger = trigger_of(send, "new")
            told_of(instead, of_trigger(after, "new", trigger), of_trigger(before, "old", trigger))
        case Change(Difference.NO_LONGER, Outcome() as send, None, instead):
            trigger = trigger_of(send, "old")
            told_of(instead, of_trigger(before, "old", trigger), of_trigger(after, "new", trigger))
        case Change(Difference.OTHER_TIME, Outcome() as old, Outcome() as new, None):
            assert rule_of(old, "old") == rule_of(new, "new")
            assert (old.user, old.send) == (new.user, new.send)
            assert old.at != new.at
        case Change(Difference.OTHER_MESSAGE, Outcome() as old, Outcome() as new, None):
            assert trigger_of(old, "old") == trigger_of(new, "new")
            assert old.send != new.send
        case Change(Difference.OTHER_RULE, Outcome() as old, Outcome() as new, None):
            assert seen(old) == seen(new)
            assert rule_of(old, "old") != rule_of(new, "new")
        case _:
            raise AssertionError(change)


def of_trigger(outcomes: Sequence[Outcome], side: str, trigger: object) -> list[Outcome]:
    return [o for o in outcomes if trigger_of(o, side) == trigger and o.kind is not Kind.GOAL]


def told_of(instead: Outcome | None, here: Sequence[Outcome], there: Sequence[Outcome]) -> None:
    """What became of a send's trigger on the other side is so, and it is told wherever it can be told."""
    if instead is not None:
        assert instead in there
        assert instead.kind is not Kind.SENT
    elif len(here) == 1:  # of several that have id and time in common, nobody knows which is which
        assert there == []


def nothing_is_left_to_pair(diff: Diff) -> None:
    lost = [change.old for change in diff.changes if change.difference is Difference.NO_LONGER and change.old]
    gained = [change.new for change in diff.changes if change.difference is Difference.NEWLY and change.new]
    for old, new in product(lost, gained):
        assert seen(old) != seen(new)
        same_rule = rule_of(old, "old") == rule_of(new, "new")
        assert not (same_rule and (old.user, old.send, old.per) == (new.user, new.send, new.per))


MIRRORED = {Difference.NEWLY: Difference.NO_LONGER, Difference.NO_LONGER: Difference.NEWLY}


@given(old=of_old_rules(), new=of_new_rules(), data=st.data())
def test_the_way_back_is_the_mirror_image(old: list[Outcome], new: list[Outcome], data: st.DataObject) -> None:
    there = compare(cut(data, old), cut(data, new), NAMES)
    back = compare(cut(data, new), cut(data, old), {now: was for was, now in NAMES.items()})

    mirrored = [Change(MIRRORED.get(c.difference, c.difference), c.new, c.old, c.instead) for c in there.changes]
    assert Counter(map(str, mirrored)) == Counter(map(str, back.changes))
    assert (there.before, there.after) == (back.after, back.before)


@given(old=of_old_rules(), new=of_new_rules(), data=st.data())
def test_it_does_not_matter_where_batches_end(old: list[Outcome], new: list[Outcome], data: st.DataObject) -> None:
    assert compare(cut(data, old), cut(data, new), NAMES) == compare([old], [new], NAMES)


@given(checked=checked_rules(), history=histories(), look=looks(), until=UNTIL, data=st.data())
def test_a_rule_set_does_not_differ_from_itself(
    checked: Checked, history: list[Event], look: Look, until: int | None, data: st.DataObject
) -> None:
    outcomes = run(checked, history, look, until)

    diff = compare(cut(data, outcomes), cut(data, outcomes), {rule.name: rule.name for rule in checked.rules})

    assert diff.changes == ()
    assert diff.before == diff.after == Counter(send.rule for send in sent(outcomes))


@st.composite
def two_rule_sets(draw: st.DrawFn) -> tuple[Checked, Checked]:
    """A rule set, and one in which one of the declarations is another."""
    old, other = draw(rule_sets()).splitlines(), draw(rule_sets()).splitlines()
    place = draw(st.integers(0, min(len(old), len(other)) - 1))
    catalog = draw(catalogs())
    texts = ("\n".join(old), "\n".join([*old[:place], other[place], *old[place + 1 :]]))
    sides = [connrules.loads(text, catalog=catalog) for text in texts]
    assume(not any(side.errors for side in sides))
    return sides[0], sides[1]


@HALF
@given(sets=two_rule_sets(), history=histories(), look=looks(), until=UNTIL, data=st.data())
def test_the_differences_make_of_one_rule_set_the_other(
    sets: tuple[Checked, Checked], history: list[Event], look: Look, until: int | None, data: st.DataObject
) -> None:
    old, new = (run(checked, history, look, until) for checked in sets)
    plans = [connrules.compile_rules(side) for side in sets]
    edits = compare_plans(*plans)
    names = {e.was: e.rule for e in edits if e.was is not None and e.kind is not Edit.REMOVED}

    diff = compare(cut(data, old), cut(data, new), names, (Chains.of(plans[0]), Chains.of(plans[1])))

    gone, come = (Counter(seen(s) for c in diff.changes if (s := getattr(c, side))) for side in ("old", "new"))
    before, after = (Counter(map(seen, sent(outcomes))) for outcomes in (old, new))
    assert before - gone + come == after
    assert gone <= before
    lost = {seen(c.old) for c in diff.changes if c.difference is Difference.NO_LONGER and c.old}
    gained = {seen(c.new) for c in diff.changes if c.difference is Difference.NEWLY and c.new}
    assert not lost & gained
    event(f"differs: {bool(diff.changes)}")
