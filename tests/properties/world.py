"""The small world of the random tests: few names, and instants on a grid, so that they collide often.

Times lie on a grid of half hours, as delays and windows do, and now and then a millisecond beside it. The world begins
on 28 October 2006 at 13:30 UTC, when three clocks were changed within the hour that begins at 15:00: in Magadan an hour
back, on Lord Howe Island half an hour on, in Sydney an hour on.
"""

from functools import cache

from hypothesis import strategies as st

from connrules.duration import parse_instant
from connrules.vocabulary import CHANNELS, INTERACTIONS

START = parse_instant("2006-10-28T13:30:00Z")
GRID = 1_800_000
"""Half an hour, in milliseconds."""
STEPS = 12
"""How many steps of the grid a history takes."""
OFFSETS = (0, 0, 0, 0, -1, 1)
"""How far beside the grid an instant lies, in milliseconds."""

CAMPAIGNS = ("A", "B", "No\u00ebl", "X")
CARDS = ("A", "K")
CUSTOM_EVENTS = ("Joined", "Left")
TWINS = [{"name": "Twin", "id": f"t-{n}", "channels": CHANNELS} for n in (1, 2)]
"""Campaigns of one name: it means neither."""
CAMPAIGN_WORDS = ("received_push", "received_push", "opened_push", "opened_push", "entered_control")
CARD_WORDS = ("viewed_card", "clicked_card")
OBJECT_KINDS = {word: INTERACTIONS[word].object for word in (*CAMPAIGN_WORDS, *CARD_WORDS)}

USERS = ("u1", "u2", "u3")
ZONES = ("Australia/Sydney", "Asia/Magadan", "Australia/Lord_Howe", "UTC")
CLOCKS = ("00:30", "02:00", "02:15", "02:30", "03:00", "05:00", "15:00", "17:30")


@cache
def instants() -> st.SearchStrategy[int]:
    """Instants (epoch ms) on the grid, and now and then a millisecond beside it."""
    return st.builds(lambda step, offset: START + step * GRID + offset, st.integers(0, STEPS), st.sampled_from(OFFSETS))
