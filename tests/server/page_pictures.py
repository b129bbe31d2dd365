"""Makes the documents' pictures (`scripts/pictures`): each page at three widths in light and dark, and the demo.

It is no test, and pytest runs it by its name alone: it has what the tests have, a real broker, server and browser.
"""

import base64
import io
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from open_server import open_server
from PIL import Image
from playwright.sync_api import Browser, Page
from processes import SMARTCART, free_port, wait_until
from staged_store import a_morning, carts_at_work

from smartcart.models.labels import ITEMS
from smartcart.server.app.service import BasketServer
from smartcart.server.catalogue.file import DEFAULT_CATALOGUE, load_catalogue
from smartcart.server.ledger.address import open_ledger
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

PICTURES = Path(__file__).parents[2] / ".github"
SIZES = ((1440, 900), (768, 900), (360, 900))
LENGTH = 34  # seconds of the demo, nearly its clip
SCALE, GAP, GROUND = 0.5, 16, "#8a948f"
ALL_SHOWN = """() => Promise.all([...document.images]
  .filter(image => image.checkVisibility() && image.getBoundingClientRect().top < innerHeight)
  .map(image => image.decode().catch(() => null)))"""  # those further down are not even asked for


@pytest.mark.timeout(1800)
def test_pictures(browser: Browser, fake_carts: Any, tmp_path: Path) -> None:
    address, catalogue = f"sqlite:///{tmp_path / 'ledger.sqlite'}", load_catalogue(DEFAULT_CATALOGUE)
    ledger = open_ledger(address)
    a_morning(ledger, catalogue)
    ledger.close()
    more: dict[str, Any] = {"catalogue": catalogue, "evidence": True, "labels": ITEMS}
    with EmbeddedBroker(port=0) as broker, open_server(broker, address, **more) as server:
        sessions = carts_at_work(lambda **named: fake_carts(broker.url, **named))
        for name, place in pages_of(server, sessions).items():
            rows = [[shot(browser, server.url + place, size, scheme) for size in SIZES] for scheme in ("light", "dark")]
            sheet(rows).save(PICTURES / f"page_{name}.webp", quality=70, method=6)


def pages_of(server: BasketServer, sessions: dict[str, str]) -> dict[str, str]:
    """Has one basket closed and another paid, and says where everything is to be seen."""
    with httpx.Client(base_url=f"{server.url}api/v1/checkouts/store-1/", timeout=60) as till:
        for cart in ("cart-03", "cart-16"):
            till.post(f"{cart}/{sessions[cart]}/close").raise_for_status()
        till.post(f"cart-16/{sessions['cart-16']}/payment", json={"means": "pays"}).raise_for_status()
    return {
        "carts": "",
        "cart": "carts/store-1/cart-07",
        "queue": "queue",
        "screen": "cart/store-1/cart-07",
        "checkout": f"checkout/store-1/cart-03/{sessions['cart-03']}",
        "numbers": "numbers",
    }


@pytest.mark.timeout(600)
def test_demo(browser: Browser) -> None:
    """The demo as it plays, as an animation at its own pace."""
    port = free_port()
    process = subprocess.Popen([SMARTCART, "demo", "--headless", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), timeout=120)
        page = browser.new_page(viewport={"width": 1180, "height": 640}, color_scheme="light")
        page.goto(f"http://127.0.0.1:{port}/", wait_until="commit", timeout=60_000)
        page.wait_for_function("document.querySelector('img[src*=\"live.mjpg\"]')?.naturalWidth == 640", timeout=60_000)
        shown = watched(page, LENGTH)
    finally:
        process.kill()
        process.wait()
    first, *rest = shown
    pace = int(1000 * LENGTH / len(shown))
    first.save(PICTURES / "demo.webp", save_all=True, append_images=rest, duration=pace, loop=0, quality=50, method=4)


def watched(page: Page, seconds: float) -> list[Image.Image]:
    """What the page draws in so long, about twice a second; a screenshot would wait for the live picture to rest."""
    cast = page.context.new_cdp_session(page)
    shown: list[tuple[float, Image.Image]] = []

    def take(frame: dict[str, Any]) -> None:
        cast.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        if not shown or time.monotonic() - shown[-1][0] >= 0.5:
            shown.append((time.monotonic(), reduced(base64.b64decode(frame["data"]))))

    cast.on("Page.screencastFrame", take)
    cast.send("Page.startScreencast", {"format": "png"})
    page.wait_for_timeout(1000 * seconds)
    cast.detach()
    return [picture for _, picture in shown]


def answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def reduced(picture: bytes) -> Image.Image:
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    return whole.resize((int(whole.width * 0.7), int(whole.height * 0.7)), Image.Resampling.LANCZOS)


def shot(browser: Browser, address: str, size: tuple[int, int], scheme: Any) -> Image.Image:
    viewport: Any = {"width": size[0], "height": size[1]}
    is_small = size[0] < 1000
    more: dict[str, Any] = {"reduced_motion": "reduce", "has_touch": is_small, "is_mobile": is_small}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, **more)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address, wait_until="load")
    page.wait_for_selector("body.moving")
    page.evaluate(ALL_SHOWN)
    whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return whole.resize((int(whole.width * SCALE), int(whole.height * SCALE)), Image.Resampling.LANCZOS)


def sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """Rows of pictures of one height, one below the other."""
    wide = GAP + sum(shot.width + GAP for shot in rows[0])
    high = GAP + sum(row[0].height + GAP for row in rows)
    whole, y = Image.new("RGB", (wide, high), GROUND), GAP
    for row in rows:
        x = GAP
        for one in row:
            whole.paste(one, (x, y))
            x += one.width + GAP
        y += row[0].height + GAP
    return whole
