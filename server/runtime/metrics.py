"""The server's metrics for Prometheus: in their own registry, without names of carts, people or products."""

from collections.abc import Collection, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LAG_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """One per server; safe to use from several threads.

    Args:
        outcomes: the possible results for an event, so that each is shown from the start.
    """

    def __init__(self, outcomes: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter("smartcart_events", "Events by result.", ["outcome"], registry=self.registry)
        for outcome in outcomes:
            self._events.labels(outcome)
        self._letters = Counter("smartcart_dead_letters", "Refused messages.", registry=self.registry)
        self._lag = Histogram(
            "smartcart_commit_lag_seconds",
            "From a message's arrival to its event's commit.",
            buckets=_LAG_BUCKETS,
            registry=self.registry,
        )
        self.login_failures = Counter(
            "smartcart_login_failures", "Wrong passwords and pairing codes.", registry=self.registry
        )

    def committed(self, outcomes: Collection[str], letters: int, lags: Iterable[float]) -> None:
        """Counts a committed batch.

        Args:
            outcomes: the result for each event.
            letters: the number of refused messages.
            lags: seconds from each message's arrival to its commit.
        """
        for outcome in outcomes:
            self._events.labels(outcome).inc()
        self._letters.inc(letters)
        for lag in lags:
            self._lag.observe(lag)

    def register(self, collector: Collector) -> None:
        """Adds figures that are read only on request."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
