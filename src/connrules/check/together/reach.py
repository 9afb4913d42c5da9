"""Which rules can be triggered, and which can send: worked out for the whole rule set, from what triggers what.

A rule can be triggered where one of its triggers can happen: an event, or what became of a rule that can send, or wait
and be cancelled. Rules that wait for one another alone never begin. All that is uncertain counts as possible.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from connrules import ast
from connrules.check.conditions.never_true import never_holds, never_matches
from connrules.check.index import Index
from connrules.check.names.binding import Names
from connrules.check.names.fit import lacking
from connrules.check.patterns import interaction_of, names_in
from connrules.check.together.witness import Setting
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.vocabulary import Interaction

_Wait = ast.SentRule | ast.CancelledRule


class Reach:
    """What can happen to the rules of a rule set."""

    def __init__(self, index: Index, names: Names | None, silent: Collection[str]) -> None:
        self._index, self._setting, self._silent = index, Setting(index, names), silent
        self.triggered: set[str] = set()
        """The rules that can be triggered."""
        self.sending: set[str] = set()
        """The rules that can send."""
        self._spread()

    def _spread(self) -> None:
        """From the rules that events trigger on to those that follow from them."""
        following: dict[str, list[CheckedRule]] = {}
        for rule in self._index.rules.values():
            for name in _waited_for(rule):
                following.setdefault(name, []).append(rule)
        open_ = list(self._index.rules.values())
        while open_:
            rule = open_.pop()
            if rule.name not in self.triggered and any(map(self.can_happen, rule.node.on.patterns)):
                if never_holds(rule.node.if_, self._setting):
                    continue
                self.triggered.add(rule.name)
                if rule.name not in self._silent and not never_holds(rule.node.still_if, self._setting):
                    self.sending.add(rule.name)
                open_ += following.get(rule.name, [])

    def can_happen(self, pattern: ast.Pattern) -> bool:
        """Whether the trigger can happen, as far as is known by now."""
        match pattern:
            case ast.SentRule(rule):
                return rule.text not in self._index.rules or rule.text in self.sending
            case ast.CancelledRule(rule):
                waiting = self._index.rules.get(rule.text)
                return waiting is None or (rule.text in self.triggered and self._is_cancelled(waiting))
            case _:
                return not self._is_impossible(pattern)

    def _is_cancelled(self, rule: CheckedRule) -> bool:
        """Whether something can cancel a pending send of the rule."""
        unless = rule.node.unless
        return unless is not None and not all(never_matches(pattern, self._setting) for pattern in unless.patterns)

    def _is_impossible(self, pattern: ast.Pattern) -> bool:
        """Whether no event can be what the pattern speaks of, for its `where` or for want of a channel and the like."""
        names, interaction = names_in(pattern), interaction_of(pattern)
        if names and interaction and all(self._lacks(name, interaction) for name in names):
            return True
        return never_matches(pattern, self._setting)

    def _lacks(self, name: ast.Name, interaction: Interaction) -> bool:
        catalog = self._setting.names.catalog if self._setting.names else None
        found = catalog.named(interaction.object, name.text) if catalog else []
        return len(found) == 1 and lacking(found[0], interaction) is not None


def check_reach(reach: Reach, index: Index) -> Iterator[Diagnostic]:
    """Rules whose triggers cannot happen, for what other rules cannot do."""
    for rule in index.rules.values():
        if rule.name not in reach.triggered and not any(map(reach.can_happen, rule.node.on.patterns)):
            waits = [p for p in rule.node.on.patterns if isinstance(p, ast.SentRule | ast.CancelledRule)]
            if waits:
                yield _unreachable(rule, waits, reach, index)


def _waited_for(rule: CheckedRule) -> Iterable[str]:
    return (p.rule.text for p in rule.node.on.patterns if isinstance(p, ast.SentRule | ast.CancelledRule))


def _unreachable(rule: CheckedRule, waits: Sequence[_Wait], reach: Reach, index: Index) -> Diagnostic:
    cause = index.rules[waits[0].rule.text]
    message, remedy = _why(rule, waits, reach, index)
    begins = cause.node.name.span if cause.node.name else cause.node.on.span
    return finding(
        "CR507",
        rule.source,
        rule.node.on.span,
        message,
        label="so this rule never sends",
        help=remedy,
        related=() if cause is rule else (Related(cause.source, begins, "the rule that is waited for"),),
        silent_rule=rule.name,
    )


def _why(rule: CheckedRule, waits: Sequence[_Wait], reach: Reach, index: Index) -> tuple[str, str]:
    """Why the triggers never happen, and what to do."""
    uncancelled = [w.rule.text for w in waits if isinstance(w, ast.CancelledRule) and not _node(w, index).unless]
    name = waits[0].rule.text
    if name == rule.name:
        return (
            f"`{name}` waits for itself, and nothing else triggers it",
            "add an event to the trigger, e.g. `or purchase`",
        )
    if len(uncancelled) == len(waits):
        listed = " or ".join(f"`{name}`" for name in dict.fromkeys(uncancelled))
        return (
            f"nothing ever cancels {listed}: there is no `unless`",
            f"add an `unless` to `{name}`, or trigger on `sent {name}`",
        )
    if name not in reach.triggered:
        return (
            f"nothing ever triggers `{name}`, which this waits for",
            f"mend the trigger of `{name}`, or name another one",
        )
    if isinstance(waits[0], ast.CancelledRule):
        return (
            f"nothing ever cancels `{name}`, which this waits for",
            f"mend the `unless` of `{name}`, or name another trigger",
        )
    return f"`{name}`, which this waits for, never sends", f"mend `{name}`, or name another trigger"


def _node(wait: _Wait, index: Index) -> ast.Rule:
    return index.rules[wait.rule.text].node
