"""The demo as a user starts it, up to the page in a real browser."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from processes import SMARTCART, free_port, wait_until

CHROMIUM = Path("/usr/bin/chromium")
DEMO = [SMARTCART, "demo", "--headless"]

CARTON, BOTTLE, CAN, APPLE = "Drink carton 1 l", "Bottled drink 0.5 l", "Canned drink 330 ml", "Apple, piece"
BASKETS = [[], [CARTON], [CARTON, BOTTLE], [CARTON, BOTTLE, CAN], [CARTON, CAN], [CARTON, CAN, APPLE]]

NOTE_BASKETS = """() => {
    window.baskets = [];
    const note = () => {
        const cells = [...document.querySelectorAll("article tbody tr td:nth-of-type(3)")];
        const basket = cells.map(cell => cell.textContent.replace(/\\s+/g, " ").trim());
        if (JSON.stringify(basket) !== JSON.stringify(window.baskets.at(-1))) window.baskets.push(basket);
    };
    note();
    new MutationObserver(note).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


@pytest.fixture
def demo_page() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The demo playing at real speed; gives the process and the page's address."""
    port = free_port()
    process = subprocess.Popen([*DEMO, "--port", str(port)], stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}/"
    wait_until(lambda: answers(port), timeout=60)
    yield process, url
    if process.poll() is None:
        process.kill()
    process.communicate()


def answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_the_demos_basket_equals_the_clips_truth() -> None:
    done = subprocess.run(
        [*DEMO, "--once", "--speed", "max", "--port", "0", "--json"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["exact"] is True
    assert told["basket"] == told["expected"]
    assert told["events"] >= 6
    assert told["total_minor"] > 0
    assert told["currency"] == "EUR"
    assert told["unpriced"] == 0


def test_ctrl_c_stops_everything_cleanly(demo_page: tuple[subprocess.Popen[str], str]) -> None:
    process, url = demo_page
    assert urlopen(url, timeout=10).status == 200
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "stopped" in errors


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([*DEMO, "--port", port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")
def test_the_trip_is_watched_from_its_first_item_to_its_last(demo_page: tuple[subprocess.Popen[str], str]) -> None:
    from playwright.sync_api import expect, sync_playwright

    _, url = demo_page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url, wait_until="commit", timeout=30_000)
        expect(page.get_by_text("demo-cart", exact=True)).to_be_visible(timeout=30_000)
        picture = page.locator("img[src*='live.mjpg']")
        expect(picture).to_be_visible(timeout=30_000)
        expect(picture).to_have_js_property("naturalWidth", 640, timeout=30_000)
        page.evaluate("window.stillHere = true")
        page.evaluate(NOTE_BASKETS)
        basket = page.get_by_role("article").locator("tbody tr td:nth-of-type(3)")
        expect(basket).to_have_text(BASKETS[-1], timeout=180_000)
        seen = page.evaluate("window.baskets")
        assert len(seen) >= 3, "it was watched, not only found at its end"
        assert [BASKETS.index(one) for one in seen] == sorted({BASKETS.index(one) for one in seen})
        assert page.evaluate("window.stillHere")
        assert all(address.startswith(("http://127.0.0.1:", "data:")) for address in asked)
        browser.close()
