"""The difference between two rule sets as one JSON document; docs/diff.md lists its keys."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from connrules.cli.differing.shown import Edited, Group, RuleShown, Shown
from connrules.connectors.jsonl import encode_outcome
from connrules.duration import format_instant
from connrules.event import Outcome
from connrules.replay.diff import Change, Difference

JSON_VERSION: Final = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""


def render_document(shown: Shown, *, users: int | None) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it."""
    diff = shown.diff
    document = {
        "version": JSON_VERSION,
        "old": shown.old,
        "new": shown.new,
        "events": shown.events,
        "until": None if shown.until is None else format_instant(shown.until),
        "differs": shown.differs,
        "sends": {"before": diff.before.total(), "after": diff.after.total()},
        "differences": {each.value: _counts(shown.totals.get(each, Group())) for each in Difference},
        "rules": [_rule(rule, users) for rule in shown.rules],
        "besides": {**_edited(shown.besides), "catalog": list(shown.catalog)},
    }
    return json.dumps(document, indent=2)


def _rule(rule: RuleShown, users: int | None) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "was": rule.was,
        "edit": rule.edit.value,
        "clauses": _edited(rule.clauses),
        "sends": {"before": rule.before, "after": rule.after},
        "sent_by_another_rule": rule.given_up,
        "differences": {each.value: _group(group, users) for each, group in rule.in_order},
    }


def _edited(edited: Edited) -> dict[str, Any]:
    return {"removed": list(edited.removed), "added": list(edited.added)}


def _counts(group: Group) -> dict[str, Any]:
    return {"users": group.users, "sends": group.sends}


def _group(group: Group, users: int | None) -> dict[str, Any]:
    examples = [dict(_example(change)) for change in group.examples(users)]
    return {**_counts(group), "instead": _instead(group), "examples": examples}


def _instead(group: Group) -> list[dict[str, Any]]:
    """What became of the triggers on the side that does not send, the most frequent first; null: they are none."""
    found = Counter(
        (each.kind.value, each.reason and each.reason.value, each.pattern) if each else (None, None, None)
        for each in (change.instead for change in group.changes if change.old is None or change.new is None)
    )
    keys = ("outcome", "reason", "pattern")
    return [dict(zip(keys, what, strict=True)) | {"sends": count} for what, count in found.most_common()]


def _example(change: Change) -> Iterator[tuple[str, Any]]:
    yield "user", change.send.user
    for key in ("old", "new", "instead"):
        outcome: Outcome | None = getattr(change, key)
        yield key, None if outcome is None else json.loads(encode_outcome(outcome))
