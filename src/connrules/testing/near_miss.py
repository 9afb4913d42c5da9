"""How an expectation was missed: what happened instead, as near to it as anything did."""

from collections.abc import Sequence

from connrules import ast
from connrules.check import CheckedRule
from connrules.duration import format_duration, format_instant
from connrules.event import Kind, Outcome
from connrules.syntax.spelling import quoted
from connrules.testing.judge import Expectation, Verdict, instant_in
from connrules.testing.play import Play
from connrules.testing.words import fate_words, offset
from connrules.text import closest


class NearMisses:
    """Says of expectations that were not met how they were missed."""

    def __init__(self, rules: Sequence[CheckedRule], play: Play, verdict: Verdict, start: int) -> None:
        self._rules = rules
        self._play = play
        self._start = start
        self._events = {event.id or "": event for event in play.events}
        taken = set(verdict.met.values())
        self._free = [outcome for place, outcome in enumerate(play.outcomes) if place not in taken]

    def of(self, expectation: Expectation) -> str:
        """How it was missed, in a few words."""
        rules = self._meant(expectation.node)
        if not rules:
            return self._unknown(expectation.node)
        if any(expectation.is_met_by(outcome) for outcome in self._play.outcomes):
            return "it did not happen as often as it is expected"
        found = [o for o in self._free if o.rule in rules and expectation.node.user in {None, o.user}]
        if not found:
            return self._nothing(expectation.node, rules)
        nearest = min(found, key=lambda outcome: self._distance(expectation, outcome))
        if nearest.kind.value == expectation.node.fate and expectation.is_about(nearest):
            return self._difference(expectation, nearest)
        return f"{fate_words(nearest, self._events, self._start)}{'' if nearest.kind is Kind.PENDING else ' instead'}"

    def _meant(self, node: ast.Expect) -> list[str]:
        """The rules that an expectation is about."""
        assert node.subject is not None
        name = node.subject.text
        if node.fate != "sent":
            return [rule.name for rule in self._rules if rule.name == name]
        named = [rule for rule in self._rules if node.by is not None and rule.name == node.by.text]
        sending = [rule for rule in self._rules if name in {target.text for target in rule.node.targets}]
        return list(dict.fromkeys(rule.name for rule in named + sending))

    def _unknown(self, node: ast.Expect) -> str:
        assert node.subject is not None
        if node.fate != "sent":
            return f"there is no rule `{node.subject.text}`"
        targets = [target.text for rule in self._rules for target in rule.node.targets]
        near = closest(node.subject.text, targets)
        return f"no rule sends {quoted(node.subject.text)}" + (f"; did you mean {quoted(near)}?" if near else "")

    def _nothing(self, node: ast.Expect, rules: Sequence[str]) -> str:
        of_user = f" of user {quoted(node.user)}" if node.user is not None else ""
        if any(o.rule in rules and node.user in {None, o.user} for o in self._play.outcomes):
            return f"nothing else became of {_enumerated(rules)}{of_user}"
        return f"no event{of_user} triggered {_enumerated(rules)}"

    def _distance(self, expectation: Expectation, outcome: Outcome) -> tuple[int, int]:
        """How far an outcome is from what was expected: first by what became of the trigger, then by when."""
        same = outcome.kind.value == expectation.node.fate and expectation.is_about(outcome)
        step = 0 if same else 2 if outcome.kind is Kind.IGNORED else 1
        at = instant_in(outcome) if same else self._play.dues.get(outcome.id, outcome.at)
        return step, -at if expectation.at is None else abs(at - expectation.at)

    def _difference(self, expectation: Expectation, outcome: Outcome) -> str:
        """In what an outcome of the expected kind is not what was expected."""
        node = expectation.node
        parts = []
        at = instant_in(outcome)
        if expectation.at is not None and at != expectation.at:
            apart = format_duration(abs(at - expectation.at))
            verb = "due" if outcome.kind is Kind.PENDING else outcome.kind.value
            shown = format_instant(at) if isinstance(node.at, ast.Instant) else offset(at, self._start)
            parts.append(f"{verb} at {shown}, {apart} {'later' if at > expectation.at else 'earlier'}")
        if node.because is not None and node.because.text != outcome.reason:
            parts.append(f"because {outcome.reason}" if outcome.reason else f"{node.fate} knows no reason")
        if node.by is not None and node.by.text != outcome.rule:
            parts.append(f"by {outcome.rule}")
        return ", ".join(parts) + ("" if at != expectation.at and expectation.at is not None else " instead")


def _enumerated(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
