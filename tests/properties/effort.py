"""How often a property is tried: one whose examples take long, less often than the profile says."""

from typing import Final

from hypothesis import settings

HALF: Final = settings(max_examples=settings().max_examples // 2)
FIFTH: Final = settings(max_examples=settings().max_examples // 5)
"""For those whose examples take very long, or of which each tells much."""
