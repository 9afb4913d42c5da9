"""Metrics for Prometheus, scraped as Prometheus does: by HTTP, from the server of prometheus-client."""

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator

import pytest
from prometheus_client import CollectorRegistry, Metric, start_http_server
from prometheus_client.openmetrics import parser

from connrules import Engine, Event, Plan, compile_rules, loads
from connrules.connectors.prometheus import PrometheusObserver

DAY = 86_400_000
NOON = 1_772_323_200_000
parse: Callable[[str], Iterator[Metric]] = parser.text_string_to_metric_families
CART = 'rule cart: on received_push of "A" after 1d unless purchase send "B"\n'
PLAN = compile_rules(loads(CART))


def registered(observer: PrometheusObserver) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(observer)
    return registry


def samples_of(families: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    """Values by the name and the labels, which stand in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


class Scraped:
    """An observer behind a server, and what a scrape of it gives."""

    def __init__(self, observer: PrometheusObserver) -> None:
        self.server, self._thread = start_http_server(0, addr="127.0.0.1", registry=registered(observer))

    def families(self) -> list[Metric]:
        url = f"http://127.0.0.1:{self.server.server_port}/metrics"
        request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return list(parse(response.read().decode()))

    def samples(self) -> dict[tuple[str, ...], float]:
        return samples_of(self.families())

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def observer() -> PrometheusObserver:
    return PrometheusObserver()


@pytest.fixture
def scraped(observer: PrometheusObserver) -> Iterator[Scraped]:
    server = Scraped(observer)
    yield server
    server.close()


def push(user: str, time: int) -> Event:
    return Event(user=user, type="received_push", campaign="A", time=time, id=f"{user}{time}")


def purchase(user: str, time: int) -> Event:
    return Event(user=user, type="purchase", time=time, id=f"p{user}{time}")


def test_a_scrape_tells_what_the_engine_counted(observer: PrometheusObserver, scraped: Scraped) -> None:
    engine = Engine(PLAN, lateness=1_000, observer=observer)
    engine.feed_many([push("ana", NOON), push("ana", NOON + 1), push("bob", NOON + 2), push("cid", NOON + 3)])
    engine.feed_many(
        [purchase("bob", NOON + 4), Event(user="u", type="danced", time=NOON + 5), push("old", NOON - DAY)]
    )
    engine.counts.rejected += 2
    engine.advance_to(NOON + DAY)
    engine.feed(push("dot", NOON + DAY + 500))
    assert scraped.samples() == {
        ("connrules_events_total",): 8,
        ("connrules_events_matched_total",): 5,
        ("connrules_events_late_total",): 1,
        ("connrules_events_repeated_total",): 0,
        ("connrules_events_rejected_total",): 2,
        ("connrules_events_unknown_total",): 1,
        ("connrules_outcomes_total", "sent", ""): 1,
        ("connrules_outcomes_total", "cancelled", ""): 1,
        ("connrules_outcomes_total", "ignored", "already_waiting"): 1,
        ("connrules_rule_outcomes_total", "sent", "cart"): 1,
        ("connrules_rule_outcomes_total", "cancelled", "cart"): 1,
        ("connrules_rule_outcomes_total", "ignored", "cart"): 1,
        ("connrules_users",): 1,
        ("connrules_waits",): 1,
        ("connrules_events_held_back",): 1,
        ("connrules_watermark_timestamp_seconds",): (NOON + DAY) / 1000,
        ("connrules_newest_event_timestamp_seconds",): (NOON + DAY + 500) / 1000,
    }


def test_before_any_event_there_are_counts_and_no_instants(scraped: Scraped) -> None:
    samples = scraped.samples()
    assert samples["connrules_events_total",] == samples["connrules_waits",] == 0
    assert not any("timestamp" in name for name, *_ in samples)


def test_every_metric_has_a_help_text_a_type_and_a_name_of_this_project(scraped: Scraped) -> None:
    families = scraped.families()
    assert len(families) == 13
    assert all(family.documentation.endswith(".") for family in families)
    assert all(family.name.startswith("connrules_") for family in families)
    assert {family.type for family in families} == {"counter", "gauge"}


def test_lags_are_reckoned_when_it_is_scraped() -> None:
    now = NOON
    observer = PrometheusObserver(clock=lambda: now)
    registry = registered(observer)
    engine = Engine(PLAN, lateness=60_000, observer=observer)
    assert not any("lag" in name for name, *_ in samples_of(registry.collect()))
    engine.feed(push("ana", NOON - 5_000))
    assert lags(registry) == (65, 5)
    now += 1_000
    assert lags(registry) == (66, 6)
    engine.advance_to(NOON)  # time moves on, and no event comes
    assert lags(registry) == (1, 6)


def lags(registry: CollectorRegistry) -> tuple[float, float]:
    samples = samples_of(registry.collect())
    return samples["connrules_watermark_lag_seconds",], samples["connrules_newest_event_lag_seconds",]


def test_pending_sends_at_the_end_are_no_outcomes_to_count_up(observer: PrometheusObserver, scraped: Scraped) -> None:
    engine = Engine(PLAN, observer=observer)
    engine.feed_many([push("ana", 0), push("bob", 1)])
    engine.finish()
    samples = scraped.samples()
    assert samples["connrules_waits",] == 2
    assert not any("outcomes" in name for name, *_ in samples)


def many(count: int) -> Plan:
    return compile_rules(loads("".join(f'rule r{n}: on purchase where n = {n} send "B"\n' for n in range(count))))


@pytest.mark.parametrize(("most", "named"), [(0, 0), (4, 4), (5, 5), (6, 5), (100, 5)])
def test_so_many_rules_have_rows_of_their_own_and_keep_them(most: int, named: int) -> None:
    observer = PrometheusObserver(rules=most)
    registry = registered(observer)
    engine = Engine(many(5), observer=observer)
    rows: dict[tuple[str, ...], float] = {}
    for rules in ([3], [1, 3], [0, 2], [4, 4, 4]):
        for n in rules:
            engine.feed(Event(user="u", type="purchase", time=0, properties={"n": n}))
        samples = samples_of(registry.collect())
        before, rows = rows, {key: n for key, n in samples.items() if key[0] == "connrules_rule_outcomes_total"}
        assert all(rows[key] >= n for key, n in before.items())
    assert sum(rows.values()) == 8
    assert len({rule for *_, rule in rows} - {"(others)"}) == named
    assert any(rule == "(others)" for *_, rule in rows) == (named < 5)


def test_two_observers_cannot_share_a_registry_by_accident() -> None:
    registry = registered(PrometheusObserver())
    with pytest.raises(ValueError, match="connrules_events"):
        registry.register(PrometheusObserver())


def test_a_scrape_amid_batches_sees_whole_figures() -> None:
    """Scraped without pause while another thread feeds: nothing raises, nothing goes back, and the end is right."""
    observer = PrometheusObserver(rules=1_000)
    registry = registered(observer)
    engine = Engine(many(300), observer=observer)
    done = threading.Event()

    def feed() -> None:
        for n in range(6_000):
            engine.feed(Event(user=f"u{n % 7}", type="purchase", time=n, properties={"n": n // 10 % 300}))
        done.set()

    feeding = threading.Thread(target=feed)
    feeding.start()
    scrapes, last = 0, 0.0
    while not done.is_set():
        metrics = {metric.name: metric for metric in registry.collect()}
        events = metrics["connrules_events"].samples[0].value
        assert events >= last
        assert sum(s.value for s in metrics["connrules_outcomes"].samples) == events
        scrapes, last = scrapes + 1, events
    feeding.join()
    assert scrapes > 3
    metrics = {metric.name: metric for metric in registry.collect()}
    assert len(metrics["connrules_rule_outcomes"].samples) == 300
    assert sum(s.value for s in metrics["connrules_rule_outcomes"].samples) == 6_000


WITHOUT = """
import sys
sys.modules["prometheus_client"] = sys.modules["prometheus_client.core"] = None
import connrules
connrules.Engine(connrules.Plan(rules=()))
from connrules.connectors.prometheus import PrometheusObserver
"""


def test_without_the_extra_the_import_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ImportError: metrics for Prometheus need prometheus-client; "
        "install it with: pip install 'connrules[prometheus]'"
    )
