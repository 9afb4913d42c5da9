"""What `connrules diff` shows: rule by rule, what was edited and which sends differ."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final

from connrules import plan
from connrules.cli.differing.clauses import clauses_of, limit_of, segment_of
from connrules.event import Outcome
from connrules.plan import Plan
from connrules.replay.diff import Change, Diff, Difference
from connrules.run.comparing import Change as Edit
from connrules.run.comparing import RuleChange

_SEGMENT: Final = "segment "


@dataclass(slots=True)
class Edited:
    """Lines of the old rule set that the new one does not have, and the other way round."""

    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @classmethod
    def between(cls, old: Iterable[str], new: Iterable[str]) -> "Edited":
        """What two lists of lines do not have in common, in order."""
        before, after = Counter(old), Counter(new)
        return cls(tuple((before - after).elements()), tuple((after - before).elements()))

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


@dataclass(slots=True)
class Group:
    """The sends of one rule that differ in one way, in order of time."""

    changes: list[Change] = field(default_factory=list)

    @property
    def sends(self) -> int:
        """How many sends there are."""
        return len(self.changes)

    @property
    def users(self) -> int:
        """How many users it is about."""
        return len({change.send.user for change in self.changes})

    def examples(self, most: int | None) -> list[Change]:
        """The first of each user, of so many users; None: all that differs."""
        if most is None:
            return self.changes
        first: dict[str, Change] = {}
        for change in self.changes:
            first.setdefault(change.send.user, change)
            if len(first) == most:
                break
        return list(islice(first.values(), most))


@dataclass(slots=True)
class RuleShown:
    """A rule that one side has, or both."""

    name: str
    """Its new name; of one that is gone, the name it had."""
    was: str | None
    """Its old name; None: it is new."""
    edit: Edit
    clauses: Edited
    through: tuple[str, ...] = ()
    """What it speaks of and was edited itself: `segment `vip``."""
    before: int = 0
    after: int = 0
    groups: dict[Difference, Group] = field(default_factory=lambda: defaultdict(Group))
    given_up: int = 0
    """How many of its sends come from another rule now."""

    @property
    def differs(self) -> bool:
        """Whether any of its sends does."""
        return bool(self.groups or self.given_up)

    @property
    def is_told(self) -> bool:
        """Whether there is anything to say of it."""
        return self.differs or self.edit is not Edit.UNCHANGED

    @property
    def in_order(self) -> list[tuple[Difference, Group]]:
        """What differs, in the order in which it is told."""
        return [(difference, self.groups[difference]) for difference in Difference if difference in self.groups]


@dataclass(frozen=True)
class Shown:
    """Two rule sets over one log."""

    old: str
    new: str
    """What the two are called: the paths that were given."""
    rules: tuple[RuleShown, ...]
    """Those of the new rule set in its order, then those that are gone."""
    besides: Edited
    """What else was edited: segments, limits, the time zone."""
    catalog: tuple[str, ...]
    """The campaigns and cards of which the two catalogs say different things."""
    diff: Diff
    events: int
    until: int | None
    """The instant (epoch ms) up to which all is decided; None: there was no event."""

    @property
    def differs(self) -> bool:
        """Whether any send does."""
        return bool(self.diff.changes)

    @cached_property
    def totals(self) -> dict[Difference, Group]:
        """What differs in all rules together; only what there is."""
        found: dict[Difference, Group] = {}
        for change in self.diff.changes:
            found.setdefault(change.difference, Group()).changes.append(change)
        return {difference: found[difference] for difference in Difference if difference in found}

    @property
    def worth_showing(self) -> list[RuleShown]:
        """The rules that were edited, or of which sends differ."""
        return [rule for rule in self.rules if rule.is_told]


def shown(  # noqa: PLR0913, PLR0917  # what two runs over one log have
    titles: tuple[str, str],
    plans: tuple[Plan, Plan],
    edits: Sequence[RuleChange],
    diff: Diff,
    events: int,
    until: int | None,
) -> Shown:
    """What there is to show of two plans and the difference between what they make of a log."""
    old, new = plans
    rules = tuple(_rules(old, new, edits))
    _sort_in(diff, rules)
    besides = Edited.between(_besides(old), _besides(new))
    return Shown(*titles, rules, besides, _of_catalog(old, new), diff, events, until)


def _rules(old: Plan, new: Plan, edits: Iterable[RuleChange]) -> Iterator[RuleShown]:
    before, after = ({rule.name: rule for rule in each.rules} for each in (old, new))
    for edit in edits:
        was = before.get(edit.was) if edit.was is not None else None
        now = after.get(edit.rule) if edit.kind is not Edit.REMOVED else None
        through = tuple(what for what in edit.what if what.startswith(_SEGMENT))
        yield RuleShown(edit.rule, edit.was, edit.kind, Edited.between(_clauses(was), _clauses(now)), through)


def _clauses(rule: plan.Rule | None) -> tuple[str, ...]:
    return () if rule is None else clauses_of(rule)


def _sort_in(diff: Diff, rules: Iterable[RuleShown]) -> None:
    """Put each send to its rule: the new one, or where there is none, the old one."""
    old: dict[str, RuleShown] = {}
    new: dict[str, RuleShown] = {}
    for rule in rules:
        if rule.was is not None:
            old[rule.was] = rule
            rule.before = diff.before[rule.was]
        if rule.edit is not Edit.REMOVED:
            new[rule.name] = rule
            rule.after = diff.after[rule.name]
    for change in diff.changes:
        place = new[change.new.rule] if change.new else old[_rule(change.old)]
        place.groups[change.difference].changes.append(change)
        if change.difference is Difference.OTHER_RULE:
            old[_rule(change.old)].given_up += 1


def _rule(outcome: Outcome | None) -> str:
    assert outcome is not None
    return outcome.rule


def _besides(of: Plan) -> Iterator[str]:
    yield from map(segment_of, of.segments)
    yield from map(limit_of, of.limits)
    if of.time_zone is not None:
        yield f'time zone "{of.time_zone}"'


def _of_catalog(old: Plan, new: Plan) -> tuple[str, ...]:
    """The names of what is known in another way, or on one side only; nothing where a side has no catalog."""
    if old.objects is None or new.objects is None:
        return ()
    before, after = ({(o.kind, o.name): o for o in each.objects or ()} for each in (old, new))
    return tuple(name for kind, name in {**after, **before} if before.get((kind, name)) != after.get((kind, name)))
