"""A state as one JSON document; docs/migrate.md lists its keys."""

import json
from typing import Any, Final

from connrules.cli.standing.state import State, Waiting
from connrules.duration import format_instant
from connrules.run.saving import SavedUser, SavedWait

JSON_VERSION: Final = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""


def render_document(state: State, user: str | None) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it. Instants are ISO 8601 in UTC."""
    log = state.position.log if state.position else None
    document: dict[str, Any] = {
        "version": JSON_VERSION,
        "state": str(state.path),
        "size": state.size,
        "decided_up_to": _instant(state.core.watermark),
        "newest_event": _instant(state.core.greatest),
        "users": state.users,
        "held_back": len(state.note.buffered),
        "remembered_ids": len(state.note.seen),
        "position": log and {"log": log.log or None, "lines": log.lines, "bytes": log.offset},
        "undelivered": state.undelivered,
        "rules": [_rule(waiting) for waiting in state.rules.values()],
    }
    if user is not None:
        document["user"] = {"user": user, **_user(state.user or SavedUser())}
    return json.dumps(document, indent=2)


def _rule(waiting: Waiting) -> dict[str, Any]:
    return {
        "rule": waiting.rule,
        "waits": waiting.waits,
        "users": waiting.users,
        "pinned": waiting.pinned,
        "next_due": _instant(waiting.next_due),
        "last_due": _instant(waiting.last_due),
    }


def _user(user: SavedUser) -> dict[str, Any]:
    return {
        "waits": [_wait(wait) for wait in user.waits],
        "goals": [
            {"rule": goal.rule, "since": _instant(goal.since), "trigger": goal.trigger, "send": goal.send}
            for goal in user.goals
        ],
        "sends": {rule: [_instant(at) for at in instants] for rule, instants in user.sends.items()},
        "attributes": user.attributes,
    }


def _wait(wait: SavedWait) -> dict[str, Any]:
    source = wait.source
    return {
        "rule": source.rule,
        "trigger": wait.trigger,
        "since": _instant(wait.since),
        "due": _instant(wait.since + source.lasts),
        "per": source.per,
        "pinned": bool(source.version),
    }


def _instant(instant: int | None) -> str | int | None:
    return None if instant is None else format_instant(instant)
