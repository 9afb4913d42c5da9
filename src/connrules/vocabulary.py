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


CHANNELS: Final = ("push", "email", "in_app", "sms", "webhook")

_CAMPAIGN, _CARD = ObjectKind.CAMPAIGN, ObjectKind.CARD

_ROWS: Final = (
    Interaction("viewed_in_app", "view in-app message", _CAMPAIGN, "in_app"),
    Interaction("clicked_in_app", "click in-app message", _CAMPAIGN, "in_app"),
    Interaction("clicked_email", "click e-mail", _CAMPAIGN, "email"),
    Interaction("opened_email", "open e-mail", _CAMPAIGN, "email"),
    Interaction("opened_push", "directly open push notification", _CAMPAIGN, "push"),
    Interaction("converted", "perform conversion event", _CAMPAIGN, needs="conversion event"),
    Interaction("received_email", "receive e-mail", _CAMPAIGN, "email"),
    Interaction("received_push", "receive push notification", _CAMPAIGN, "push"),
    Interaction("entered_control", "be enrolled in a control group", _CAMPAIGN, needs="control group"),
    Interaction("viewed_card", "view card", _CARD),
    Interaction("clicked_card", "click card", _CARD),
    Interaction("received_sms", "receive SMS", _CAMPAIGN, "sms"),
    Interaction("clicked_sms", "click link in SMS", _CAMPAIGN, "sms"),
    Interaction("received_webhook", "receive webhook", _CAMPAIGN, "webhook"),
    Interaction("dismissed_card", "dismiss card", _CARD),
    Interaction("clicked_in_app_button", "click in-app message button", _CAMPAIGN, "in_app"),
    Interaction("clicked_push_button", "click push action button", _CAMPAIGN, "push"),
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
