"""Counts of several workers added up."""

from collections.abc import Iterable

from connrules.run.counts import Conversion, Counts
from connrules.run.sieve import Unknown


def add_unknown(total: Counts, unknown: Unknown) -> None:
    """Count what a piece of the log has that is unknown; the pieces come in their order."""
    for type_, count in unknown.types.items():
        total.add_unknown_type(type_, count)
    for (type_, name), count in unknown.objects.items():
        total.add_unknown_object(type_, name, count)


def add_decided(total: Counts, parts: Iterable[Counts]) -> None:
    """Count what the workers have decided, each for its users."""
    for part in parts:
        total.matched += part.matched
        total.repeated += part.repeated
        total.outcomes.update(part.outcomes)
        total.cancelled.update(part.cancelled)
        add_unknown(total, Unknown(part.unknown_types, part.unknown_objects))
        for rule, conversion in part.conversions.items():
            _add_conversion(total.conversions[rule], conversion)


def _add_conversion(total: Conversion, part: Conversion) -> None:
    total.sends.update(part.sends)
    total.goals.update(part.goals)
    total.held_out += part.held_out
    total.held_out_converted += part.held_out_converted
