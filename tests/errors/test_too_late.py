"""CR307 is found exactly where no instant can start a wait that ends in a send: tried at every instant there is."""

from hypothesis import given
from hypothesis import strategies as st

from connrules.catalog import Campaign, Catalog
from connrules.check import check
from connrules.duration import format_instant
from connrules.syntax.parser import parse
from connrules.text import SourceText

LAST = 12
CUTS = st.lists(st.integers(0, LAST), min_size=2, max_size=4, unique=True).map(sorted)
LIFETIMES = CUTS.map(lambda cuts: [[cuts[i], cuts[i + 1]] for i in range(0, len(cuts) - 1, 2)])
ENDS = st.none() | st.integers(0, LAST)


def campaign(name: str, lifetime: list[list[int]]) -> Campaign:
    return Campaign.model_validate({"name": name, "active": [[format_instant(ms) for ms in part] for part in lifetime]})


@given(st.none() | LIFETIMES, LIFETIMES, st.integers(0, LAST), ENDS, ENDS)
def test_at_every_instant(
    source: list[list[int]] | None, target: list[list[int]], delay: int, start: int | None, end: int | None
) -> None:
    a, b = campaign("A", source or [[0, LAST]]), campaign("B", target)
    clauses = [f"after {delay}ms" if delay else "", "" if start is None else f"from {format_instant(start)}"]
    clauses.append("" if end is None else f"until {format_instant(end)}")
    trigger = "purchase" if source is None else "received_push of A"
    text = f"on {trigger} {' '.join(clauses)} send B".replace(":00Z", ":00.000Z")
    checked = check([parse(SourceText("t.conn", text))], Catalog(campaigns=(a, b)))

    def live(t: int) -> bool:
        return (start is None or start <= t) and (end is None or t < end)

    def can_count(t: int) -> bool:
        return (source is None or a.active_at(t)) and b.active_at(t)

    def sends(t: int) -> bool:
        return can_count(t) and live(t) and b.active_at(t + delay) and (end is None or t + delay < end)

    instants = range(LAST + 1)
    never_together = not any(map(can_count, instants))
    never_live = start is not None and end is not None and start + delay >= end
    expected = never_live or not (never_together or any(map(sends, instants)))
    assert ("CR307" in {finding.code for finding in checked.diagnostics}) is expected


def test_a_rule_that_outlasts_itself_needs_no_catalog() -> None:
    def codes(delay: str) -> list[str]:
        text = f"on purchase after {delay} from 2026-03-01 until 2026-03-03 send B"
        return [finding.code for finding in check([parse(SourceText("t.conn", text))]).diagnostics]

    assert codes("2d") == ["CR307"]
    assert codes("1d23h59m59s999ms") == []
