"""What an engine remembers, as a value: taken out whole, or what changed alone, and put back."""

import hashlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final

from connrules.event import Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run import snapshot as snapshots
from connrules.run.arrivals import Arrivals, Buffered
from connrules.run.counts import Counts
from connrules.run.firing import Firing
from connrules.run.needs import Needs, needs_of
from connrules.run.ports import Batch
from connrules.run.program import Program
from connrules.run.repeats import Repeats
from connrules.run.restoring import Restoring
from connrules.run.saving import (
    FORMAT,
    Core,
    SavedNote,
    Saving,
    SnapshotError,
    join,
    read,
    read_core,
    save_note,
    to_bytes,
)
from connrules.run.state import Held, UserState, state_of
from connrules.run.timers import NEVER

_SOMETHING: Final = state_of(None)
"""Stands for what was held of a user before, where nobody knows any more."""


class Memory(ABC):
    """Users and their timers, what waits for the watermark, the ids that were seen; and which of it changed."""

    counts: Counts

    def __init__(self, plan: Plan, lateness: int, dedupe: int, profiles: Profiles | None) -> None:
        self.plan = plan
        self.lateness = lateness
        self.dedupe = dedupe
        self._profiles = profiles
        self._program = Program(plan)
        self._repeats = Repeats(dedupe) if dedupe else None
        self._arrivals = Arrivals(lateness)
        self._left: deque[Outcome] = deque()
        """Outcomes that a stream was left before it gave them."""
        self._all_changed = False
        """Whether another state took the place of what was remembered, since somebody asked what changed."""

    @property
    def watermark(self) -> int | None:
        """The instant (epoch ms) up to which all is decided: events older than that are late. None before any event."""
        return self._arrivals.watermark

    @property
    def needs(self) -> Needs:
        """What of events the rules look at, those included that users still wait under since they were replaced."""
        return needs_of(self.plan, self._program.retired)

    @property
    def next_due(self) -> int | None:
        """An instant (epoch ms) before which nothing comes about by moving time on. None: nothing waits."""
        due = self._stepper.timers.next_due
        if self._arrivals.buffer:
            due = min(due, self._arrivals.buffer[0][0])
        return None if due >= NEVER else due

    def pending(self) -> list[Outcome]:
        """The sends that are pending now, in the order in which they are due."""
        now = self._arrivals.watermark
        if now is None:
            return []
        return [self._stepper.pending(wait, now) for wait in self._stepper.timers.waits()]

    def snapshot(self) -> bytes:
        """All that the engine remembers, as bytes; see `restore`."""
        arrivals = self._arrivals
        if self._repeats is not None and arrivals.watermark is not None:
            self._repeats.forget(arrivals.watermark)
        alike, users = snapshots.by_columns(self._stepper.users, self._saving)
        return snapshots.to_bytes(
            snapshots.Snapshot(
                core=self._core(),
                lateness=self.lateness,
                dedupe=self.dedupe,
                alike=alike,
                users=users,
                note=save_note(arrivals.buffer, self._repeats or ()),
            )
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot, with the same plan, lateness and dedupe horizon, and forget all that was before.

        The counts start anew. Raises SnapshotError, and changes nothing, where `data` is no whole snapshot of the plan.
        """
        snapshot = snapshots.from_bytes(data)
        if snapshot.core.plan != self._fingerprint:
            raise SnapshotError("the snapshot was taken with another plan")
        if snapshot.lateness != self.lateness:
            raise SnapshotError(f"the snapshot was taken with a lateness of {snapshot.lateness} ms")
        if snapshot.dedupe != self.dedupe:
            raise SnapshotError(f"the snapshot was taken with a dedupe horizon of {snapshot.dedupe} ms")
        self._go_on(snapshot.core, snapshot.note, lambda restoring: snapshots.put_back(snapshot, restoring))
        self._all_changed = True

    def track(self) -> None:
        """From now on remember which users change, for `changes`. It costs something; a new engine does not."""
        self._stepper.touched, self._arrivals.fresh = {}, []
        self._all_changed = False
        if self._repeats is not None:
            self._repeats.fresh = 0

    def changes(self) -> Batch:
        """What changed since the last call, or since `track`, to be kept by a state store; see `load`.

        It has no outbox, position and plan. Its note is what waits in the buffer and the ids that were seen, as far as
        they are new. After `restore`, it is all there is. Raises RuntimeError where `track` was not called.
        """
        stepper, arrivals, repeats, anew = self._stepper, self._arrivals, self._repeats, self._all_changed
        if stepper.touched is None:
            raise RuntimeError("an engine knows what changed from when `track` is called")
        self._catch_up()
        self._touch_fired()
        if anew:
            changed: dict[str, bytes | None] = {user: self._saving.bytes_of(h) for user, h in stepper.users.items()}
        else:
            changed = self._changed(stepper.touched)
        seen = () if repeats is None else repeats if anew else repeats.newest(repeats.fresh)
        note = save_note(arrivals.buffer if anew else self._still_waiting(), seen)
        self.track()
        return Batch(changed, to_bytes(self._core()), arrivals.watermark, note.kept(self.dedupe), anew=anew)

    def load(self, core: bytes, notes: Iterable[bytes], users: Iterable[tuple[str, bytes]]) -> None:
        """Go on from what a state store kept of `changes`, with the same plan, and forget all that was before.

        Lateness and dedupe horizon may be others than before; the watermark never goes back, and ids that were
        forgotten stay so. The counts start anew. Raises SnapshotError, and changes nothing, where it cannot be read.
        """
        loaded = read_core(core)
        if loaded.plan != self._fingerprint:
            raise SnapshotError("the state was made with another plan")
        note = join(read(data, SavedNote) for data in notes)
        watermark = loaded.watermark
        waiting = tuple(s for s in note.buffered if watermark is None or s.event.time > watermark)
        self._go_on(loaded, SavedNote(waiting, note.seen), lambda restoring: restoring.read_all(users))

    def _go_on(self, core: Core, note: SavedNote, fill: Callable[[Restoring], None]) -> None:
        """Go on from what was saved; nothing is changed before all of it is read. `fill` brings the users back."""
        retired = dict(core.retired)
        program = self._program if retired == self._program.retired else Program(self.plan, retired)
        restoring = Restoring(program)
        fill(restoring)
        tracked = self._stepper.touched is not None
        stepper = Firing(program, self._profiles)
        restoring.into(stepper)
        stepper.latest, stepper.starts = core.latest, core.starts
        stepper.outcomes = list(core.undelivered)
        self._left.clear()
        self._repeats = Repeats(self.dedupe, note.seen) if self.dedupe else None
        self._arrivals = Arrivals(self.lateness)
        self._arrivals.number = core.arrivals
        self._arrivals.greatest, self._arrivals.watermark = core.greatest, core.watermark
        self._arrivals.buffer = [(s.event.time, s.name, s.event) for s in note.buffered]
        self._program = program
        self.counts = self._new_counts()
        self._set_stepper(stepper)
        if tracked:
            self.track()

    def _core(self) -> Core:
        arrivals, stepper = self._arrivals, self._stepper
        return Core(
            format=FORMAT,
            plan=self._fingerprint,
            greatest=arrivals.greatest,
            watermark=arrivals.watermark,
            arrivals=arrivals.number,
            latest=stepper.latest,
            starts=stepper.starts,
            retired=tuple(self._program.retired.items()),
            undelivered=(*self._left, *stepper.collected()),
        )

    def _changed(self, touched: Mapping[str, Held | None]) -> dict[str, bytes | None]:
        """The states of the users whose state changed, by what was held of them before."""
        bytes_of = self._saving.bytes_of
        now = map(self._stepper.users.get, touched)
        others = [  # a wait never changes
            (user, held)
            for (user, before), held in zip(touched.items(), now, strict=True)
            if held is not before or type(held) is UserState
        ]
        return {user: None if held is None else bytes_of(held) for user, held in others}

    def _touch(self, rows: Iterable[Row]) -> None:
        """Remember the users of some events as they are before these take effect."""
        touched = self._stepper.touched
        if touched is not None:
            users = [row.user for row in rows]
            found = dict(zip(users, map(self._stepper.users.get, users), strict=True))
            if not touched:
                touched.update(found)
                return
            for user, held in found.items():
                touched.setdefault(user, held)

    def _touch_fired(self) -> None:
        """Remember the users whose sends were fired: each had something, though `_touch` found nothing later."""
        touched = self._stepper.touched
        if touched is not None:
            for outcome in self._stepper.fired:
                if touched.get(outcome.user) is None:
                    touched[outcome.user] = _SOMETHING

    def _still_waiting(self) -> list[Buffered]:
        """The events that came to the buffer since somebody looked and are still there."""
        watermark, fresh = self._arrivals.watermark, self._arrivals.fresh or ()
        return [buffered for buffered in fresh if watermark is None or buffered[0] > watermark]

    def _set_stepper(self, stepper: Firing) -> None:
        """Let events from now on take effect there."""
        self._stepper = stepper
        self._saving = Saving(stepper.rules)

    @abstractmethod
    def _new_counts(self) -> Counts:
        """Nothing counted yet."""

    @abstractmethod
    def _catch_up(self) -> None:
        """Decide all up to the watermark."""

    @cached_property
    def _fingerprint(self) -> str:
        return hashlib.sha256(self.plan.to_json()).hexdigest()
