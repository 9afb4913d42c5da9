"""The event that somebody meant who wrote a word that is none. It never changes the channel that the word speaks of."""

from collections.abc import Iterable
from difflib import get_close_matches

from connrules.check.patterns import WORDS
from connrules.vocabulary import CHANNELS, INTERACTIONS, ObjectKind

_SPEAKS_OF = {**{channel: channel for channel in CHANNELS}, "card": "card", "mail": "email", "inapp": "in_app"}
_CLOSE = 0.8
"""How much of a word must be right; `bounced` and `opened` have 0.6 in common."""
_INSTEAD = {
    "received": ("viewed",),
    "delivered": ("received", "viewed"),
    "viewed": ("opened",),
    "seen": ("viewed", "opened"),
    "read": ("opened",),
    "tapped": ("clicked",),
}
"""Verbs of other tools, with those that mean the same where a channel has them."""


def event_meant(word: str) -> str | None:
    """The one event that the word is closest to; None where none is close."""
    channel = _channel_of(word)
    if channel is None:
        return _closest(word, WORDS) or _shuffled_like(word)
    of_channel = {_verb(other, channel): other for other in events_of(channel)}
    verb = _verb(word, channel)
    starting = [other for known, other in of_channel.items() if known.startswith(f"{verb}_")]
    instead = [of_channel[known] for known in _INSTEAD.get(verb, ()) if known in of_channel]
    found = of_channel.get(verb) or {_shuffled(known): other for known, other in of_channel.items()}.get(
        _shuffled(verb)
    )
    if found is not None:
        return found
    near = _closest(verb, [known for known in of_channel if known[0] == verb[:1]])
    return next(iter([*starting[:1], *instead[:1], *([of_channel[near]] if near else [])]), None)


def events_of(channel: str) -> list[str]:
    """The interactions of a channel, or those with cards."""
    return [
        row.word
        for row in INTERACTIONS.values()
        if row.channel == channel or (channel == "card" and row.object is ObjectKind.CARD)
    ]


def channel_events(word: str) -> list[str]:
    """The interactions of the channel that a word speaks of; none where it speaks of none."""
    channel = _channel_of(word)
    return [] if channel is None else events_of(channel)


def _channel_of(word: str) -> str | None:
    text = f"_{word.casefold().replace('e_mail', 'email')}_"
    return next((channel for name, channel in _SPEAKS_OF.items() if f"_{name}_" in text), None)


def _verb(word: str, channel: str) -> str:
    """A word without its channel: `clicked_in_app_button` is `clicked_button`."""
    text = f"_{word.casefold().replace('e_mail', 'email')}_"
    for name in (name for name, of in _SPEAKS_OF.items() if of == channel):
        text = text.replace(f"_{name}_", "_", 1)
    return text.strip("_")


def _closest(word: str, words: Iterable[str]) -> str | None:
    near = get_close_matches(word.casefold(), words, n=1, cutoff=_CLOSE)
    return near[0] if near else None


def _shuffled(word: str) -> str:
    """A word with its parts in a fixed order: people write `push_opened` as readily as `opened_push`."""
    return "_".join(sorted(word.casefold().split("_")))


def _shuffled_like(word: str) -> str | None:
    by_shuffled = {_shuffled(known): known for known in WORDS}
    near = get_close_matches(_shuffled(word), by_shuffled, n=1, cutoff=_CLOSE)
    return by_shuffled[near[0]] if near else None
