"""The states of users that were saved, put back into an engine."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, Final

import msgspec

from connrules.run.program import Program
from connrules.run.saving import SavedGoal, SavedSource, SavedUser, SavedWait, SnapshotError, first_limit, is_shared
from connrules.run.state import Goal, Held, Source, UserState, Wait, settled, state_of
from connrules.run.step import Stepper
from connrules.run.timers import Forget
from connrules.run.world import Known

_MOST: Final = 10_000


class _SavedWait(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `SavedWait` of which the source is not read yet: mostly it is one that was read before."""

    source: msgspec.Raw
    trigger: str
    since: int
    place: int = 0


class _SavedUser(msgspec.Struct, frozen=True, array_like=True):
    """A `SavedUser` with such waits."""

    waits: tuple[_SavedWait, ...] = ()
    sends: dict[str, tuple[int, ...]] = {}
    limited: dict[str, tuple[int, ...]] = {}
    goals: tuple[SavedGoal, ...] = ()
    attributes: dict[str, Any] = {}


_read_user: Final = msgspec.json.Decoder(_SavedUser).decode
_read_source: Final = msgspec.json.Decoder(SavedSource).decode


class Restoring:
    """Puts the states of users back. Waits share what they have in common."""

    def __init__(self, program: Program) -> None:
        self.users: dict[str, Held] = {}
        self._waits: defaultdict[int, list[Wait]] = defaultdict(list)
        """By the index of their rule."""
        self._others: list[Goal | Forget] = []
        self._program = program
        self._rules = {(rule.name, rule.version): rule for rule in program.rules}
        self._first_limit = first_limit(program.rules)
        self._shared: dict[tuple[str, int, int, object], Source] = {}
        self._by_bytes: dict[bytes, Source] = {}

    def read_all(self, users: Iterable[tuple[str, bytes | msgspec.Raw]]) -> None:
        """Put back users by the bytes of their states. Raises SnapshotError where they cannot be read."""
        try:
            for user, data in users:
                wait = self._read(user, data)
                if wait is not None:
                    self.users[user] = wait
                    self._waits[wait.source.rule].append(wait)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SnapshotError(f"the state cannot be read: {error}") from None
        except KeyError as error:
            raise _unknown_rule(error) from None

    def read_into(self, stepper: Stepper, user: str, data: bytes | msgspec.Raw) -> None:
        """Let a stepper that knows nobody go on with one user, by the bytes of the state. Raises as `read_all` does."""
        try:
            wait = self._read(user, data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SnapshotError(f"the state cannot be read: {error}") from None
        except KeyError as error:
            raise _unknown_rule(error) from None
        if wait is None:
            self.into(stepper)
        else:
            stepper.users[user] = wait
            stepper.set_timer(wait)

    def add(self, user: str, saved: SavedUser) -> None:
        """Put back a user. Raises SnapshotError where there is no such rule."""
        try:
            self._add(user, saved)
        except KeyError as error:
            raise _unknown_rule(error) from None

    def add_alike(
        self,
        saved: SavedSource,
        users: Sequence[str],
        triggers: Sequence[str],
        sinces: Sequence[int],
        places: Sequence[int],
    ) -> None:
        """Put back users of whom one wait is all there is; without places, these are all 0. Raises as `add` does."""
        try:
            source = self._source(saved)
        except KeyError as error:
            raise _unknown_rule(error) from None
        columns = (
            (users, triggers, sinces, repeat(source), places) if places else (users, triggers, sinces, repeat(source))
        )
        waits = list(map(Wait, *columns))
        if not len(waits) == len(users) == len(triggers) == len(sinces):
            raise SnapshotError("the state cannot be read: its columns are not of one length")
        self.users.update(zip(users, waits, strict=True))
        self._waits[source.rule] += waits

    def into(self, stepper: Stepper) -> None:
        """Let a stepper that knows nobody go on with them. From then on there is nobody here."""
        stepper.users, self.users = self.users, {}
        stepper.restore_waits(self._waits)
        for timer in sorted(self._others, key=attrgetter("since")):
            stepper.restore(timer)
        self._waits.clear()
        self._others.clear()

    def _read(self, user: str, data: bytes | msgspec.Raw) -> Wait | None:
        """Read a user: the wait that is all there is of most. None: there is more, and it was put back."""
        saved = _read_user(data)
        if len(saved.waits) == 1 and not (saved.sends or saved.limited or saved.goals or saved.attributes):
            w = saved.waits[0]
            return Wait(user, w.trigger, w.since, self._read_source(w.source), w.place)
        waits = tuple(SavedWait(_read_source(w.source), w.trigger, w.since, w.place) for w in saved.waits)
        self._add(user, SavedUser(waits, saved.sends, saved.limited, saved.goals, saved.attributes))
        return None

    def _add(self, user: str, saved: SavedUser) -> None:
        state = state_of(None)
        for w in saved.waits:
            wait = Wait(user, w.trigger, w.since, self._source(w.source), w.place)
            state.waits[wait.source.key] = wait
            self._waits[wait.source.rule].append(wait)
        for name, instants in saved.sends.items():
            self._use_up(user, state, self._rules[name, 0].index, instants)
        for number, instants in saved.limited.items():
            self._use_up(user, state, int(number) + self._first_limit, instants)
        for g in saved.goals:
            goal = Goal(user, self._rules[g.rule, 0].index, g.since, g.trigger, g.triggered_at, g.send, g.per)
            state.open(goal)
            self._others.append(goal)
        if saved.attributes:
            state.learn(saved.attributes)
        self.users[user] = settled(state) or state

    def _read_source(self, raw: msgspec.Raw) -> Source:
        data = bytes(raw)
        source = self._by_bytes.get(data)
        if source is None:
            saved = _read_source(data)
            source = self._source(saved)
            if is_shared(self._rules[saved.rule, saved.version]):
                _remember(self._by_bytes, data, source)
        return source

    def _source(self, s: SavedSource) -> Source:
        rule = self._rules[s.rule, s.version]
        if is_shared(rule):
            shared = (s.rule, s.version, s.lasts, s.about)
            source = self._shared.get(shared)
            if source is None:
                source = Source(rule.index, rule.key(None), s.lasts, self._known(s))
                _remember(self._shared, shared, source)
            return source
        return Source(rule.index, rule.key(s.per), s.lasts, self._known(s), s.kept, s.per, s.missed)

    def _known(self, s: SavedSource) -> Known | None:
        return None if s.about is None else self._program.world.find_key(s.about)

    def _use_up(self, user: str, state: UserState, quota: int, instants: tuple[int, ...]) -> None:
        for instant in instants:
            state.use_up(quota, instant)
            if self._program.windows[quota] is not None:
                self._others.append(Forget(instant, user, quota))


def _remember(sources: dict[Any, Source], key: object, source: Source) -> None:
    """Remember what waits have in common: mostly that is little, but what is of any campaign may be of very many."""
    if len(sources) >= _MOST:
        sources.clear()
    sources[key] = source


def _unknown_rule(error: KeyError) -> SnapshotError:
    return SnapshotError(f"the state speaks of a rule that the plan does not have: {error}")
