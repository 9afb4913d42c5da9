"""What `connrules plan` shows: the order of publishing for a rule set, with its pairs and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connrules import catalog
from connrules.catalog import Status
from connrules.check import Checked
from connrules.check.publishing import (
    Entries,
    Loss,
    Pair,
    PublishOrder,
    entries_of,
    losses_of,
    pairs_of,
    publish_order,
)
from connrules.check.publishing.order import source_key
from connrules.vocabulary import ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Entry


@dataclass(frozen=True, slots=True)
class Publishing:
    """The order of publishing, and what is wrong with the dates."""

    order: PublishOrder
    pairs: tuple[Pair, ...]
    losses: tuple[Loss, ...]
    has_catalog: bool

    @property
    def avoidable(self) -> list[Loss]:
        """What is lost by dates that can still be changed; where there is no safe order, that is said instead."""
        return [loss for loss in self.losses if loss.to_come and not self.order.in_one_cycle(loss.pair)]

    @property
    def past(self) -> list[Loss]:
        """What is lost, whatever is done now."""
        return [loss for loss in self.losses if not loss.to_come]

    @property
    def is_wrong(self) -> bool:
        """Whether something can still be put right."""
        cycles = any(not self.order.is_at_one_instant(cycle) for cycle in self.order.cycles)
        return cycles or bool(self.avoidable) or bool(self.overdue)

    @property
    def overdue(self) -> list[str]:
        """Follow-ons that are not live, while their source has been, nobody knows since when."""
        publications = self.order.publications.values()
        return [p.entry.name for p in publications if p.due is not None and p.due.at <= self.order.as_of]

    def step_of(self, pair: Pair) -> int:
        """The step in which the source of a pair is published."""
        return self.order.publications[source_key(pair)].step


def publishing_of(checked: Checked, as_of: int) -> Publishing:
    """The order of publishing for the healthy rules, as of an instant (epoch ms)."""
    by_name = {rule.name: rule for rule in reversed(checked.rules)}
    entry = _anything() if checked.catalog is None else entries_of(checked.catalog)
    pairs = tuple(pair for of_rule in pairs_of(checked.rules, by_name, entry) for pair in of_rule.pairs)
    order = publish_order(pairs, as_of)
    return Publishing(order, pairs, tuple(losses_of(pairs, order)), checked.catalog is not None)


def _anything() -> Entries:
    """Without a catalog, whatever is named is still to come."""
    found: dict[tuple[ObjectKind, str], Entry] = {}

    def entry(kind: ObjectKind, name: str) -> Entry | None:
        if not name:
            return None
        if (kind, name) not in found:
            model = catalog.Card if kind is ObjectKind.CARD else catalog.Campaign
            found[kind, name] = model(name=name, status=Status.DRAFT)
        return found[kind, name]

    return entry
