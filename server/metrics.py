"""What the server counts, for Prometheus: in a registry of its own, without names of carts, people or products."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from smartcart.server.carts import Carts
from smartcart.server.ledger import Outcome, Verdict

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LAG_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """One a server; safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "smartcart_events", "Events by what became of them.", ["outcome"], registry=self.registry
        )
        for outcome in Outcome:
            self._events.labels(outcome)
        self._letters = Counter("smartcart_dead_letters", "Messages that could not be taken.", registry=self.registry)
        self._lag = Histogram(
            "smartcart_commit_lag_seconds",
            "From a message's arrival to its event's commit.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self.login_failures = Counter(
            "smartcart_login_failures", "Wrong passwords and pairing codes.", registry=self.registry
        )

    def committed(self, verdicts: Sequence[Verdict], letters: int, lags: Iterable[float]) -> None:
        """Counts a batch that the ledger has taken; ``lags`` are in seconds, one for each message."""
        for verdict in verdicts:
            self._events.labels(verdict.outcome).inc()
        self._letters.inc(letters + sum(verdict.outcome is Outcome.REFUSED for verdict in verdicts))
        for lag in lags:
            self._lag.observe(lag)

    def watch(self, carts: Carts, open_pages: Callable[[], int], is_well: Callable[[], bool]) -> None:
        """Tells of these carts and pages too, as they are when somebody asks."""
        self.registry.register(_Now(carts, open_pages, is_well))

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class _Now(Collector):
    """What is looked at only when somebody asks."""

    def __init__(self, carts: Carts, open_pages: Callable[[], int], is_well: Callable[[], bool]) -> None:
        self._carts = carts
        self._open_pages = open_pages
        self._is_well = is_well

    def collect(self) -> Iterable[Metric]:
        views = self._carts.views()
        statuses = [view.status for view in views]
        known = GaugeMetricFamily("smartcart_carts", "Carts by whether they are connected.", labels=["state"])
        known.add_metric(["online"], sum(status is not None and status.online for status in statuses))
        known.add_metric(["offline"], sum(status is not None and not status.online for status in statuses))
        known.add_metric(["unheard"], sum(status is None for status in statuses))
        yield known
        depths = [status.outbox for status in statuses if status]
        yield _gauge("outbox_events", "Events that wait on the carts, as these told last.", sum(depths))
        yield _gauge("outbox_events_max", "Events that wait on the one cart where most do.", max(depths, default=0))
        full = sum(status is not None and status.outbox_full for status in statuses)
        yield _gauge("outboxes_full", "Carts that can keep no more events.", full)
        gaps = [gap for view in views if view.basket for gap in view.basket.missing]
        incomplete = sum(view.basket is not None and view.basket.incomplete for view in views)
        yield _gauge("incomplete_baskets", "Newest sessions with events that have not arrived.", incomplete)
        yield _gauge("missing_events", "Events that have not arrived.", sum(last - first + 1 for first, last in gaps))
        yield _gauge("open_pages", "Pages that keep themselves up to date.", self._open_pages())
        yield _gauge("ready", "1 while broker and ledger are there.", int(self._is_well()))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"smartcart_{name}", text, value=value)
