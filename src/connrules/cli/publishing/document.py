"""The order of publishing as one JSON document."""

import json
from typing import Any

from connrules.check.publishing import Key, Loss, Pair, Publication, Standing, least_harmful
from connrules.check.publishing.order import source_key
from connrules.check.publishing.times import BEGINNING, length
from connrules.cli.publishing.shown import Publishing
from connrules.duration import format_instant

JSON_VERSION = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""


def render_document(publishing: Publishing) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it."""
    order = publishing.order
    document = {
        "version": JSON_VERSION,
        "as_of": format_instant(order.as_of),
        "catalog": publishing.has_catalog,
        "steps": [[_publication(p) for p in step] for step in order.steps],
        "live": [_publication(p) for p in order.standing(Standing.LIVE)],
        "over": [_publication(p) for p in order.standing(Standing.OVER)],
        "cycles": [_cycle(cycle, publishing) for cycle in order.cycles],
        "losses": [_loss(loss) for loss in publishing.losses],
    }
    return json.dumps(document, indent=2)


def _publication(publication: Publication) -> dict[str, Any]:
    due = publication.due
    return {
        **_named(publication.key),
        "standing": publication.standing.value,
        "published_at": _instant(publication.published_at),
        "cycle": publication.cycle or None,
        "due": due and {"at": _instant(due.at), **_pair(due.pair)},
        "before": [{**_named(source_key(pair)), "rule": pair.rule.name} for pair in publication.before],
    }


def _cycle(cycle: tuple[Pair, ...], publishing: Publishing) -> dict[str, Any]:
    detour = least_harmful(cycle, publishing.pairs)
    return {
        "pairs": [_pair(pair) for pair in cycle],
        "at_one_instant": publishing.order.is_at_one_instant(cycle),
        "least_harmful": detour and [_named(key) for key in detour.publish],
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        **_pair(loss.pair),
        "words": list(loss.pair.words),
        "for_good": loss.pair.is_final,
        "from": _instant(loss.missed[0][0]),
        "until": _instant(loss.missed[-1][1] if loss.ends else None),
        "lost_ms": length(loss.so_far),
        "to_come_ms": length(loss.to_come) if loss.ends else None,
        "of_ms": length(loss.lived),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {"rule": pair.rule.name, "source": _named(source_key(pair)), "follow_on": pair.target.name}


def _named(key: Key) -> dict[str, str]:
    return {"kind": key[0].value, "name": key[1]}


def _instant(at: int | None) -> str | int | None:
    return None if at is None or at == BEGINNING else format_instant(at)
