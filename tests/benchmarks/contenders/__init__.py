"""Other ways to do what one rule does, each written as somebody would who knows the tool.

    rule cart_reminder: on received_push of "Cart 00000" after 1d unless purchase send "Cart Reminder"

All give decisions: `(user, at, trigger, triggered_at)`, in the order of the rule set's own decisions.
"""

from typing import Final

DAY: Final = 86_400_000
Decision = tuple[str, int, str, int]
"""User, instant of the send (epoch ms), id and time of the event that started the wait."""
