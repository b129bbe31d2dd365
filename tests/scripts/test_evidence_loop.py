"""Pictures as evidence, whole way: edge on the demo clip, Mosquitto, server, pages; gone with their session."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from processes import SMARTCART, Mosquitto, wait_until

from smartcart.models.dataset.truth import read_truth
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt import evidence as evidence_module
from smartcart.server.mqtt import evidence_sweep
from smartcart.server.site.entrance import Entrance

CHROMIUM = Path("/usr/bin/chromium")
DEMO = Path(__file__).parents[2] / "datasets" / "demo" / "demo.mp4"
TIMEOUT = 60_000


@pytest.fixture
def server(mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BasketServer]:
    monkeypatch.setattr(evidence_sweep, "EVERY_SECONDS", 0.2)
    monkeypatch.setattr(evidence_module, "EVENT_SECONDS", 0.0)
    options: dict[str, Any] = {"evidence": True, "entrance": Entrance(is_open=True), "port": 0}
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    with BasketServer(broker_url=mosquitto.url, ledger_url=ledger, **options) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags, timeout=TIMEOUT)
        yield running
        running.close()


def test_what_the_camera_saw_is_on_the_pages_until_its_session_is_erased(
    browser: Browser, server: BasketServer, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    zone = tmp_path / "zone.toml"
    corners = [f"{x},{y}" for x, y in read_truth(DEMO.with_suffix(".truth.json")).zone]
    calibrate = [SMARTCART, "calibrate", "--source", str(DEMO), "--zone", str(zone), "--polygon", *corners]
    subprocess.run(calibrate, check=True, capture_output=True)
    edge = [SMARTCART, "edge", "--source", str(DEMO), "--zone", str(zone), "--speed", "max", "--evidence"]
    edge += ["--broker", mosquitto.url, "--store", "s", "--cart", "c", "--outbox", str(tmp_path / "outbox.sqlite")]
    done = subprocess.run(edge, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    at = ("s", "c")
    wait_until(lambda: server.view(*at) and len(server._evidence.events_of(at)) >= 4, timeout=60)
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(f"{server.url}carts/s/c")
    item = page.locator("#cart-basket .picture img").first
    expect(item).to_be_visible(timeout=TIMEOUT)
    wide, high = item.evaluate("async e => { await e.decode(); return [e.naturalWidth, e.naturalHeight] }")
    assert 0 < high <= 320 and wide <= 3 * 320 + 2 * 8
    address = item.evaluate("e => e.src")
    expect(page.locator("#cart-timeline .glance")).to_have_count(len(server._evidence.events_of(at)))
    basket = server.basket(*at)
    assert basket
    erase = [SMARTCART, "admin", "erase", "--store", "s", "--cart", "c", "--session", basket.session]
    erase += ["--ledger", f"sqlite:///{tmp_path / 'ledger.sqlite'}"]
    subprocess.run(erase, check=True, capture_output=True)
    wait_until(lambda: page.request.get(address).status == 404, timeout=30)
    assert not server._evidence.carts()
