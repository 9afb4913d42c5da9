"""A user's turn: what it decides at each boundary, what is kept, what it refuses, and what it costs."""

import gc
import pickle
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.held import grows, held

import connrules
from connrules import Event, Kind, Outcome, Plan, SnapshotError
from connrules.run import restoring, saving
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine, Turn
from connrules.run.passage import Changed

HOUR = 3_600_000
DAY = 24 * HOUR
REMIND = 'rule remind: on purchase after 1h unless session_start send "X"'


def plan_of(rules: str) -> Plan:
    checked = connrules.loads(rules)
    assert not checked.errors
    return connrules.compile_rules(checked)


def an_event(type_: str, at: int, id_: str = "e", **fields: Any) -> Event:
    return Event(user="u", type=type_, time=at, id=f"{id_}{at}", **fields)


class Someone:
    """A user, of whom nothing is known but the bytes that the last turn gave."""

    def __init__(self, engine: KeyedEngine, state: bytes | None = None) -> None:
        self.engine = engine
        self.state = state
        self.next: int | None = None

    def turn(self, now: int, event: Event | None = None, *, ends: bool = False) -> Turn:
        turn = self.engine.turn("u", self.state, now, event, ends=ends)
        assert turn.was == self.next or self.next is None
        self.state, self.next = turn.state, turn.next
        return turn

    def feed(self, *events: Event) -> list[Outcome]:
        """Events of which each comes at its time."""
        return [outcome for event in events for outcome in self.turn(event.time, event).outcomes]


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.kind} {outcome.at}" for outcome in outcomes]


# Boundaries


@pytest.mark.parametrize(
    ("at", "expected"),
    [(HOUR - 1, [f"cancelled {HOUR - 1}"]), (HOUR, [f"sent {HOUR}"]), (HOUR + 1, [f"sent {HOUR}"])],
)
def test_an_exception_cancels_up_to_the_due_instant_exclusively(at: int, expected: list[str]) -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    assert kinds(someone.feed(an_event("purchase", 0), an_event("session_start", at))) == expected
    assert (someone.state, someone.next) == (None, None)


@pytest.mark.parametrize(("now", "expected"), [(HOUR - 1, []), (HOUR, [f"sent {HOUR}"]), (HOUR + 1, [f"sent {HOUR}"])])
def test_what_is_due_is_sent_when_time_has_reached_it(now: int, expected: list[str]) -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    assert someone.turn(0, an_event("purchase", 0)).next == HOUR
    turn = someone.turn(now)
    assert kinds(turn.outcomes) == expected
    assert turn.next == (None if expected else HOUR)
    assert (turn.state is None) == bool(expected)


def test_an_event_waits_until_time_has_reached_it() -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    assert someone.turn(10, an_event("purchase", 20))[1:3] == ([], 20)
    assert someone.turn(19).next == 20
    assert someone.turn(20).next == 20 + HOUR
    assert kinds(someone.turn(HOUR + 20).outcomes) == [f"sent {HOUR + 20}"]


@pytest.mark.parametrize(("at", "is_late"), [(99, True), (100, False), (101, False)])
def test_what_is_older_than_what_was_decided_is_late_and_changes_nothing(at: int, is_late: bool) -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    someone.turn(0, an_event("purchase", 0))
    before = someone.turn(100)
    turn = someone.turn(100, an_event("session_start", at))
    assert turn.is_late == is_late
    assert kinds(turn.outcomes) == ([] if is_late else [f"cancelled {at}"] if at == 100 else [])
    if is_late:
        assert turn == Turn(before.state, [], HOUR, HOUR, is_late=True)


def test_time_never_goes_back() -> None:
    """After a restart a cluster begins with no watermark; what was decided stays so."""
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    someone.turn(100, an_event("purchase", 100))
    assert someone.turn(0, an_event("session_start", 99)).is_late
    assert someone.turn(0).next == 100 + HOUR
    assert kinds(someone.turn(0, an_event("session_start", 100)).outcomes) == ["cancelled 100"]


def test_events_of_one_instant_take_effect_in_the_order_in_which_they_came() -> None:
    rules = plan_of('rule r: on purchase after 1h unless session_start send "X"')
    for order, left in ((("purchase", "session_start"), 0), (("session_start", "purchase"), 1)):
        someone = Someone(KeyedEngine(rules))
        for number, type_ in enumerate(order):
            someone.turn(0, an_event(type_, 50, str(number)))
        outcomes = someone.turn(50).outcomes
        assert len(outcomes) == 1 - left
        assert (someone.state is None) == (not left)


@pytest.mark.parametrize("when", ["after 1h", "in 0 days at 17:30"])
def test_what_is_due_at_one_instant_is_sent_in_the_order_in_which_it_began(when: str) -> None:
    """Though another worker went on in between."""
    plan = plan_of(f'rule a: on session_start {when} send "X" rule b: on purchase {when} send "Y"')
    someone = Someone(KeyedEngine(plan))
    someone.feed(an_event("purchase", 5))
    someone.engine = KeyedEngine(plan)
    someone.feed(an_event("session_start", 5))
    someone.engine = KeyedEngine(plan)
    assert [outcome.rule for outcome in someone.turn(24 * HOUR).outcomes] == ["b", "a"]


def test_at_the_end_time_moves_on_to_what_waits_and_pending_sends_come_last() -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    someone.turn(0, an_event("purchase", 0))
    someone.turn(0, an_event("purchase", HOUR))
    turn = someone.turn(1, ends=True)
    assert kinds(turn.outcomes) == [f"sent {HOUR}", f"pending {HOUR}"]
    assert (turn.outcomes[-1].due, turn.next) == (2 * HOUR, 2 * HOUR)


def test_nothing_is_kept_of_whom_there_is_nothing() -> None:
    engine = KeyedEngine(plan_of(REMIND))
    assert engine.turn("u", None, 5) == Turn(None, [], None, None)
    assert engine.turn("u", None, 5, ends=True) == Turn(None, [], None, None)
    assert engine.turn("u", None, 5, an_event("session_start", 5)) == Turn(None, [], None, None)


@pytest.mark.parametrize(("later", "repeated"), [(99, 1), (100, 0), (101, 0)])
def test_an_id_is_remembered_for_the_horizon_and_then_nothing_is(later: int, repeated: int) -> None:
    engine = KeyedEngine(plan_of('rule r: on purchase send "X"'), dedupe=100)
    someone = Someone(engine)
    first = Event(user="u", type="purchase", time=0, id="same")
    assert kinds(someone.feed(first)) == ["sent 0"]
    assert someone.next == 100
    assert len(someone.feed(msgspec.structs.replace(first, time=later))) == 1 - repeated
    assert engine.repeated == repeated
    assert someone.next == 100 + later
    assert someone.turn(100 + later).state is None


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**70), 10**40, 1e300])
def test_numbers_of_any_size_are_kept(number: float) -> None:
    someone = Someone(KeyedEngine(plan_of('rule r: on purchase after 1h unless session_start per n send "X"')))
    for at in (5, 6):
        someone.turn(0, an_event("purchase", at, properties={"n": number}))
    outcomes = someone.turn(5).outcomes + someone.turn(2 * HOUR).outcomes
    assert [(str(outcome.kind), outcome.per) for outcome in outcomes] == [("ignored", number), ("sent", number)]


def test_a_number_with_a_fraction_of_zero_is_no_instant_though_it_waited() -> None:
    rules = plan_of('rule r: on purchase where at = 2026-03-02T10:00:00Z send "X"'.replace(" at ", " moment "))
    someone, instant = Someone(KeyedEngine(rules)), 1_772_445_600_000
    for at, moment in ((5, float(instant)), (6, instant)):
        someone.turn(0, an_event("purchase", at, properties={"moment": moment}))
    assert kinds(someone.turn(10).outcomes) == ["sent 6"]


# What is refused


def test_states_that_cannot_be_read_are_refused() -> None:
    engine = KeyedEngine(plan_of(REMIND))
    state = engine.turn("u", None, 0, an_event("purchase", 0)).state
    assert state is not None
    for bad in (state[:-1], b"", b"[]", b"{}", b"[1,2]", b"\xff\xfe", state.replace(b"purchase", b""), b'"x"'):
        if bad != state:
            with pytest.raises(SnapshotError, match="the state cannot be read"):
                engine.turn("u", bad, 0)
    for other in (b"[2]", b"[2,{}]", state.replace(b"[1,", b"[2,", 1)):
        with pytest.raises(SnapshotError, match="the state has format 2; this connrules reads format 1"):
            engine.turn("u", other, 0)
    assert engine.turn("u", state, HOUR).outcomes


def test_a_part_that_cannot_be_read_leaves_nothing_behind() -> None:
    engine = KeyedEngine(plan_of(REMIND + ' rule other: on purchase after 2h send "Y"'))
    state = engine.turn("u", None, 0, an_event("purchase", 0)).state
    assert state is not None
    for bad in (state.replace(b'"other"', b'"gone"'), state.replace(b'["other"', b"[5")):
        with pytest.raises(SnapshotError):
            engine.turn("u", bad, 2 * HOUR)
    assert engine.turn("v", None, 3 * HOUR) == Turn(None, [], None, None)
    assert len(engine.turn("u", state, 2 * HOUR).outcomes) == 2


def test_a_state_of_other_rules_says_what_to_do() -> None:
    state = KeyedEngine(plan_of(REMIND)).turn("u", None, 0, an_event("purchase", 0)).state
    with pytest.raises(SnapshotError, match="all that were in force since have to be given, in order"):
        KeyedEngine(plan_of('rule s: on purchase send "X"')).turn("u", state, 1)


@pytest.mark.parametrize(
    ("event", "error", "words"),
    [
        (Event(user="v", type="purchase", time=0, id="e"), ValueError, "the event is one of `v`, not of `u`"),
        (Event(user="u", type="purchase", time=0), ValueError, "`known_as`"),
        (Event(user="u", type="purchase", time=2**60, id="e"), ValueError, "outside the years"),
        (Event(user="u", type=5, time=0, id="e"), TypeError, "an event's type is text"),  # type: ignore[arg-type]
    ],
)
def test_events_that_are_ill_formed_are_refused(event: Event, error: type[Exception], words: str) -> None:
    engine = KeyedEngine(plan_of(REMIND))
    with pytest.raises(error, match=words):
        engine.turn("u", None, 0, event)
    assert engine.turn("u", None, 0, an_event("purchase", 0)).next == HOUR


def test_an_event_without_an_id_is_known_as_something_else() -> None:
    event = Event(user="u", type="purchase", time=0)
    turn = KeyedEngine(plan_of('rule r: on purchase send "X"')).turn("u", None, 0, event, known_as="offset 7")
    assert turn.outcomes[0].trigger == "offset 7"


# A turn that breaks off


class Moody:
    """A look-up that fails for some users."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        if user == "bad":
            raise ConnectionError("the CRM is out")
        return {"vip": True}


CHAIN = """
rule a: on purchase send "X"
rule b: on sent a if user.vip = true send "Y"
rule c: on sent a if user.vip = true after 1h send "Z"
rule d: on session_start after 1h still if user.vip = true send "X"
"""


def test_a_turn_that_breaks_off_leaves_nothing_for_the_next_user() -> None:
    """Amid a chain: what was to follow would otherwise follow for whoever comes next."""
    engine, other = (KeyedEngine(plan_of(CHAIN), profiles=Moody()) for _ in range(2))
    bad = Event(user="bad", type="session_start", time=0, id="e")
    state = engine.turn("bad", None, 0, bad).state
    with pytest.raises(ConnectionError):
        engine.turn("bad", state, HOUR)
    with pytest.raises(ConnectionError):
        engine.turn("bad", None, 0, msgspec.structs.replace(bad, type="purchase"))
    good = Event(user="good", type="purchase", time=5, id="g")
    assert engine.turn("good", None, 5, good) == other.turn("good", None, 5, good)
    assert engine.turn("idle", None, 9, Event(user="idle", type="session_start", time=9, id="i")).next == 9 + HOUR


def test_a_passing_that_breaks_off_leaves_nothing_either() -> None:
    before = plan_of('rule d: on session_start after 5h send "X"')
    after = plan_of('rule d: on session_start after 1h still if user.vip = true send "X"')
    old = KeyedEngine(before)
    engine = KeyedEngine(after, profiles=Moody(), formerly=[Former(before, 2 * HOUR, "follow")])
    states = {
        user: old.turn(user, None, 0, Event(user=user, type="session_start", time=0, id="e")).state
        for user in ("bad", "good")
    }
    with pytest.raises(ConnectionError):
        engine.turn("bad", states["bad"], 2 * HOUR)
    turn = engine.turn("good", states["good"], 2 * HOUR)
    assert ([(o.user, str(o.kind)) for o in turn.outcomes], turn.state) == ([("good", "sent")], None)


# Rules that follow one another


def changing(old: str, new: str, until: int, changed: Changed = "pin") -> KeyedEngine:
    return KeyedEngine(plan_of(new), formerly=[Former(plan_of(old), until, changed)])


@pytest.mark.parametrize(("at", "send"), [(99, "X"), (100, "Y"), (101, "Y")])
def test_an_event_belongs_to_the_rules_of_its_instant(at: int, send: str) -> None:
    engine = changing('rule r: on purchase send "X"', 'rule r: on purchase send "Y"', 100)
    assert [o.send for o in Someone(engine).feed(an_event("purchase", at))] == [send]
    early = Someone(engine)
    early.turn(0, an_event("purchase", at))
    assert [o.send for o in early.turn(200).outcomes] == [send]


@pytest.mark.parametrize(("until", "fate"), [(HOUR - 1, f"dropped {HOUR - 1}"), (HOUR, f"sent {HOUR}")])
def test_what_is_due_when_rules_end_is_sent_by_them(until: int, fate: str) -> None:
    someone = Someone(changing(REMIND, 'rule s: on purchase send "X"', until))
    someone.feed(an_event("purchase", 0))
    assert kinds(someone.turn(5 * HOUR).outcomes) == [fate]


def test_a_user_passes_when_the_rules_changed_whenever_that_is_noticed() -> None:
    """An event that comes early does not make the passing later."""
    someone = Someone(changing(REMIND, REMIND.replace("1h", "30m"), 40 * 60_000, "follow"))
    someone.feed(an_event("purchase", 0))
    turn = someone.turn(50 * 60_000, an_event("purchase", 55 * 60_000))
    assert kinds(turn.outcomes) == [f"sent {40 * 60_000}"]


def test_who_was_decided_further_passes_at_that_instant() -> None:
    someone = Someone(KeyedEngine(plan_of(REMIND)))
    someone.feed(an_event("purchase", 0), an_event("purchase", 500))
    someone.engine = changing(REMIND, 'rule s: on purchase send "X"', 100)
    assert kinds(someone.turn(1_000).outcomes) == ["dropped 500"]


def test_no_rules_may_end_before_those_that_they_followed() -> None:
    plan = plan_of(REMIND)
    with pytest.raises(ValueError, match="none may end earlier than the one before it"):
        KeyedEngine(plan, formerly=[Former(plan, 5), Former(plan, 4)])
    KeyedEngine(plan, formerly=[Former(plan, 5), Former(plan, 5)])


@pytest.mark.parametrize(
    ("former", "error"),
    [(Former(plan_of(REMIND), 2**61), ValueError), (Former(plan_of(REMIND), 5, "keep"), ValueError)],  # type: ignore[arg-type]
)
def test_what_is_told_of_former_rules_has_to_make_sense(former: Former, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"outside the years|not 'keep'"):
        KeyedEngine(plan_of(REMIND), formerly=[former])


def test_a_rule_that_has_another_name_now_is_recognised() -> None:
    before, after = 'on purchase after 1h send "X"', 'on session_start send "Y"\non purchase after 1h send "X"'
    someone = Someone(changing(before, after, 100))
    someone.feed(an_event("purchase", 0))
    assert [(o.rule, str(o.kind)) for o in someone.turn(HOUR).outcomes] == [("rules.conn:2", "sent")]


def test_rules_that_come_back_are_told_apart_by_time() -> None:
    """Who was not seen in between has passed through what was in force in between."""
    plans = [plan_of(REMIND), plan_of('rule s: on purchase send "X"'), plan_of(REMIND)]
    alone = Someone(KeyedEngine(plans[0]))
    alone.feed(an_event("purchase", 0))
    engine = KeyedEngine(plans[2], formerly=[Former(plans[0], 100), Former(plans[1], 200)])
    early, late = Someone(engine, alone.state), Someone(engine)
    assert kinds(early.turn(2 * HOUR).outcomes) == ["dropped 100"]
    late.feed(an_event("purchase", 200))
    assert kinds(late.turn(2 * HOUR).outcomes) == [f"sent {200 + HOUR}"]


def test_former_rules_can_be_left_out_when_nobody_waits_by_them_any_more() -> None:
    """Else it is an error, and never a wait by what others said."""
    a, b = plan_of(REMIND), plan_of(REMIND.replace("session_start", 'event "Left"'))
    other, c = plan_of(REMIND.replace("session_start", 'event "Right"')), plan_of(REMIND.replace("1h", "2h"))
    engine = KeyedEngine(b, formerly=[Former(a, 100)])
    pinned, fresh = Someone(engine), Someone(engine)
    pinned.feed(an_event("purchase", 0), an_event("purchase", 150))
    fresh.feed(an_event("purchase", 150))
    for formerly in ([Former(b, 200)], [Former(other, 100), Former(b, 200)]):
        later = KeyedEngine(c, formerly=formerly)
        assert kinds(later.turn("u", fresh.state, 5 * HOUR).outcomes) == [f"sent {150 + HOUR}"]
        with pytest.raises(SnapshotError, match="all that were in force since"):
            later.turn("u", pinned.state, 5 * HOUR)
    whole = KeyedEngine(c, formerly=[Former(a, 100), Former(b, 200)])
    left = an_event("session_start", 300)
    assert kinds(whole.turn("u", pinned.state, 300, left).outcomes) == ["cancelled 300"]


def test_ids_are_remembered_when_rules_change() -> None:
    old, new = plan_of('rule r: on purchase send "X"'), plan_of('rule r: on purchase send "Y"')
    engine = KeyedEngine(new, dedupe=100, formerly=[Former(old, 50)])
    someone, same = Someone(engine), Event(user="u", type="purchase", time=40, id="same")
    outcomes = someone.feed(same, msgspec.structs.replace(same, time=60), msgspec.structs.replace(same, time=160))
    assert [outcome.send for outcome in outcomes] == ["X", "Y"]
    assert engine.repeated == 1


# What it costs


def test_a_user_who_waits_takes_few_bytes() -> None:
    rules = plan_of('rule cart: on received_push of "Abandoned Cart" after 1d unless purchase send "Reminder"')
    trigger = Event(
        user="a-user-of-some-length",
        type="received_push",
        campaign="Abandoned Cart",
        time=1_772_445_600_000,
        id="e" * 36,
    )
    state = KeyedEngine(rules).turn(trigger.user, None, trigger.time, trigger).state
    assert state is not None
    print(f"bytes per waiting user, besides the key: {len(state)}")
    assert len(state) < 200


def test_a_turn_costs_the_same_with_many_rules() -> None:
    text = 'rule r{0}: on received_push of "C{0}" after {0}m unless purchase at most 2 per {0}h send "F"'
    engines = [KeyedEngine(plan_of("\n".join(text.format(n) for n in range(1, many + 1)))) for many in (1, 3_000)]
    rounds = [[_time_of_turns(engine) for engine in engines] for _ in range(7)]
    few, many = map(min, zip(*rounds, strict=True))
    assert many < 2.5 * few


def _time_of_turns(engine: KeyedEngine) -> float:
    gc.collect()
    begin = time.process_time()
    for at in range(300):
        push = Event(user="u", type="received_push", campaign="C1", time=at, id="e")
        state = engine.turn("u", None, at, push).state
        state = engine.turn("u", state, at, Event(user="u", type="purchase", time=at, id="f")).state
    return time.process_time() - begin


def test_an_engine_remembers_nothing_of_the_users_who_had_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even of ever other campaigns, of which each is one of `any`, but for the last ones."""
    for module in (restoring, saving):
        monkeypatch.setattr(module, "_MOST", 100)

    def measure(turns: int) -> int:
        engine = KeyedEngine(plan_of('on received_push of any after 1h unless opened_push send "X"'), dedupe=5)
        with held(__file__) as memory:
            for at in range(turns):
                push = Event(user=f"u{at}", type="received_push", campaign=f"C{at}", time=at, id=f"e{at}")
                state = engine.turn(push.user, None, at, push).state
                assert engine.turn(push.user, state, at + HOUR).outcomes
            memory.look()
        return memory.most

    assert not grows(measure, 1_550, 4_050)


def test_what_is_told_are_the_kinds_that_are_wanted() -> None:
    engine = KeyedEngine(plan_of(REMIND), kinds={Kind.SENT})
    someone = Someone(engine)
    assert someone.feed(an_event("purchase", 0), an_event("purchase", 1), an_event("session_start", 2)) == []
    someone.feed(an_event("purchase", 3))
    assert kinds(someone.turn(3 + HOUR, ends=True).outcomes) == [f"sent {3 + HOUR}"]


def test_what_a_turn_gives_can_travel() -> None:
    turn = KeyedEngine(plan_of(REMIND)).turn("u", None, 0, an_event("purchase", 0))
    assert pickle.loads(pickle.dumps(turn)) == turn


# What is no turn


@pytest.mark.parametrize("now", [1.5, None, True, 10**30, float("inf"), "0"])
def test_a_turn_is_taken_at_an_instant(now: Any) -> None:
    engine = KeyedEngine(plan_of("on purchase after 1d send X"))
    with pytest.raises((TypeError, ValueError), match="time"):
        engine.turn("u", None, now, an_event("purchase", 0))


@pytest.mark.parametrize("user", [None, 5, b"u", "", "\ud800"])
def test_a_turn_is_that_of_a_user(user: Any) -> None:
    engine = KeyedEngine(plan_of("on purchase after 1d send X"))
    state = engine.turn("u", None, 0, an_event("purchase", 0)).state
    with pytest.raises((TypeError, ValueError), match="user"):
        engine.turn(user, state, DAY)


@pytest.mark.parametrize("known_as", [7, "", None])
def test_an_event_is_known_as_a_text(known_as: Any) -> None:
    engine = KeyedEngine(plan_of("on purchase after 1d send X"))
    with pytest.raises((TypeError, ValueError), match="known_as"):
        engine.turn("u", None, 0, Event(user="u", type="purchase", time=0), known_as=known_as)


def test_what_is_no_event_or_no_former_rules_is_told() -> None:
    no_event: Any = {"user": "u"}
    rules: Any = plan_of("on purchase after 1d send X")
    with pytest.raises(TypeError, match=r"connrules\.Event"):
        KeyedEngine(rules).turn("u", None, 0, no_event)
    wrong: list[Any] = [Former(rules, 5), [rules], [(rules, 5, "pin")]]
    for formerly in wrong:
        with pytest.raises(TypeError, match=r"connrules\.Former"):
            KeyedEngine(rules, formerly=formerly)


@pytest.mark.parametrize("ago", [1, DAY])
def test_an_event_older_than_the_instant_of_a_turn_is_late_though_nothing_is_known(ago: int) -> None:
    engine = KeyedEngine(plan_of("on purchase after 1d send X"))
    turn = engine.turn("u", None, 2 * DAY, an_event("purchase", 2 * DAY - ago))
    assert (turn.is_late, turn.state, turn.outcomes) == (True, None, [])
    assert not engine.turn("u", None, 2 * DAY, an_event("purchase", 2 * DAY)).is_late


def test_a_state_that_is_json_but_damaged_is_told() -> None:
    engine = KeyedEngine(plan_of('on received_push of "A" after 1d send X'))
    state = engine.turn("u", None, 0, an_event("received_push", 0, campaign="A")).state
    assert state is not None
    for damaged in (state.replace(b'"campaign"', b'"bampaign"'), state.replace(b"86400000", b'"x"')):
        assert damaged != state
        with pytest.raises(SnapshotError):
            engine.turn("u", damaged, DAY)
