"""An engine's figures for Prometheus: a collector that makes metrics of them when it is asked, and nothing before.

Needs the extra `prometheus`; nothing else in the package imports this module.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from connrules.event import Kind
from connrules.run.counts import OTHERS
from connrules.run.ports import Figures

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError:
    raise ImportError(
        "metrics for Prometheus need prometheus-client; install it with: pip install 'connrules[prometheus]'"
    ) from None

_COUNTERS: Final = (
    ("events", "events", "Events taken in, late ones included."),
    ("events_matched", "matched", "Events that matched a trigger, cancelled a pending send or reached a goal."),
    ("events_late", "late", "Events that were older than the watermark and changed nothing."),
    ("events_repeated", "repeated", "Events that were skipped because their user was seen with their id before."),
    ("events_rejected", "rejected", "What was refused because it is no event."),
    ("events_unknown", "unknown", "Events of an unknown type, or about something that the catalog does not know."),
)
_GAUGES: Final = (
    ("users", "users", "Users of whom something is held."),
    ("waits", "waits", "Sends that are pending."),
    ("events_held_back", "held_back", "Events that the watermark has not reached."),
)
_INSTANTS: Final = (
    ("watermark", "watermark", "up to which all is decided"),
    ("newest_event", "newest", "of the newest event"),
)


class PrometheusObserver(Collector):
    """Shows the figures of one engine: register it, and give it to the engine.

        observer = PrometheusObserver(clock=lambda: time.time_ns() // 1_000_000)
        prometheus_client.REGISTRY.register(observer)
        engine = connrules.Engine(plan, observer=observer)

    `clock` gives the instant, in epoch milliseconds, that lags are reckoned from; without one there are no lags, only
    instants. `rules` is how many rules have outcomes of their own: the first that have any; those of all others are
    counted together, as `(others)`. It may be scraped from any thread.
    """

    def __init__(self, *, clock: Callable[[], int] | None = None, rules: int = 100) -> None:
        self._figures = Figures()
        self._clock = clock
        self._rules = rules

    def observe(self, figures: Figures) -> None:
        """Keep the figures for the next scrape."""
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """The metrics of the figures that were shown last."""
        figures = self._figures
        for name, field, text in _COUNTERS:
            yield CounterMetricFamily(f"connrules_{name}", text, value=getattr(figures, field))
        yield _by_reason(figures)
        yield self._by_rule(figures)
        for name, field, text in _GAUGES:
            yield GaugeMetricFamily(f"connrules_{name}", text, value=getattr(figures, field))
        yield from self._instants(figures)

    def _by_rule(self, figures: Figures) -> Metric:
        metric = CounterMetricFamily("connrules_rule_outcomes", "Outcomes by rule and kind.", labels=("rule", "kind"))
        for (rule, kind), count in _bounded(dict(figures.rules), self._rules).items():
            metric.add_metric((rule, kind), count)
        return metric

    def _instants(self, figures: Figures) -> Iterator[Metric]:
        now = None if self._clock is None else self._clock()
        for name, field, text in _INSTANTS:
            instant: int | None = getattr(figures, field)
            at = GaugeMetricFamily(f"connrules_{name}_timestamp_seconds", f"The instant {text}.")
            lag = GaugeMetricFamily(f"connrules_{name}_lag_seconds", f"By how much the instant {text} is past.")
            if instant is not None:
                at.add_metric((), instant / 1000)
                if now is not None:
                    lag.add_metric((), (now - instant) / 1000)
            yield at
            if now is not None:
                yield lag


def _by_reason(figures: Figures) -> Metric:
    metric = CounterMetricFamily("connrules_outcomes", "Outcomes by kind and reason.", labels=("kind", "reason"))
    for (kind, reason), count in figures.outcomes.items():
        if kind is not Kind.PENDING:  # what waits is a gauge
            metric.add_metric((kind, reason or ""), count)
    return metric


def _bounded(outcomes: Mapping[tuple[str, Kind], int], most: int) -> Mapping[tuple[str, Kind], int]:
    """Outcomes by rule and kind, those of rules after the first so many together.

    A rule that has a row keeps it: rules come in the order in which they first had an outcome.
    """
    named = frozenset(list(dict.fromkeys(rule for rule, _ in outcomes))[:most])
    bounded: Counter[tuple[str, Kind]] = Counter()
    for (rule, kind), count in outcomes.items():
        if kind is not Kind.PENDING:
            bounded[rule if rule in named else OTHERS, kind] += count
    return bounded
