"""Why a user did or did not get messages: a story for each rule, as data.

`log` picks the user's events out of a log, `past` replays them, `case` is one trigger with all that explains it,
`verdict` says which clause decided, `mismatch` what only looked like a trigger or an exception, `near` what nearly
happened; `tell` puts them together into the nouns of `story`. What became of events is never worked out anew: the
reference interpreter says it, and says too what would have become of them, had one come at another time.
"""

from connrules.explain.log import Log
from connrules.explain.story import Explanation
from connrules.explain.tell import explain

__all__ = ["Explanation", "Log", "explain"]
