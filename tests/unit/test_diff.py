"""Two runs laid side by side: what each difference is, on the smallest example, and that memory holds what differs."""

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.held import grows, held

from connrules.connectors.jsonl import encode_outcomes
from connrules.event import Kind, Outcome, Reason
from connrules.replay.diff import Change, Diff, Difference, compare

NAMES = {"r": "r", "old name": "new name"}


def send(
    at: int = 10, send: str = "A", *, rule: str = "r", user: str = "u", trigger: str = "e", per: str | None = None
) -> Outcome:
    return Outcome(Kind.SENT, rule, user, at, trigger, 1, send=send, per=per)


def other(kind: Kind, at: int = 10, *, rule: str = "r", trigger: str = "e", reason: Reason | None = None) -> Outcome:
    return Outcome(kind, rule, "u", at, trigger, 1, reason=reason)


def changes(old: list[Outcome], new: list[Outcome]) -> tuple[Change, ...]:
    return compare([old], [new], NAMES).changes


def test_nothing_differs_where_nothing_is_sent() -> None:
    assert compare([], [], NAMES) == Diff((), Counter(), Counter())
    assert changes([other(Kind.CANCELLED)], [other(Kind.DROPPED, reason=Reason.LIMITED)]) == ()


@pytest.mark.parametrize("kind", [Kind.CANCELLED, Kind.DROPPED, Kind.IGNORED, Kind.RESTARTED, Kind.PENDING])
def test_what_became_of_the_trigger_on_the_other_side(kind: Kind) -> None:
    assert changes([other(kind)], [send()]) == (Change(Difference.NEWLY, None, send(), other(kind)),)
    assert changes([send()], [other(kind)]) == (Change(Difference.NO_LONGER, send(), None, other(kind)),)


def test_a_goal_is_no_fate() -> None:
    assert changes([send(), other(Kind.GOAL, 11)], [send()]) == ()
    assert changes([send()], [other(Kind.GOAL)]) == (Change(Difference.NO_LONGER, send(), None),)


@pytest.mark.parametrize(("at", "differs"), [(9, True), (10, False), (11, True)])
def test_the_same_trigger_at_another_instant(at: int, differs: bool) -> None:
    expected = (Change(Difference.OTHER_TIME, send(10), send(at)),) if differs else ()
    assert changes([send(10)], [send(at)]) == expected


def test_the_same_trigger_with_another_message_whatever_the_time() -> None:
    assert changes([send()], [send(11, "B")]) == (Change(Difference.OTHER_MESSAGE, send(), send(11, "B")),)


def test_another_trigger_at_the_same_instant_is_no_difference() -> None:
    old = [send(trigger="e1"), other(Kind.IGNORED, trigger="e2")]
    new = [other(Kind.CANCELLED, 5, trigger="e1"), send(trigger="e2")]
    assert changes(old, new) == ()


def test_what_is_left_is_paired_in_order_of_time() -> None:
    old = [send(10, trigger="e1"), send(20, trigger="e2"), send(30, trigger="e3")]
    new = [send(12, trigger="e4"), send(20, trigger="e5")]
    assert changes(old, new) == (
        Change(Difference.OTHER_TIME, old[0], new[0]),
        Change(Difference.NO_LONGER, old[2], None),
    )


def test_another_value_that_is_waited_per_is_another_send() -> None:
    old, new = send(10, trigger="e1", per="cart 1"), send(11, trigger="e2", per="cart 2")
    assert [change.difference for change in changes([old], [new])] == [Difference.NO_LONGER, Difference.NEWLY]


def test_a_rule_of_another_name_is_the_same_if_both_have_it() -> None:
    assert changes([send(rule="old name")], [send(rule="new name")]) == ()


def test_another_rule_that_sends_the_same_at_the_same_instant() -> None:
    old, new = send(rule="gone", trigger="e1"), send(rule="r", trigger="e2")
    assert changes([old], [new]) == (Change(Difference.OTHER_RULE, old, new),)
    assert [change.difference for change in changes([old], [send(11)])] == [Difference.NO_LONGER, Difference.NEWLY]


def test_a_rule_that_only_one_side_has_is_not_that_of_its_name() -> None:
    """As with rules that are called by file and line: `x:3` may be another one now."""
    old, new = send(10, rule="x:3"), send(11, rule="x:3")
    assert [change.difference for change in changes([old], [new])] == [Difference.NO_LONGER, Difference.NEWLY]


def test_sends_are_counted_by_rule() -> None:
    diff = compare([[send(), send(rule="old name")]], [[send(rule="new name")]], NAMES)
    assert (diff.before, diff.after) == ({"r": 1, "old name": 1}, {"new name": 1})


def test_what_a_run_raises_comes_out() -> None:
    def broken() -> Iterator[list[Outcome]]:
        yield [send()]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        compare(broken(), [[send()]], NAMES)


@pytest.mark.parametrize("as_lines", [False, True])
def test_memory_holds_what_differs_and_not_the_log(as_lines: bool) -> None:
    """One run comes in other batches than the other, so that each has always something that the other has not yet."""

    def batches(size: int, at_once: int) -> Iterator[list[Outcome] | bytes]:
        for start in range(0, size, at_once):
            batch = [send(n, trigger=f"e{n}", user=f"u{n}") for n in range(start, min(size, start + at_once))]
            yield encode_outcomes(batch) if as_lines else batch

    def most_held(size: int) -> int:
        with held(__file__) as memory:
            diff = compare(memory.looking(batches(size, 100), every=2), batches(size, 170), NAMES)
        assert diff.changes == ()
        assert diff.after == {"r": size}
        return memory.most

    assert not grows(most_held, 2_000, 6_000)
