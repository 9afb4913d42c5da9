"""Rules that are replaced while users wait, as simply as it can be told: a model of what an engine must do.

It shares nothing with the engine but the form of outcomes, and knows a part of the language: delays, exceptions (also
such as compare with the trigger), `per`, `restarting`, quotas, goals, chains, limits. Times come in order.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connrules.event import Event, Kind, Outcome, Reason

HOUR = 3_600_000


@dataclass(frozen=True)
class Spec:
    """A rule. `on` are types of events or `sent NAME`, `cancelled NAME`; of `unless`, each says whether it compares
    the property `k` with that of the trigger. Times are hours.
    """

    name: str | None
    on: tuple[str, ...]
    after: int
    restarting: bool = False
    unless: tuple[tuple[str, bool], ...] = ()
    per: str | None = None
    quota: tuple[int, int | None] | None = None
    goal: tuple[str, int] | None = None
    send: str = "X"

    @property
    def text(self) -> str:
        """The rule on one line."""
        parts = [f"rule {self.name}:"] if self.name else []
        parts.append("on " + " or ".join(self.on))
        if self.after:
            parts.append(f"after {self.after}h" + (" restarting" if self.restarting else ""))
        if self.unless:
            parts.append("unless " + " or ".join(_exception(*each) for each in self.unless))
        if self.per:
            parts.append(f"per {self.per}")
        if self.quota:
            count, window = self.quota
            parts.append("once" if window is None else f"at most {count} per {window}h")
        if self.goal:
            parts.append("convert on {} within {}h".format(*self.goal))
        return " ".join([*parts, f"send {self.send}"])


def _exception(type_: str, compares: bool) -> str:
    return f"{type_} where k = trigger.k" if compares else type_


@dataclass(frozen=True)
class RuleSet:
    """Rules, and the limits of the policy: so many per so many hours."""

    rules: tuple[Spec, ...]
    limits: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """The rules, one a line, the policy behind them."""
        policy = ["policy: " + " ".join("limit {} per {}h".format(*limit) for limit in self.limits)]
        return "\n".join([*(spec.text for spec in self.rules), *(policy if self.limits else [])])


@dataclass
class Rule:
    """A rule and what is remembered of it."""

    name: str
    spec: Spec
    sends: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Waiting:
    """A pending send, with the terms that it goes by."""

    rule: Rule
    user: str
    trigger: str
    since: int
    due: int
    unless: tuple[tuple[str, bool], ...]
    per: str | None
    value: Any
    k: Any
    """The property of the trigger, as far as its exceptions compare with it."""


@dataclass
class Open:
    """A goal that can be reached."""

    rule: Rule
    sent: Outcome
    since: int


class Model:
    """All users at once, everything in lists."""

    def __init__(self, rules: RuleSet, names: Sequence[str]) -> None:
        self.rules = [Rule(name, spec) for name, spec in zip(names, rules.rules, strict=True)]
        self.limits: list[tuple[int, int, list[tuple[str, int]]]] = [(n, w, []) for n, w in rules.limits]
        self.waits: list[Waiting] = []
        self.goals: list[Open] = []
        self.now: int | None = None
        self.outcomes: list[Outcome] = []
        self.links: deque[Outcome] = deque()

    def advance(self, time: int) -> None:
        """Time moves on."""
        while due := [wait for wait in self.waits if wait.due <= time]:
            wait = min(due, key=lambda each: (each.due, each.since))  # the list is in start order
            self.waits.remove(wait)
            self.fire(wait, wait.due)
            self.follow()
        self.now = time if self.now is None else max(self.now, time)

    def take(self, event: Event) -> None:
        """An event happens."""
        self.advance(event.time)
        type_, k, known_as = _type(event), (event.properties or {}).get("k"), event.id or ""
        for wait in [wait for wait in self.waits if wait.user == event.user]:
            for pattern, compares in wait.unless:
                if pattern == type_ and (not compares or (k is not None and k == wait.k)):
                    self.waits.remove(wait)
                    self.say(wait, Kind.CANCELLED, event.time, by=known_as, pattern=_exception(pattern, compares))
                    self.links.append(self.outcomes[-1])
                    break
        for goal in [goal for goal in self.goals if goal.sent.user == event.user]:
            pattern, within = goal.rule.spec.goal or ("", 0)
            if pattern == type_ and event.time < goal.since + within * HOUR:
                self.goals.remove(goal)
                sent = goal.sent
                self.outcomes.append(
                    Outcome(
                        Kind.GOAL,
                        goal.rule.name,
                        sent.user,
                        event.time,
                        sent.trigger,
                        sent.triggered_at,
                        sent.send,
                        known_as,
                        pattern,
                        None,
                        None,
                        sent.per,
                    )
                )
        for rule in self.rules:
            if type_ in rule.spec.on:
                self.start(rule, event.user, event.time, known_as, event.properties or {})
        self.follow()

    def follow(self) -> None:
        """Rules that are triggered by outcomes."""
        while self.links:
            outcome = self.links.popleft()
            for rule in self.rules:
                if f"{outcome.kind} {outcome.rule}" in rule.spec.on:
                    self.start(rule, outcome.user, outcome.at, outcome.id, {})

    def start(self, rule: Rule, user: str, time: int, trigger: str, properties: dict[str, Any]) -> None:
        """A trigger comes."""
        spec = rule.spec
        value = properties.get(spec.per) if spec.per else None
        k = properties.get("k") if any(compares for _, compares in spec.unless) else None
        wait = Waiting(rule, user, trigger, time, time + spec.after * HOUR, spec.unless, spec.per, value, k)
        same = [w for w in self.waits if (w.rule, w.user, w.per, w.value) == (rule, user, spec.per, value)]
        if same and not spec.restarting:
            self.say(wait, Kind.IGNORED, time, reason=Reason.ALREADY_WAITING)
        elif not self.is_eligible(rule, user, time):
            self.say(wait, Kind.IGNORED, time, reason=Reason.NOT_ELIGIBLE)
        else:
            for old in same:
                self.waits.remove(old)
                self.say(old, Kind.RESTARTED, time)
            if spec.after:
                self.waits.append(wait)
            else:
                self.fire(wait, time)

    def is_eligible(self, rule: Rule, user: str, time: int) -> bool:
        """Whether a rule's quota has room."""
        if rule.spec.quota is None:
            return True
        count, window = rule.spec.quota
        return sum(u == user and _counts(at, window, time) for u, at in rule.sends) < count

    def fire(self, wait: Waiting, time: int) -> None:
        """A send is due."""
        rule, user = wait.rule, wait.user
        if not self.is_eligible(rule, user, time):
            self.say(wait, Kind.DROPPED, time, reason=Reason.NOT_ELIGIBLE)
        elif any(sum(u == user and _counts(at, w, time) for u, at in sends) >= n for n, w, sends in self.limits):
            self.say(wait, Kind.DROPPED, time, reason=Reason.LIMITED)
        else:
            for remembered in [rule.sends, *(sends for *_, sends in self.limits)]:
                remembered.append((user, time))
            self.say(wait, Kind.SENT, time, send=rule.spec.send)
            self.links.append(self.outcomes[-1])
            if rule.spec.goal:
                self.goals.append(Open(rule, self.outcomes[-1], time))

    def say(self, wait: Waiting, kind: Kind, at: int, **more: Any) -> None:
        """An outcome."""
        self.outcomes.append(
            Outcome(
                kind=kind,
                rule=wait.rule.name,
                user=wait.user,
                at=at,
                trigger=wait.trigger,
                triggered_at=wait.since,
                per=wait.value,
                **more,
            )
        )

    def replace(self, new: RuleSet, names: Sequence[str], *, follow: bool) -> None:
        """The rules change."""
        now = self.now or 0
        self.forget(now)
        was = _recognised([rule.spec for rule in self.rules], new.rules)
        rules = []
        for number, (name, spec) in enumerate(zip(names, new.rules, strict=True)):
            old = self.rules[was[number]] if number in was else None
            sends = old.sends if old and spec.quota and old.spec.quota else []
            rules.append(Rule(name, spec, sends))
        heirs = {id(self.rules[old]): rules[number] for number, old in was.items()}
        self.limits = _limits(self.limits, new.limits)
        for wait in [wait for wait in self.waits if id(wait.rule) not in heirs]:
            self.waits.remove(wait)
            self.say(wait, Kind.DROPPED, now, reason=Reason.RULE_REMOVED)
        self.goals = [
            replace(goal, rule=heirs[id(goal.rule)])
            for goal in self.goals
            if id(goal.rule) in heirs and heirs[id(goal.rule)].spec.goal
        ]
        for wait in self.waits:
            heir = heirs[id(wait.rule)]
            if follow and replace(wait.rule.spec, name=None) != replace(heir.spec, name=None):
                wait.due = max(now, wait.since + heir.spec.after * HOUR)
                if not any(compares for _, compares in heir.spec.unless):
                    wait.k = None
                wait.unless = heir.spec.unless
            wait.rule = heir
        self.rules = rules
        self.advance(now)

    def forget(self, now: int) -> None:
        """What the rules so far no longer count is forgotten for good."""
        for rule in self.rules:
            window = rule.spec.quota[1] if rule.spec.quota else None
            rule.sends = [(user, at) for user, at in rule.sends if _counts(at, window, now)]
        self.limits = [(n, w, [each for each in sends if _counts(each[1], w, now)]) for n, w, sends in self.limits]
        self.goals = [g for g in self.goals if now < g.since + (g.rule.spec.goal or ("", 0))[1] * HOUR]


def _type(event: Event) -> str:
    return f'event "{event.name}"' if event.name else event.type


def _counts(at: int, window: int | None, now: int) -> bool:
    """Whether a send counts at an instant."""
    return window is None or at > now - window * HOUR


def _recognised(old: Sequence[Spec], new: Sequence[Spec]) -> dict[int, int]:
    """The place that each rule had, by the place that it has; rules stand one on a line."""
    found: dict[int, int] = {}
    names = [spec.name for spec in old]
    for number, spec in enumerate(new):
        if spec.name and spec.name in names:
            found[number] = names.index(spec.name)
        elif not spec.name and number < len(old) and old[number] == spec:
            found[number] = number
    for number, spec in enumerate(new):
        if number not in found and not spec.name:
            free = [place for place, other in enumerate(old) if other == spec and place not in found.values()]
            if free:
                found[number] = free[0]
    return found


def _limits(
    old: Sequence[tuple[int, int, list[tuple[str, int]]]], new: Sequence[tuple[int, int]]
) -> list[tuple[int, int, list[tuple[str, int]]]]:
    """The limits of now with what those before remember: of the same window first, then in order."""
    rest, taken = list(old), dict[int, list[tuple[str, int]]]()
    for number, (_, window) in enumerate(new):
        alike = [limit for limit in rest if limit[1] == window]
        if alike:
            rest.remove(alike[0])
            taken[number] = alike[0][2]
    for number in range(len(new)):
        if number not in taken:
            taken[number] = rest.pop(0)[2] if rest else []
    return [(n, w, taken[number]) for number, (n, w) in enumerate(new)]
