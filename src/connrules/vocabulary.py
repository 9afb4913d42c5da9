"""The words of the field: interactions, kinds of event, channels. Adding an interaction adds a row here, nothing else.

Source: Braze's Campaign Connector documentation ("Interact with campaign", "Interact with card").
"""

from enum import StrEnum
from typing import Final, NamedTuple


class ObjectKind(StrEnum):
    """What an event, and so a pattern, may name."""

    __hash__ = str.__hash__  # an enum's own takes several times as long

    CAMPAIGN = "campaign"
    CARD = "card"
    EVENT = "event"


class Interaction(NamedTuple):
    """One way in which a user meets a campaign or card."""

    word: str
    meaning: str
    object: ObjectKind
    channel: str | None = None
    """The channel that the campaign must have; None: any."""
    needs: str | None = None
    """What else the campaign must have: `conversion event` or `control group`."""
    follows: str | None = None
    """The interaction that has always come before it, with the same message."""
    passive: bool = False
    """Whether it comes about without the user, who is only reached: then it ends with the campaign."""


CHANNELS: Final = ("push", "email", "in_app", "sms", "webhook")

_CAMPAIGN, _CARD = ObjectKind.CAMPAIGN, ObjectKind.CARD

_ROWS: Final = (
    Interaction("viewed_in_app", "view in-app message", _CAMPAIGN, "in_app"),
    Interaction("clicked_in_app", "click in-app message", _CAMPAIGN, "in_app", follows="viewed_in_app"),
    Interaction("clicked_email", "click e-mail", _CAMPAIGN, "email", follows="received_email"),
    Interaction("opened_email", "open e-mail", _CAMPAIGN, "email", follows="received_email"),
    Interaction("opened_push", "directly open push notification", _CAMPAIGN, "push", follows="received_push"),
    Interaction("converted", "perform conversion event", _CAMPAIGN, needs="conversion event"),
    Interaction("received_email", "receive e-mail", _CAMPAIGN, "email", passive=True),
    Interaction("received_push", "receive push notification", _CAMPAIGN, "push", passive=True),
    Interaction("entered_control", "be enrolled in a control group", _CAMPAIGN, needs="control group", passive=True),
    Interaction("viewed_card", "view card", _CARD),
    Interaction("clicked_card", "click card", _CARD, follows="viewed_card"),
    Interaction("received_sms", "receive SMS", _CAMPAIGN, "sms", passive=True),
    Interaction("clicked_sms", "click link in SMS", _CAMPAIGN, "sms", follows="received_sms"),
    Interaction("received_webhook", "receive webhook", _CAMPAIGN, "webhook", passive=True),
    Interaction("dismissed_card", "dismiss card", _CARD, follows="viewed_card"),
    Interaction("clicked_in_app_button", "click in-app message button", _CAMPAIGN, "in_app", follows="viewed_in_app"),
    Interaction("clicked_push_button", "click push action button", _CAMPAIGN, "push", follows="received_push"),
)

INTERACTIONS: Final[dict[str, Interaction]] = {row.word: row for row in _ROWS}

PURCHASE: Final = "purchase"
SESSION_START: Final = "session_start"
CUSTOM_EVENT: Final = "event"
ATTRIBUTES: Final = "attributes"

OBJECT_KIND: Final[dict[str, ObjectKind | None]] = {
    **{row.word: row.object for row in _ROWS},
    PURCHASE: None,
    SESSION_START: None,
    CUSTOM_EVENT: ObjectKind.EVENT,
    ATTRIBUTES: None,
}
"""Every type of event that is known, with the kind of object that events of that type name."""
