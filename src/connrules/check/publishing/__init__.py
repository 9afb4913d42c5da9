"""The order in which campaigns and cards are published: which follow-on waits for which source, and what is lost.

    rules, catalog --pairs--> each source with each follow-on --overlaps--> what of it counts for nothing
                                                              --order--> steps in which to publish what is still to come
                                                              --losses--> what each wrong order loses

Interactions that happen before the follow-on is active never count, so a follow-on is published before its source. The
checker's findings and `connrules plan` both come from here.
"""

from connrules.check.publishing.losses import Detour, Loss, least_harmful, losses_of
from connrules.check.publishing.order import Due, Key, Publication, PublishOrder, Standing, publish_order
from connrules.check.publishing.overlaps import Overlap, overlap_of
from connrules.check.publishing.pairs import Entries, Pair, RulePairs, entries_of, pairs_of

__all__ = [
    "Detour",
    "Due",
    "Entries",
    "Key",
    "Loss",
    "Overlap",
    "Pair",
    "Publication",
    "PublishOrder",
    "RulePairs",
    "Standing",
    "entries_of",
    "least_harmful",
    "losses_of",
    "overlap_of",
    "pairs_of",
    "publish_order",
]
