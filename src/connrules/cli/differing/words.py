"""What differs between two runs, in words for those who decide about messages."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from connrules.cli.cells import visible
from connrules.cli.differing.shown import Edited, Group, RuleShown, Shown
from connrules.cli.render import counted
from connrules.cli.telling.facts import REASONS
from connrules.duration import day, format_duration
from connrules.event import Kind, Outcome
from connrules.replay.diff import Change, Difference
from connrules.run.comparing import Change as Edit

TITLES: Final = {
    Difference.NEWLY: "newly",
    Difference.NO_LONGER: "no longer",
    Difference.OTHER_TIME: "other time",
    Difference.OTHER_MESSAGE: "other message",
    Difference.OTHER_RULE: "other rule",
}
EDITS: Final = {
    Edit.UNCHANGED: "unchanged",
    Edit.CHANGED: "changed",
    Edit.RENAMED: "moved",
    Edit.REMOVED: "gone",
    Edit.ADDED: "new",
}
_HEADLINES: Final = {
    Difference.NEWLY: "newly get {}",
    Difference.NO_LONGER: "no longer get {}",
    Difference.OTHER_TIME: "get {} at another time",
    Difference.OTHER_MESSAGE: "get another message instead",
    Difference.OTHER_RULE: "get {} by another rule",
}
_MOST_NAMES: Final = 5


class Words:
    """Words in which there are texts of the user's: `code` writes those."""

    def __init__(self, code: Callable[[str], str]) -> None:
        self.code = code

    def causes(self, rule: RuleShown, difference: Difference, group: Group) -> list[tuple[int, str]]:
        """Why sends differ, as far as it can be told, with how many it is about; the most frequent first."""
        if difference is Difference.OTHER_TIME:
            return shifts(group.changes)
        found = Counter(self._cause(rule, difference, change) for change in group.changes)
        return sorted(((count, text) for text, count in found.items()), key=lambda row: (-row[0], row[1]))

    def before_and_after(self, change: Change) -> tuple[str, str]:
        """A send as it was and as it is; what was not or is not sent says what became of its trigger."""
        old, new = change.old, change.new
        if old is None or new is None:
            told = "nothing" if change.instead is None else self._told(change.instead)
            return (day(old.at) if old else told, day(new.at) if new else told)
        match change.difference:
            case Difference.OTHER_TIME:
                return day(old.at), f"{day(new.at)}, {shift(new.at - old.at)}"
            case Difference.OTHER_MESSAGE:
                return f"{self._send(old)} {day(old.at)}", day(new.at)
            case _:
                return f"{day(old.at)} by {self.code(old.rule)}", day(new.at)

    def edited_elsewhere(self, shown: Shown) -> str | None:
        """What the catalogs say differently; None: nothing."""
        names = [self.code(each) for each in shown.catalog[:_MOST_NAMES]]
        more = len(shown.catalog) - len(names)
        return f"the catalogs differ in {', '.join(names)}{f' and {more:,} more' if more else ''}" if names else None

    def fate(self, outcome: Outcome) -> str:
        """What became of a trigger that led to no send."""
        match outcome.kind:
            case Kind.CANCELLED:
                return f"cancelled by {self.code(outcome.pattern or '')}"
            case Kind.DROPPED | Kind.IGNORED if outcome.reason is not None:
                return f"{outcome.kind}, {REASONS[outcome.reason]}"
            case Kind.RESTARTED:
                return "a later trigger begins the wait anew"
            case Kind.PENDING:
                return "still waiting when the log ends"
            case _:
                return str(outcome.kind)

    def _cause(self, rule: RuleShown, difference: Difference, change: Change) -> str:
        old, new = change.old, change.new
        if old is not None and new is not None:
            if difference is Difference.OTHER_MESSAGE:
                return f"{self._send(old)} before, now {self._send(new)}"
            return f"before by {self.code(old.rule)}"
        when = "before" if old is None else "now"
        if change.instead is not None:
            return f"{when}: {self.fate(change.instead)}"
        if rule.edit is Edit.ADDED or rule.edit is Edit.REMOVED:
            return f"the rule is {EDITS[rule.edit]}"
        return f"{when}: the event does not trigger the rule"

    def _told(self, outcome: Outcome) -> str:
        if outcome.kind is Kind.PENDING and outcome.due is not None:
            return f"waits until {day(outcome.due)}"
        return f"{self.fate(outcome)} {day(outcome.at)}"

    def _send(self, outcome: Outcome) -> str:
        return self.code(outcome.send or "")


def headline(shown: Shown) -> str:
    """`1,203 sends before, 1,230 after (+2.2 %), in 306,534 events up to 2026-03-01`."""
    before, after = shown.diff.before.total(), shown.diff.after.total()
    until = "" if shown.until is None else f" up to {day(shown.until)}"
    return f"{counted(before, 'send')} before, {after:,} after{change_of(before, after)}, in {_events(shown)}{until}"


def gains_and_losses(shown: Shown) -> str:
    """`220 users newly get a message, 193 no longer get one`."""
    if not shown.differs:
        return "nothing differs: the same users get the same messages at the same times"
    (difference, group), *others = shown.totals.items()
    first = f"{counted(group.users, 'user')} {_headline(difference, group.users, 'a message')}"
    return ", ".join([first, *(f"{g.users:,} {_headline(each, g.users, 'one')}" for each, g in others)])


def _headline(difference: Difference, users: int, message: str) -> str:
    words = _HEADLINES[difference].format(message)
    return words.replace("get", "gets", 1) if users == 1 else words


def counts_of(group: Group) -> str:
    """`193 users, 194 sends`."""
    return f"{counted(group.users, 'user')}, {counted(group.sends, 'send')}"


def shifts(changes: Iterable[Change]) -> list[tuple[int, str]]:
    """How many sends come earlier, and how many later, and by how much: `1h to 1d later`."""
    found = [_shift(change) for change in changes]
    earlier, later = sorted(-ms for ms in found if ms < 0), sorted(ms for ms in found if ms > 0)
    return [(len(some), f"{_span(some)} {word}") for some, word in ((earlier, "earlier"), (later, "later")) if some]


def _span(durations: Sequence[int]) -> str:
    first, last = format_duration(durations[0]), format_duration(durations[-1])
    return first if first == last else f"{first} to {last}"


def shift(ms: int) -> str:
    """`1d later`."""
    return f"{format_duration(abs(ms))} {'later' if ms >= 0 else 'earlier'}"


def edit_of(rule: RuleShown) -> str:
    """What was done to a rule."""
    if rule.edit is Edit.UNCHANGED:
        return "unchanged itself"
    return EDITS[rule.edit] if rule.differs else f"{EDITS[rule.edit]}, and no send differs"


def notes_on(rule: RuleShown) -> list[str]:
    """What else there is to say of a rule."""
    notes = [f"through {visible(what)}" for what in rule.through]
    if rule.given_up:
        notes.append(f"now sent by another rule: {counted(rule.given_up, 'send')}")
    return notes


def lines_of(edited: Edited) -> list[str]:
    """Lines as in a diff, what begins alike one after the other."""
    added = list(edited.added)
    lines: list[str] = []
    for line in edited.removed:
        lines.append(f"- {visible(line)}")
        if instead := next((each for each in added if _opening(each) == _opening(line)), None):
            lines.append(f"+ {visible(instead)}")
            added.remove(instead)
    return lines + [f"+ {visible(line)}" for line in added]


def change_of(before: int, after: int) -> str:
    """` (+2.2 %)`; nothing where that says nothing."""
    if before in {0, after}:
        return ""
    return f" ({(after - before) / before:+.1%})".replace("%", " %").replace("-", "\u2212")


def _opening(line: str) -> str:
    return line.partition(" ")[0]


def _events(shown: Shown) -> str:
    return counted(shown.events, "event")


def _shift(change: Change) -> int:
    assert change.old is not None
    assert change.new is not None
    return change.new.at - change.old.at
