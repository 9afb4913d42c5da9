"""A log made from a seed for the benchmark on Flink, and the rule that all contenders run over it.

No user gets the push twice: that is where one wait at a time, as the rule has it, and a join in SQL would decide
differently. The last event is at a whole second, so that the end of the log is the same instant for all.
"""

import json
import random
from pathlib import Path
from typing import Final

START: Final = 1_772_409_600_000
DELAY: Final = 600_000
"""The delay of the rule, in milliseconds."""
RULE: Final = 'rule cart_reminder: on received_push of "Cart 00000" after 10m unless purchase send "Cart Reminder"\n'
_SPAN: Final = 3_600_000
_PUSHES: Final = 0.7
"""The share of pushes among the events that the rule speaks of; the others are purchases."""
_RECENT: Final = 1_000
"""Every other purchase is by one of so many who got the push last."""


def write_log(path: Path, events: int, relevant: float) -> None:
    """Write a log of so many events over one hour, of which a share is relevant to the rule."""
    draw = random.Random(1)
    users = max(1, events // 10, round(events * relevant))
    order = list(range(users))
    draw.shuffle(order)
    pushed: list[int] = []
    with path.open("w", encoding="utf-8") as out:
        for number in range(events):
            kind = draw.random()
            user = draw.randrange(users)
            recent = pushed[-draw.randint(1, _RECENT) :][:1] if kind < relevant and number % 2 else []
            type_ = "session_start" if kind >= relevant else "purchase"
            if kind < relevant * _PUSHES and order:
                type_, user = "received_push", order.pop()
                pushed.append(user)
            elif recent:
                user = recent[0]
            out.write(_line(number, user, type_, START + (number + 1) * _SPAN // events))


def _line(number: int, user: int, type_: str, time: int) -> str:
    event = {"id": f"e{number:09d}", "user": f"user-{user:08d}", "type": type_, "time": time}
    if type_ == "received_push":
        event["campaign"] = "Cart 00000"
    properties = {"amount": number % 9000 / 100, "os": "iphone"}
    return json.dumps({**event, "properties": properties}, separators=(",", ":")) + "\n"
