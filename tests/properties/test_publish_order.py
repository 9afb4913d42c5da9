"""The order of publishing on random rule sets: it keeps what every rule asks for, and what it calls silent is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import assume, event, given, target
from hypothesis import strategies as st

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.check.publishing import Key, Pair, PublishOrder, Standing, entries_of, pairs_of, publish_order
from connrules.check.publishing.order import source_key, target_key
from connrules.duration import format_instant, parse_instant
from connrules.event import Event, Kind

AS_OF = parse_instant("2026-04-01")
DAY = 86_400_000
NAMES = "ABCDEF"
DATES = st.integers(-3, 3).map(lambda days: AS_OF + days * DAY)
COMING = (Standing.PLANNED, Standing.UNDATED)

# The order


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, dict[str, dict[str, Any]]]:
    """Rules that join campaigns, and the campaigns: live, planned, or drafts."""
    campaigns: dict[str, dict[str, Any]] = {}
    for name in NAMES:
        date = draw(st.none() | DATES)
        campaigns[name] = {"status": "draft"} if date is None else {"published_at": date}
    ends = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
    rules = []
    for number, (source, sent) in enumerate(draw(st.lists(ends, min_size=1, max_size=8, unique=True))):
        start = draw(st.sampled_from(["", "", "", "from 2026-04-03 "]))
        rules.append(f"rule r{number}: on received_push of {source} after 1d {start}once send {sent}")
    return "\n".join(rules), campaigns


def catalog_of(campaigns: dict[str, dict[str, Any]]) -> Catalog:
    return Catalog.model_validate({"campaigns": [{"name": n, "channels": ["push"], **c} for n, c in campaigns.items()]})


def pairs_in(checked: Checked) -> list[Pair]:
    assert checked.catalog is not None
    by_name = {rule.name: rule for rule in checked.rules}
    return [p for each in pairs_of(checked.rules, by_name, entries_of(checked.catalog)) for p in each.pairs]


def order_of(text: str, campaigns: dict[str, dict[str, Any]]) -> tuple[PublishOrder, list[Pair]]:
    pairs = pairs_in(connrules.loads(text, catalog=catalog_of(campaigns)))
    return publish_order(pairs, AS_OF), pairs


def constraints(order: PublishOrder, pairs: Sequence[Pair]) -> set[tuple[Key, Key]]:
    """Source and follow-on of every pair that leaves no other time than before the source."""
    return {
        (source_key(p), target_key(p))
        for p in pairs
        if p.rule.node.from_ is None
        and not p.is_to_itself
        and all(order.publications[key].standing in COMING for key in (source_key(p), target_key(p)))
    }


def reachable(start: Key, edges: set[tuple[Key, Key]]) -> set[Key]:
    found: set[Key] = set()
    new = {start}
    while new:
        new = {b for a, b in edges if a in new} - found
        found |= new
    return found


@given(worlds())
def test_a_follow_on_comes_before_its_source_unless_they_are_in_a_cycle(
    world: tuple[str, dict[str, dict[str, Any]]],
) -> None:
    order, pairs = order_of(*world)
    edges = constraints(order, pairs)
    target(float(len(edges)))
    for source, sent in edges:
        first, then = order.publications[sent], order.publications[source]
        if first.cycle and first.cycle == then.cycle:
            assert first.step == then.step
        else:
            assert 0 < first.step < then.step
    event(f"cycles: {len(order.cycles)}")


@given(worlds())
def test_a_cycle_is_one(world: tuple[str, dict[str, dict[str, Any]]]) -> None:
    text, campaigns = world
    order, pairs = order_of("\n".join(line.replace("from 2026-04-03 ", "") for line in text.splitlines()), campaigns)
    edges = constraints(order, pairs)
    for key, publication in order.publications.items():
        assert (publication.cycle != 0) is (key in reachable(key, edges))
    for cycle in order.cycles:
        assert all(
            target_key(one) == source_key(other) for one, other in zip(cycle, (*cycle[1:], cycle[0]), strict=True)
        )


@given(worlds())
def test_who_keeps_the_order_has_no_more_to_be_told(world: tuple[str, dict[str, dict[str, Any]]]) -> None:
    text, campaigns = world
    order, pairs = order_of(text, campaigns)
    assume(all(pair.rule.node.from_ is None for pair in pairs))
    dated = dict(campaigns)
    for (_, name), publication in order.publications.items():
        if publication.step:
            dated[name] = {"published_at": AS_OF + publication.step * DAY}
    found = connrules.loads(text, catalog=catalog_of(dated), as_of=AS_OF).diagnostics
    assert {f.code for f in found} & {"CR402", "CR405", "CR407"} == set()


@given(worlds())
def test_the_latest_date_is_that_of_the_first_source_that_waits(world: tuple[str, dict[str, dict[str, Any]]]) -> None:
    text, campaigns = world
    order, pairs = order_of(text, campaigns)
    assume(not order.cycles and all(pair.rule.node.from_ is None for pair in pairs))
    latest: dict[Key, int] = {}
    for _ in NAMES:
        for pair in (p for p in pairs if not p.is_to_itself):
            source = order.publications[source_key(pair)]
            if order.publications[target_key(pair)].standing in COMING:
                asked = [at for at in (source.published_at, latest.get(source.key)) if at is not None]
                known = latest.get(target_key(pair))
                instants = [*asked, *([] if known is None else [known])]
                latest.update({target_key(pair): min(instants)} if instants else {})
    assert {key: p.due.at for key, p in order.publications.items() if p.due} == latest


# The findings, at every instant

LAST = 12
CUTS = st.lists(st.integers(0, LAST), min_size=2, max_size=4, unique=True).map(sorted)
LIFETIMES = CUTS.map(lambda cuts: [[cuts[i], cuts[i + 1]] for i in range(0, len(cuts) - 1, 2)])

SHORT = st.tuples(st.integers(0, LAST - 6), st.integers(1, 6)).map(lambda part: [[part[0], part[0] + part[1]]])


def alive(name: str, lifetime: list[list[int]]) -> dict[str, Any]:
    return {"name": name, "channels": ["push"], "active": [[format_instant(ms) for ms in part] for part in lifetime]}


@given(LIFETIMES, LIFETIMES, st.none() | st.integers(0, LAST), st.none() | st.integers(0, LAST))
def test_what_is_missed_is_found_exactly_where_it_is(
    source: list[list[int]], sent: list[list[int]], start: int | None, end: int | None
) -> None:
    catalog = Catalog.model_validate({"campaigns": [alive("A", source), alive("B", sent)]})
    a, b = catalog.campaigns
    clauses = "" if start is None else f"from {format_instant(start)} "
    clauses += "" if end is None else f"until {format_instant(end)} "
    text = f"rule r: on received_push of A {clauses}send B".replace(":00Z", ":00.000Z")
    codes = [f.code for f in connrules.loads(text, catalog=catalog).diagnostics]
    assume("CR307" not in codes)
    lived = [t for t in range(LAST) if a.active_at(t) and (start is None or start <= t) and (end is None or t < end)]
    first = min(t for t in range(LAST) if b.active_at(t))
    last = max(t for t in range(LAST) if b.active_at(t))
    expected = []
    if not any(a.active_at(t) and b.active_at(t) for t in range(LAST)):
        expected = ["CR403"]
    elif any(t < first for t in lived):
        expected = ["CR401"]
    if expected != ["CR403"] and any(t > last for t in lived):
        expected += ["CR404"]
    assert codes == expected


# What never sends

_TRIGGERS = ("received_push of A", "received_push of A", "received_push of B", "purchase")
_CHAINED = ("sent r{}", "sent r{}", "sent r{}", "cancelled r{}", "received_push of B")


@st.composite
def chains(draw: st.DrawFn) -> str:
    """Rules of which one waits for what another does."""
    rules = []
    for number in range(draw(st.integers(1, 3))):
        count = draw(st.sampled_from([1, 1, 1, 2]))
        of = st.sampled_from(_CHAINED if number else _TRIGGERS)
        triggers = draw(st.lists(of, min_size=count, max_size=count))
        trigger = " or ".join(dict.fromkeys(t.format(draw(st.integers(0, max(0, number - 1)))) for t in triggers))
        delay = draw(st.sampled_from(["", "after 1ms", "after 3ms", "after 3ms restarting"]))
        clauses = [f"rule r{number}: on {trigger}", delay, "unless session_start" if delay else ""]
        clauses.append(draw(st.sampled_from(["", "", "between 00:00 and 12:00"])))
        clauses.append(draw(st.sampled_from(["send C", "send C", "send B", "send B", "send one of 50% B, 50% C"])))
        rules.append(" ".join(clauses))
    return "\n".join(rules)


def every_history() -> list[Event]:
    """For every two instants a user who does everything at the first, and cancels at the second."""
    kinds = [("received_push", "A"), ("received_push", "B"), ("purchase", None)]
    happened = [
        Event(user=f"{t}-{then}-{kind}-{name}", type=kind, campaign=name, time=t)
        for t in range(LAST)
        for then in range(t + 1, LAST + 3)
        for kind, name in kinds
    ]
    ends = [Event(user=e.user, type="session_start", time=int(e.user.split("-")[1])) for e in happened]
    return sorted([*happened, *ends], key=lambda e: e.time)


HISTORY = every_history()


@given(chains(), SHORT, SHORT, SHORT)
def test_a_rule_that_is_never_active_together_with_its_sources_never_sends(
    text: str, a: list[list[int]], b: list[list[int]], c: list[list[int]]
) -> None:
    campaigns = [alive(name, lifetime) for name, lifetime in zip("ABC", (a, b, c), strict=True)]
    checked = connrules.loads(text, catalog=Catalog.model_validate({"campaigns": campaigns}))
    silent = {f.silent_rule for f in checked.diagnostics if f.code == "CR403" and f.silent_rule}
    others = {f.code for f in checked.errors} - {"CR403", "CR307", "CR507", "CR506"}
    assume(not others)
    event(f"silent: {len(silent)}")
    engine = connrules.Engine(connrules.compile_rules(replace(checked, diagnostics=())))
    outcomes = engine.feed_many(HISTORY) + engine.finish(DAY)
    assert {outcome.rule for outcome in outcomes if outcome.kind is Kind.SENT} & silent == set()
