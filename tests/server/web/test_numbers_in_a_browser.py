"""The numbers' page in a real browser: live tiles, charts that are drawn, and the same as CSV."""

import csv
from pathlib import Path
from typing import Any

import pytest
from open_server import Open
from playwright.sync_api import Page, expect
from wire_events import COULD_BE, Trip

from smartcart.server.carts import shift_book

INKS = """([chart, names]) => {
  const canvas = document.querySelector(`[data-chart=${chart}] canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
  return names.filter(name => {
    const probe = Object.assign(document.createElement("i"), { className: `ink-${name}` });
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return seen.has(color);
  });
}"""
"""Which of these inks of the page's own a chart is drawn with."""


def inks(page: Page, chart: str) -> list[str]:
    found: list[str] = page.evaluate(INKS, [chart, ["good", "soft", "warn", "brand"]])
    return found


def tile(page: Page, name: str) -> Any:
    return page.locator("#numbers-tiles div").filter(has_text=name).locator("dd")


def test_the_shift_is_drawn_and_goes_on(open_page: Open, cart: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift_book, "KEPT_SECONDS", 0.0)
    trip = Trip()
    doubt = trip.doubt("can", candidates=COULD_BE)
    cart.send_until_answered(trip.start(), trip.add("bottle", 2), trip.add("can"), trip.remove("can"), doubt)
    page = open_page("numbers")
    expect(tile(page, "Events")).to_have_text("4")
    expect(tile(page, "Uncertain")).to_have_text("25.0 %")
    assert inks(page, "events") == ["good", "soft", "warn"]
    assert inks(page, "rate") == ["warn"]
    assert inks(page, "carts") == ["brand"]
    expect(page.locator("[data-chart=settle]")).to_have_text("Nothing in these hours.")
    expect(page.locator("#numbers-top li")).to_have_text(["The bottle2"])
    page.evaluate("window.stillHere = true")
    staff = open_page("queue")
    staff.locator(".choice").first.click()
    expect(staff.get_by_text("Nothing waits for you")).to_be_visible()
    cart.send_until_answered(trip.add("can"))
    expect(tile(page, "Events")).to_have_text("5")
    expect(tile(page, "Still to settle")).to_have_text("0")
    expect(page.locator("[data-chart=settle] canvas")).to_be_visible()
    assert inks(page, "settle") == ["brand"]
    assert page.evaluate("window.stillHere")


def test_the_same_as_csv(open_page: Open, cart: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shift_book, "KEPT_SECONDS", 0.0)
    trip = Trip()
    cart.send_until_answered(trip.start(), trip.add("bottle"), trip.doubt("can", candidates=COULD_BE))
    page = open_page("numbers?hours=8")
    with page.expect_download() as found:
        page.get_by_role("link", name="CSV").click()
    assert found.value.suggested_filename == "smartcart-8-hours.csv"
    file = tmp_path / "shift.csv"
    found.value.save_as(file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 8
    assert (rows[-1]["events"], rows[-1]["uncertain"], rows[-1]["uncertain_rate"]) == ("2", "1", "0.5000")
