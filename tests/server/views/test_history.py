"""History finds sessions by day, also beside one of which nothing can be read, and takes any day that is asked for."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from wire_events import Trip, stored

from smartcart.server.access.audit import AuditLog
from smartcart.server.checkout.payments import Payments
from smartcart.server.database.database import open_database
from smartcart.server.ledger.address import open_ledger
from smartcart.server.views.history import FIRST_DAY, LAST_DAY, History, Wanted
from smartcart.server.web.history import chosen_day

DAYS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A cart with a session each day; nothing of the second day's can be read."""
    file = tmp_path / "l.sqlite"
    ledger = open_ledger(f"sqlite:///{file}")
    for number, day in enumerate(DAYS, 1):
        trip = Trip(cart=f"cart-{number}")
        told = [stored(event) for event in (trip.start(), trip.add("can"))]
        ledger.commit([replace(event, stored_at=f"{day}T10:00:00.000Z") for event in told])
    with sqlite3.connect(file) as db:
        assert db.execute("UPDATE events SET message = x'6a756e6b' WHERE cart = 'cart-2'").rowcount == 2
    db.close()
    office = open_database(f"sqlite:///{tmp_path / 'office.sqlite'}")
    yield History(ledger, Payments(office, AuditLog(office)), ZoneInfo("UTC"), lambda amount, _: str(amount))
    ledger.close()
    office.close()


def carts_of(history: History, day: date) -> list[str]:
    return [past.basket.cart for past in history.find(Wanted(day=day)).sessions]


def test_a_session_of_which_nothing_can_be_read_hides_no_older_one(history: History) -> None:
    assert carts_of(history, DAYS[0]) == ["cart-1"]
    assert carts_of(history, DAYS[2]) == ["cart-3"]
    assert [past.basket.cart for past in history.find(Wanted()).sessions] == ["cart-3", "cart-2", "cart-1"]


@pytest.mark.parametrize("text", ["", "0001-01-01", "1969-12-31", "9999-12-31", "2026-02-30", "today", "\x00" * 10])
def test_a_day_that_is_none_finds_sessions_of_any_day(text: str) -> None:
    assert chosen_day(text) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_the_first_and_the_last_day_are_days_in_every_zone(history: History, zone: str) -> None:
    history._zone = ZoneInfo(zone)
    assert [chosen_day(str(day)) for day in (FIRST_DAY, LAST_DAY)] == [FIRST_DAY, LAST_DAY]
    assert carts_of(history, FIRST_DAY) == []
    assert carts_of(history, LAST_DAY) == []
