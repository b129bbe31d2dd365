"""The page Teach in a real browser, with carts whose answers are scripted: every state, and what may go wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from open_server import Open, open_server
from playwright.sync_api import Page, expect
from processes import wait_until
from sqlalchemy import text
from wire_events import Trip

from smartcart.edge.contract.events import Channel, Command, Status
from smartcart.edge.contract.lesson import LessonReport
from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Floats, Gallery
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.clock import utc_now

EMBEDDING = Embedding(id="0123456789ab", like=0.5, sharpness=20.0)
TESTER = Actor(name="tester", via="command")


def views(seed: int, count: int = 4) -> Floats:
    rows = np.random.default_rng(seed).normal(size=(count, 64)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def alone(sku: str, seed: int, embedding: Embedding = EMBEDDING) -> Gallery:
    product = Enrolled(sku=sku, name=f"The {sku.lower()}", labels=("jar",), prototypes=views(seed))
    return Gallery(store="store-1", version=1, embedding=embedding, products=(product,))


class Pupil:
    """A cart that can be taught, which reports what a test tells it to."""

    def __init__(self, cart: Any) -> None:
        self._cart = cart
        self.status()

    def status(self, *, online: bool = True, teaching: bool | None = False) -> None:
        told = Status(online=online, time=utc_now(), teaching=teaching)
        self._cart.raw(told.to_bytes(), self._cart.topic(Channel.STATUS), retain=True)

    def asked(self, action: str) -> Command:
        """The newest command of this kind; waits for the first."""
        wait_until(lambda: any(command.action == action for command in self._cart.commands), timeout=60)
        return [command for command in self._cart.commands if command.action == action][-1]

    def report(self, state: Any = "teaching", **told: Any) -> None:
        report = LessonReport(lesson=self.asked("teach").lesson or "", state=state, **told)
        self._cart.raw(report.to_bytes(), self._cart.topic(Channel.LESSON))

    def learnt(self, gallery: Gallery) -> None:
        self.report("learnt", progress=1.0, views=24, gallery=gallery.to_bytes())


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    """One store for all of these tests; each has carts and a product of its own."""
    with EmbeddedBroker(port=0) as broker, open_server(broker) as running:
        yield running


@pytest.fixture
def broker_url(server: BasketServer) -> str:
    return str(server._address)


@pytest.fixture
def pupil(broker_url: str, fake_carts: Any, request: pytest.FixtureRequest) -> Iterator[Pupil]:
    """A cart named after its test, which is gone before the next."""
    made = Pupil(fake_carts(broker_url, cart=f"cart-{abs(hash(request.node.name)) % 10000}"))
    yield made
    made.status(online=False)


def choose(page: Page, pupil: Pupil) -> None:
    page.locator("select[name=cart]").select_option(label=pupil._cart.cart)
    page.get_by_role("button", name="Start").or_(page.get_by_role("button", name="Teach again")).click()


def lit(page: Page) -> int:
    return page.locator(".ring circle.on").count()


def test_a_product_is_taught_from_the_catalogue_and_removed_again(
    open_page: Open, server: BasketServer, pupil: Pupil
) -> None:
    server._galleries.enrol("HONEY", alone("HONEY", seed=1), TESTER)
    page = open_page("catalogue/teach?sku=JAM")
    expect(page.get_by_role("heading", name="Teach The jar")).to_be_visible()
    choose(page, pupil)
    expect(page.locator(".says")).to_contain_text(f"Asking {pupil._cart.cart}")
    assert (pupil.asked("teach").sku, lit(page)) == ("JAM", 0)
    pupil.report(progress=0.5, views=10, says="turn it to a side that was not seen yet")
    expect(page.locator(".says h3")).to_have_text("Turn it to a side that was not seen yet.")
    assert lit(page) == 10
    page.get_by_role("button", name="Finish").click()
    assert pupil.asked("teach_end").keep
    pupil.learnt(alone("JAM", seed=2))
    expect(page.locator(".says h3")).to_have_text("Learnt from 24 views")
    assert lit(page) == 20
    expect(page.locator("#teach-near")).to_contain_text("told apart from every other product")
    expect(page.locator(".near li")).to_have_count(1)
    expect(page.locator(".near li")).to_contain_text("looks different")
    page.goto("catalogue/product?sku=JAM")
    looks = page.locator("section").filter(has=page.get_by_role("heading", name="Looks"))
    expect(looks).to_contain_text("4 prototypes from 24 views, taught by anybody here")
    looks.get_by_role("button", name="Remove what was learnt").click()
    expect(looks).to_contain_text("No cart knows it by its looks yet")
    assert b"JAM" not in server._galleries.now.payload  # type: ignore[union-attr]
    told = [(e.action, e.subject, e.actor) for e in server._doors.audit.entries(2)]
    assert told == [("product unenrolled", "JAM", "anybody here"), ("product enrolled", "JAM", "anybody here")]


def test_a_product_that_looks_the_same_as_another_says_what_to_do(
    open_page: Open, server: BasketServer, pupil: Pupil
) -> None:
    server._galleries.enrol("HONEY", alone("HONEY", seed=3), TESTER)
    server._galleries.enrol("JAM", alone("JAM", seed=4), TESTER)
    page = open_page("catalogue/teach?sku=JAM")
    choose(page, pupil)
    pupil.learnt(alone("JAM", seed=3))
    near = page.locator("#teach-near")
    expect(near).to_contain_text("looks the same as The honey")
    expect(page.locator(".says")).to_contain_text("What was learnt before is replaced")
    expect(near.get_by_role("link", name="Same product?")).to_have_attribute("href", "/catalogue/product?sku=HONEY")
    near.get_by_role("link", name="Add the barcode", exact=True).click()
    expect(page.get_by_label("GTIN (EAN)")).to_be_visible()
    assert page.url.endswith("/catalogue/product?sku=JAM#gtin")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"state": "refused", "says": "only 1 usable views; most often: two items: hold one product alone"}, "Only 1"),
        ({"state": "refused", "says": "somebody else is teaching with this cart"}, "Somebody else"),
    ],
    ids=["too few views", "a cart that another server teaches"],
)
def test_why_nothing_was_learnt_is_said(open_page: Open, pupil: Pupil, told: dict[str, Any], words: str) -> None:
    page = open_page("catalogue/teach?sku=CAN")
    choose(page, pupil)
    pupil.report(**told)
    expect(page.locator(".says .mark.bad")).to_contain_text(words)
    expect(page.get_by_role("button", name="Teach again")).to_be_enabled()


def test_a_gallery_of_another_embedding_is_refused_and_the_old_one_stays(
    open_page: Open, server: BasketServer, pupil: Pupil
) -> None:
    version = server._galleries.enrol("HONEY", alone("HONEY", seed=1), TESTER)
    page = open_page("catalogue/teach?sku=CAN")
    choose(page, pupil)
    pupil.learnt(alone("CAN", seed=9, embedding=Embedding(id="other", like=0.5, sharpness=9.0)))
    expect(page.locator(".says .mark.bad")).to_contain_text("give the cart that model")
    assert server._galleries.now.pointer.version == version  # type: ignore[union-attr]


def test_a_cart_that_goes_offline_ends_its_lesson(open_page: Open, pupil: Pupil) -> None:
    page = open_page("catalogue/teach?sku=CAN")
    choose(page, pupil)
    pupil.report(progress=0.2, views=4, says="go on turning it")
    pupil.status(online=False)
    expect(page.locator(".says .mark.bad")).to_contain_text(f"Nothing was learnt: {pupil._cart.cart} went offline")
    pupil.status()
    expect(page.get_by_role("button", name="Teach again")).to_be_visible()


def test_carts_that_cannot_be_taught_say_why(
    open_page: Open, broker_url: str, fake_carts: Any, pupil: Pupil, server: BasketServer
) -> None:
    old, shopping = (Pupil(fake_carts(broker_url, cart=name)) for name in ("cart-old", "cart-shopping"))
    old.status(teaching=None)
    trip = Trip(cart="cart-shopping")
    shopping._cart.send_until_answered(trip.start(), trip.add("can", 2))
    page = open_page("catalogue/teach?sku=CAN")
    now = page.locator("#teach-now")
    expect(now).to_contain_text("cart-old: this cart's program is too old to be taught: update it.")
    expect(now).to_contain_text("cart-shopping: somebody shops with this cart: its basket has 2 items")
    assert page.locator("option:not(:disabled)").all_text_contents() == [pupil._cart.cart], "and it is preselected"
    other = open_page("catalogue/teach?sku=HONEY")
    choose(page, pupil)
    expect(other.locator("#teach-now")).to_contain_text("anybody here is teaching with this cart")
    answer = page.request.post(
        "catalogue/teach/start", form={"sku": "HONEY", "cart": f"store-1/{pupil._cart.cart}"}, headers=token_of(page)
    )
    assert (answer.status, "is teaching with this cart" in answer.text()) == (409, True)
    for cart in (old, shopping):
        cart.status(online=False)


def token_of(page: Page) -> dict[str, str]:
    told: dict[str, str] = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers:inherited'))")
    return told | {"HX-Request": "true"}


def test_a_server_that_cannot_write_loses_nothing(open_page: Open, server: BasketServer, pupil: Pupil) -> None:
    page = open_page("catalogue/teach?sku=BOTTLE")
    choose(page, pupil)
    pupil.asked("teach")
    let_write(server, False)
    pupil.learnt(alone("BOTTLE", seed=7))
    expect(page.locator(".says .mark.bad")).to_contain_text("make room on its disk, then save it")
    page.get_by_role("button", name="Save it").click()
    expect(page.locator("#said")).to_contain_text("still cannot save it")
    let_write(server, True)
    page.get_by_role("button", name="Save it").click()
    expect(page.locator(".says h3")).to_have_text("Learnt from 24 views")
    assert server._galleries.product("BOTTLE")


def let_write(server: BasketServer, may: bool) -> None:
    """As a disk that is full does: SQLite refuses every write."""
    with server._galleries._office.reading() as connection:
        connection.execute(text(f"PRAGMA query_only = {'OFF' if may else 'ON'}"))
