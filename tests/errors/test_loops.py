"""A loop at one instant is refused exactly where sends would go on for ever: held against letting them."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from connrules.check import check
from connrules.syntax.parser import parse
from connrules.text import SourceText

RULES = range(4)
MORE_THAN_WITHOUT_A_LOOP = 2 ** len(RULES)
ENDS = {"once": 1, "at most 2 per 1ms": 2, "after 1ms": 0, "next monday at 00:00": 0, "in 1 day at 00:00": 0}
"""Clauses with which a rule sends so often at one instant, and no more."""
LIVES = {"from 2026-03-02": {1}, "until 2026-03-02": {0}}
"""Clauses with which a rule lives on one of two days only."""
OTHERS = ("", "", "", "after 0s", "in 0 days at 00:00", "hold out 10%", "if user.a = 1", "unless session_start")

CLAUSES = st.lists(st.sampled_from(["", *ENDS, *LIVES, *OTHERS]), min_size=len(RULES), max_size=len(RULES))
TRIGGERS = st.lists(st.sets(st.sampled_from(RULES), max_size=2), min_size=len(RULES), max_size=len(RULES))


@given(CLAUSES, TRIGGERS)
def test_against_letting_them(clauses: list[str], triggers: list[set[int]]) -> None:
    def goes_on(first: int, day: int) -> bool:
        sends = [0 for _ in RULES]
        due = deque([first])
        while due and sum(sends) <= MORE_THAN_WITHOUT_A_LOOP:
            rule = due.popleft()
            lives = day in LIVES.get(clauses[rule], {0, 1})
            if lives and sends[rule] < ENDS.get(clauses[rule], MORE_THAN_WITHOUT_A_LOOP + 1):
                sends[rule] += 1
                due.extend(other for other in RULES if rule in triggers[other])
        return bool(due)

    lines = [
        f"rule r{rule}: on purchase {' '.join(f'or sent r{other}' for other in sorted(triggers[rule]))} "
        f"{clauses[rule]} send C{rule}"
        for rule in RULES
    ]
    found = check([parse(SourceText("t.conn", "\n".join(lines)))]).diagnostics
    refused = any("at the same instant" in finding.message for finding in found if finding.code in {"CR501", "CR503"})
    assert refused is any(goes_on(first, day) for first in RULES for day in (0, 1))
