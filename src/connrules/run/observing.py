"""Figures of an engine, for whoever observes it; nothing that an observer does can harm the engine."""

from connrules.run.arrivals import Arrivals
from connrules.run.counts import Counts
from connrules.run.firing import Firing
from connrules.run.ports import Figures, Observer


def tell(observer: Observer, counts: Counts, stepper: Firing, arrivals: Arrivals) -> None:
    """Show an observer how things stand. What it raises is logged: outcomes that are decided must not be lost by it."""
    try:
        observer.observe(figures_of(counts, stepper, arrivals))
    except Exception:  # whatever the host's code raises
        import logging  # noqa: PLC0415  # most engines never need it

        logging.getLogger("connrules").exception("an observer raised")


def figures_of(counts: Counts, stepper: Firing, arrivals: Arrivals) -> Figures:
    """How things stand."""
    return Figures(
        counts.events,
        counts.matched,
        counts.late,
        counts.repeated,
        counts.rejected,
        counts.unknown_types.total() + counts.unknown_objects.total(),
        dict(counts.outcomes),
        counts.rules or {},
        len(stepper.users),
        stepper.timers.waiting,
        len(arrivals.buffer),
        arrivals.watermark,
        arrivals.newest,
    )
