"""A store's time zone: which it is, and what its pages show of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from open_server import TIMEOUT, open_server
from playwright.sync_api import Browser, expect
from watched_pages import watched_pages
from wire_events import Trip

from smartcart.scripts.main import main
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime import zone as zones
from smartcart.server.runtime.zone import UTC_ZONE, TimeZoneError, hour_of, hours_to, mark, store_zone
from smartcart.server.views.templating import Templates


@pytest.mark.parametrize(("tz", "name"), [("Asia/Kolkata", "Asia/Kolkata"), (":Europe/Berlin", "Europe/Berlin")])
def test_without_a_setting_it_is_the_machines(monkeypatch: pytest.MonkeyPatch, tz: str, name: str) -> None:
    monkeypatch.setenv("TZ", tz)
    assert store_zone(None).key == name
    assert store_zone("America/New_York").key == "America/New_York"


def test_the_machines_is_read_from_its_link_or_from_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("TZ", raising=False)
    link, name = tmp_path / "localtime", tmp_path / "timezone"
    monkeypatch.setattr(zones, "_LINK", link)
    monkeypatch.setattr(zones, "_NAME", name)
    assert store_zone(None) == UTC_ZONE
    name.write_text("Asia/Kathmandu\n")
    assert store_zone(None).key == "Asia/Kathmandu"
    link.symlink_to("/usr/share/zoneinfo/Europe/Lisbon")
    assert store_zone(None).key == "Europe/Lisbon"


def test_a_machine_whose_zone_has_no_name_shows_utc_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TZ", "XYZ-5:30")
    assert store_zone(None) == UTC_ZONE
    assert "give --time-zone" in caplog.text


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc/passwd", "a\0b", "Europe"])
def test_a_zone_that_does_not_exist_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TimeZoneError, match="give one such as Europe/Berlin"):
        store_zone(name)
    assert main(["server", "--broker", "mqtt://127.0.0.1:1", "--ledger", "memory:", "--time-zone", name]) == 2
    assert "there is no time zone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Pacific/Chatham", "2026-04-04T15:30:00Z", "01:00 02:00 03:00 +1345 03:00 +1245 04:00"),
        ("Australia/Lord_Howe", "2026-04-04T16:10:00Z", "22:00 23:00 00:00 01:00 02:00"),
        ("Africa/Casablanca", "2026-02-15T02:30:00Z", "00:00 01:00 02:00 +01 02:00 +00"),
        ("Antarctica/Troll", "2026-10-25T02:30:00Z", "01:00 +02 02:00 +02 01:00 +00 02:00 +00"),
        ("Asia/Kathmandu", "2026-02-15T04:30:00Z", "08:00 09:00 10:00"),
    ],
)
def test_every_moment_lies_in_one_of_the_hours_wherever_the_clocks_are_set(zone: str, now: str, hours: str) -> None:
    place, end = ZoneInfo(zone), datetime.fromisoformat(now)
    begins = hours_to(end, 12, place)
    assert " ".join(mark(begin, "%H:%M") for begin in begins).endswith(hours)
    moment = begins[0].astimezone(UTC)
    while moment <= end:
        assert hour_of(moment, place).timestamp() in {begin.timestamp() for begin in begins}
        moment += timedelta(minutes=5)


def test_a_name_of_the_machines_zone_that_cannot_be_read_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(zones, "_LINK", tmp_path / "localtime")
    monkeypatch.setattr(zones, "_NAME", tmp_path / "timezone")
    (tmp_path / "timezone").write_bytes(b"Europe/\xff")
    assert store_zone(None) == UTC_ZONE


def test_what_the_clocks_tell_twice_has_its_zone_behind_it() -> None:
    pages = Templates(currency=None, is_open=True, zone=ZoneInfo("Europe/Berlin"))
    told = pages.environment.from_string("{% for t in times %}{{ t | minute }},{{ t | day }};{% endfor %}")
    times = ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z", "2026-10-25T02:30:00.000Z"]
    assert told.render(times=times) == (
        "2026-10-25 02:30 CEST,2026-10-25 02:30 CEST;"
        "2026-10-25 02:30 CET,2026-10-25 02:30 CET;2026-10-25 03:30,2026-10-25 03:30;"
    )


@contextmanager
def pages_of(browser: Browser, name: str, fake_carts: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The pages of a store of this zone with a bottle in a cart."""
    with EmbeddedBroker(port=0) as broker, open_server(broker, zone=ZoneInfo(name)) as server:
        trip = Trip()
        fake_carts(broker.url).send_until_answered(trip.start(), trip.add("bottle"))
        with watched_pages(browser, server.url, timeout=TIMEOUT, refusal=409) as new_page:
            yield new_page


@pytest.mark.parametrize("name", ["Asia/Kolkata", "America/St_Johns", "Pacific/Chatham"])
def test_every_hour_of_the_numbers_is_a_whole_one(browser: Browser, fake_carts: Any, name: str) -> None:
    with pages_of(browser, name, fake_carts) as new_page:
        page = new_page()
        page.goto("numbers", wait_until="commit")
        expect(page.get_by_text(f"Times of {name}")).to_be_visible()
        hours = page.evaluate("[...document.querySelectorAll('[data-hour]')].map(row => row.dataset.hour)")
        assert len(hours) == 12
        assert all(hour.split()[1].endswith(":00") for hour in hours), hours
        told = page.request.get("api/v1/numbers").json()
        assert told["time_zone"] == name
        assert told["hours"][-1]["added"] == 1
