"""Plain rules, and events that are handed over in every way, also in lists with late ones and over much time.

Most sends of plain rules are fired in runs, and their events taken in batches; here, both come between one another.
"""

from typing import Final

from hypothesis import strategies as st
from tests.properties.world import GRID, START, USERS

import connrules
from connrules.event import Event

Handed = tuple[str, list[Event]]
"""Events, and how they are handed over; `time`: not they, time moves on to the first."""

_RULES: Final = (
    'rule plain: on purchase after 1h unless session_start send "T"',
    'rule later: on received_push of "A" after 2h send "T"',
    'rule goal: on opened_push of "A" after 30m convert on session_start within 1h send "T"',
    'rule few: on received_push of "B" after 1h at most 2 per 2h send "T"',
)
_CHAIN: Final = 'rule chain: on sent plain after 1h send "T"'
_TYPES: Final = (
    ("purchase", None),
    ("session_start", None),
    *((f"{w}_push", n) for w in ("received", "opened") for n in "AB"),
)
_EVENTS: Final = st.tuples(
    st.sampled_from(USERS),
    st.sampled_from(_TYPES),
    st.sampled_from([None, None, "twice"]),
    st.sampled_from([-GRID, -1, 0, 0, GRID, 4 * GRID]),
)
_WAYS: Final = st.sampled_from(["list", "list", "generator", "one by one", "time"])


def plain_rules() -> st.SearchStrategy[connrules.Checked]:
    """Some plain rules and some that are not, with or without one that follows another."""
    texts = st.tuples(st.sets(st.sampled_from(_RULES), min_size=1), st.sampled_from([(), (_RULES[0], _CHAIN)]))
    return texts.map(lambda drawn: connrules.loads("\n".join(sorted({*drawn[0], *drawn[1]}))))


@st.composite
def turmoil(draw: st.DrawFn) -> list[Handed]:
    """Events and how they are handed over. Time moves on in long steps, within a list, too, and some come late."""
    calls, now = [], START
    for way, drawn in draw(st.lists(st.tuples(_WAYS, st.lists(_EVENTS, min_size=1, max_size=6)), max_size=8)):
        events = []
        for user, (type_, campaign), id_, step in drawn:
            events.append(Event(user=user, type=type_, campaign=campaign, time=now + step, id=id_))
            now = max(now, now + step)
        calls.append((way, events))
    return calls
