"""A cart's clock is not believed: its times must exist, pages go by the server's own, and what it is off is said."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from open_server import Open
from playwright.sync_api import expect
from processes import wait_until
from wire_events import TIME, Trip, key_of, stored

from smartcart.edge.contract.events import (
    CameraHealth,
    Channel,
    ContractError,
    EventType,
    Status,
    parse_event,
    parse_status,
)
from smartcart.edge.contract.times import rfc3339
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import SessionRecords
from smartcart.server.carts.skew import ahead_by_events

NO_MOMENTS = (
    *("2026-13-45T99:99:99Z", "2026-02-29T00:00:00Z", "2026-04-31T12:00:00Z", "0000-01-01T00:00:00Z"),
    *("2026-01-01T24:00:01Z", "2026-06-30T23:59:60Z", "2026-01-01T12:60:00Z"),
)
WRONG_CLOCKS = [
    ("1970-01-01T00:00:03Z", r"Clock 5\d years behind"),
    ("2099-01-01T00:00:00Z", r"Clock \d\d years ahead"),
]


@pytest.mark.parametrize("time", NO_MOMENTS)
def test_a_time_that_does_not_exist_is_refused_in_events_and_statuses(time: str) -> None:
    event = Trip().event(EventType.SESSION_STARTED, initial={}, time=time)
    with pytest.raises(ContractError, match="not an existing date and time") as refused:
        parse_event(event.to_bytes())
    assert refused.value.event_id == event.id
    with pytest.raises(ContractError, match="not an existing date and time"):
        parse_status(Status(online=True, time=time).to_bytes())


@pytest.mark.parametrize("time", ["2024-02-29T23:59:59.123456789Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_a_time_that_exists_is_taken(time: str) -> None:
    assert parse_event(Trip().add("can", time=time).to_bytes()).time == time


@pytest.mark.parametrize("time", ["1970-01-01T00:00:03Z", "2099-01-01T00:00:00Z"])
def test_a_basket_knows_the_servers_times_alone(time: str) -> None:
    trip = Trip()
    told = [trip.start(cup=1), trip.remove("jar"), trip.doubt("can"), trip.end()]
    basket = fold(
        SessionRecords(
            key=key_of(trip),
            events=[stored(parse_event(e.to_bytes().replace(TIME.encode(), time.encode()))) for e in told],
        )
    )
    assert {basket.started_at, basket.ended_at, basket.uncertain[0].time, basket.discrepancies[0].time} == {TIME}


def test_what_waited_in_an_outbox_is_no_wrong_clock() -> None:
    now, trip = datetime.fromisoformat(TIME), Trip()

    def ahead(*days: float) -> float | None:
        return ahead_by_events(stored(trip.add("can", time=rfc3339(now + timedelta(days=d)))) for d in days)

    assert ahead(-3, -2) is None
    assert ahead(-3, 0.5) == 43_200
    assert ahead(-30, -20) == -20 * 86_400
    assert ahead() is None


@pytest.mark.parametrize(("time", "words"), WRONG_CLOCKS)
def test_a_wrong_clock_is_said_and_lengths_are_right_on_every_page(
    open_page: Open, cart: Any, time: str, words: str
) -> None:
    trip = Trip()
    cart.send_until_answered(
        trip.event(EventType.SESSION_STARTED, initial={}, time=time), trip.add("bottle", time=time)
    )
    cart.raw(Status(online=True, time=time, camera=CameraHealth.OK).to_bytes(), cart.topic(Channel.STATUS), retain=True)
    year = time[:4]
    for place in ("", "carts/store-1/cart-1"):
        page = open_page(place)
        expect(page.locator(".chip").filter(has_text=re.compile(words))).to_be_visible()
        expect(page.locator("time[data-since]").first).to_have_text(re.compile(r"^(\d+ s|[0-9] min)$"))
        assert "NaN" not in page.locator("body").inner_text()
        shown = page.evaluate("[...document.querySelectorAll('time')].map(t => t.dateTime)")
        assert shown
        assert not [at for at in shown if at.startswith(year)]


def test_a_status_says_how_far_a_clock_is_off_to_the_hour(server: BasketServer, cart: Any) -> None:
    for hours in (0, -2, 3, 0):

        def is_seen(off: timedelta = timedelta(hours=hours)) -> bool:
            """Tells it again each time: what came before the server had subscribed says nothing of a clock."""
            told = Status(online=True, time=rfc3339(datetime.now(UTC) + off))
            cart.raw(told.to_bytes(), cart.topic(Channel.STATUS), retain=True)
            time.sleep(0.2)
            view = server.view("store-1", "cart-1")
            return view is not None and view.ahead is not None and abs(view.ahead - off.total_seconds()) < 60

        wait_until(is_seen, timeout=60)
