"""How often a property is tried: one whose examples take long, half as often as the profile says."""

from typing import Final

from hypothesis import settings

HALF: Final = settings(max_examples=settings().max_examples // 2)
