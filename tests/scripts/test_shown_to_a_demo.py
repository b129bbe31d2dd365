"""A real demo whose camera is a stream: a product that is turned there is taught, a code that is held there is read."""

import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray
from playwright.sync_api import Page, expect, sync_playwright
from processes import SMARTCART, free_port, wait_until

from smartcart.edge.gallery.gallery_file import Gallery

CHROMIUM = Path("/usr/bin/chromium")
RATE = 10.0
SIDE = 240
VIEWS = 12
EAN = "4006381333931"
CODE = -1
"""The code, as the last of the turntable's products."""

Pictures = NDArray[np.uint8]


class Turntable:
    """A network camera over an empty basket, before which a product is turned whenever a test says so."""

    def __init__(self, views: Pictures) -> None:
        rng = np.random.default_rng(1)
        coarse = rng.integers(120, 150, (12, 16, 3), np.uint8)
        empty = np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)
        self._empty = [jpeg(cv2.add(empty, (shade,) * 4)) for shade in range(4)]  # no two pictures are the same
        self._turned = [[jpeg(held_before(empty, view)) for view in product] for product in views]
        self._turned.append([jpeg(code_before(empty, EAN))])
        self.product: int | None = None
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for number in range(100_000):
                        picture = camera.picture(number)
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                        self.wfile.write(head.encode() + picture + b"\r\n")
                        time.sleep(1 / RATE)
                except ConnectionError:
                    pass  # the watcher left

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/live.mjpg"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def picture(self, number: int) -> bytes:
        shown = self._empty if self.product is None else self._turned[self.product]
        return shown[number % len(shown)]


def held_before(empty: Pictures, view: Pictures) -> Pictures:
    """A picture with a product's view in the middle."""
    image, opaque = empty.copy(), view[..., 3:] / 255
    at = image[120 : 120 + SIDE, 200 : 200 + SIDE]
    at[:] = (at * (1 - opaque) + view[..., 2::-1] * opaque).astype(np.uint8)
    return image


def code_before(empty: Pictures, number: str) -> Pictures:
    """A picture with an EAN-13 whose thinnest bars are 2 pixels wide."""
    image = empty.copy()
    made = zxingcpp.create_barcode(number, zxingcpp.BarcodeFormat.EAN13)
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=2))[:110]
    image[180 : 180 + len(bars), 200 : 200 + bars.shape[1]] = bars[..., None]
    return image


def jpeg(image: Any) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture(scope="module")
def turntable() -> Iterator[Turntable]:
    """With two products."""
    turned = pytest.importorskip("smartcart.datasets.output.turntable", exc_type=ImportError)
    from smartcart.datasets.errors import RenderingError

    try:
        views = turned.turned(turned.shelf("train", 0)[:2], VIEWS, SIDE, np.random.default_rng(0))
    except RenderingError as error:
        pytest.skip(str(error))
    camera = Turntable(views)
    yield camera
    camera.server.shutdown()
    camera.server.server_close()


@pytest.fixture(scope="module")
def demo(turntable: Turntable) -> Iterator[str]:
    """The address of a demo that looks through this camera."""
    port = free_port()
    command = [SMARTCART, "demo", "--headless", "--source", turntable.url, "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_until(lambda: is_online(url), timeout=120)
        yield url
    finally:
        process.kill()
        process.wait()


def is_online(url: str) -> bool:
    try:
        carts = httpx.get(f"{url}api/v1/carts", timeout=20).json()
    except httpx.TransportError:
        return False
    return any(cart["online"] and cart["state"] == "open" for cart in carts)


@pytest.fixture
def page(demo: str) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags, timeout=60_000)
        page = browser.new_page(base_url=demo)
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


def teach(page: Page, turntable: Turntable, name: str, product: int) -> None:
    """From the catalogue to what was learnt."""
    page.goto("catalogue", wait_until="commit")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Teach", exact=True).click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".says h3")).to_have_text("Hold the product before the camera.")
    turntable.product = product
    expect(page.locator(".ring circle.on").nth(5)).to_be_attached()
    turntable.product = None
    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".says h3")).to_contain_text("Learnt from")


def test_two_products_are_taught_and_nothing_is_charged(page: Page, demo: str, turntable: Turntable) -> None:
    teach(page, turntable, "Bottled drink 0.5 l", 0)
    picture = page.locator("img[src*='live.mjpg']")
    expect(picture).to_have_js_property("naturalWidth", 640)
    expect(page.locator("#teach-near")).to_contain_text("the first product that was taught")
    teach(page, turntable, "Canned drink 330 ml", 1)
    expect(page.locator(".near li")).to_have_count(1)
    expect(page.locator(".near li")).to_contain_text("Bottled drink 0.5 l")
    gallery = Gallery.from_bytes(httpx.get(f"{demo}api/v1/gallery", timeout=20).content)
    assert sorted(product.name for product in gallery.products) == ["Bottled drink 0.5 l", "Canned drink 330 ml"]
    events = httpx.get(f"{demo}api/v1/carts/demo-store/demo-cart/events", timeout=20).json()
    assert [e["event"]["type"] for e in events] == ["session_started"], "nothing that was turned is charged"


def test_a_code_before_the_carts_camera_is_read_when_its_screen_asks(
    page: Page, demo: str, turntable: Turntable
) -> None:
    water = {"sku": "WATER", "gtin": EAN, "name": "Mineral water 1 l", "price": 99, "labels": []}
    assert httpx.put(f"{demo}api/v1/catalogue/product", json=water, timeout=20).status_code == 201
    page.goto("cart/demo-store/demo-cart", wait_until="commit")
    page.get_by_role("button", name="Scan").click()
    add = page.get_by_role("dialog")
    expect(add.get_by_label("Number under the bars")).to_be_visible()
    turntable.product = CODE
    expect(add).to_contain_text("Mineral water 1 l")
    turntable.product = None
    add.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".things li")).to_contain_text("Mineral water 1 l")
