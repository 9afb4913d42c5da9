"""What the checker says would happen is what happens: rehearsals against the engine, on random rules and histories."""

import msgspec
from hypothesis import assume, given
from tests.properties.catalogs import catalogs
from tests.properties.histories import histories, in_order
from tests.properties.rule_sets import rule_sets

from connrules.catalog import Catalog
from connrules.check import check
from connrules.check.together.rehearsal import Rehearsal
from connrules.compile import compile_rules
from connrules.event import Event, Kind, Outcome
from connrules.run.engine import Engine
from connrules.syntax.parser import parse
from connrules.text import SourceText, nfc

FAR = 10**14
NAMES = {"A", "B", "X", "K", "No\u00ebl", "Joined", "Left", None}
"""Those that a test in the language would use: no ids, no other spellings."""


def told(outcome: Outcome) -> tuple[object, ...]:
    parts = (outcome.kind, outcome.rule, outcome.at, outcome.triggered_at, outcome.send, outcome.reason)
    return (*parts, msgspec.json.encode(outcome.per))


def plain(event: Event) -> bool:
    return event.user == "u1" and {event.campaign, event.card, event.name} <= NAMES


@given(rule_sets(), catalogs(), histories())
def test_a_rehearsal_tells_what_the_engine_does(rules: str, catalog: Catalog | None, history: list[Event]) -> None:
    checked = check([parse(SourceText("rules.conn", rules))], catalog)
    assume(not checked.errors)
    events = [
        msgspec.structs.replace(e, properties=_in_nfc(e.properties)) for e in in_order([e for e in history if plain(e)])
    ]
    assume(events)
    rehearsed = Rehearsal(checked.rules, checked.segments, checked.policy, catalog).play(events)
    assume(rehearsed is not None)
    engine = Engine(compile_rules(checked))
    happened = [outcome for event in events for outcome in (*engine.advance_to(event.time), *engine.feed(event))]
    happened += engine.finish(FAR)
    assert rehearsed is not None
    assert [told(o) for o in rehearsed] == [told(o) for o in happened if o.kind is not Kind.GOAL]


def _in_nfc(properties: object) -> dict[str, object] | None:
    """Names of properties as the syntax tree has them."""
    return {nfc(name): value for name, value in properties.items()} if isinstance(properties, dict) else None
