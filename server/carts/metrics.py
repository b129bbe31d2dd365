"""Figures of the carts' current state, for Prometheus."""

from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from smartcart.server.carts.carts import Carts


class CartMetrics(Collector):
    """Carts, pages and readiness, read only on request."""

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
        yield _gauge("outbox_events", "Events waiting on the carts, as last reported.", sum(depths))
        yield _gauge("outbox_events_max", "Events waiting on the cart with the most.", max(depths, default=0))
        full = sum(status is not None and status.outbox_full for status in statuses)
        yield _gauge("outboxes_full", "Carts that can keep no more events.", full)
        gaps = [gap for view in views if view.basket for gap in view.basket.missing]
        incomplete = sum(view.basket is not None and view.basket.incomplete for view in views)
        yield _gauge("incomplete_baskets", "Newest sessions with missing events.", incomplete)
        yield _gauge("missing_events", "Missing events.", sum(last - first + 1 for first, last in gaps))
        yield _gauge("open_pages", "Open live pages.", self._open_pages())
        yield _gauge("ready", "1 while broker and ledger are available.", int(self._is_well()))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"smartcart_{name}", text, value=value)
