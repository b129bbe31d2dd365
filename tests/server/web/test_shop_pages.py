"""Catalogue, checkout, receipt and door in a real browser."""

import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from wire_events import CATALOGUE, Trip, product

from smartcart.server.app.service import BasketServer
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Unit
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

TIMEOUT = 60_000
SHELF = Catalogue([*CATALOGUE.products, product("apple", 349, unit=Unit.KG, tax_rate=700)])
HEADER = "sku,gtin,label,name,price,currency,unit,tax\n"


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    options: dict[str, Any] = {"ledger_url": "memory:", "catalogue": SHELF, "entrance": Entrance(is_open=True)}
    options["labels"] = ("bottle", "can", "jar", "bread")
    with EmbeddedBroker(port=0) as broker, BasketServer(broker_url=broker.url, port=0, **options) as running:
        yield running


@pytest.fixture
def context(browser: Browser, server: BasketServer) -> Iterator[BrowserContext]:
    """Pages that must not complain but of an answer that is a refusal, nor ask anybody else."""
    opened = browser.new_context(base_url=server.url)
    opened.set_default_timeout(TIMEOUT)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("weberror", lambda error: complaints.append(str(error.error)))
    opened.on(
        "request", lambda request: complaints.append(request.url) if not request.url.startswith(server.url) else None
    )
    yield opened
    opened.close()
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def trip(server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest) -> Trip:
    """Two bottles and a can in a cart of its own."""
    trip = Trip(cart=request.node.name[:40])
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("bottle", 2), trip.add("can"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 3, timeout=30)
    return trip


def place(trip: Trip) -> str:
    return f"checkout/store-1/{trip.cart}/{trip.session}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def pay_with(page: Page, words: str) -> None:
    page.get_by_label(words, exact=True).check()
    press(page, "Pay €4.87")


def paid_count(server: BasketServer, trip: Trip) -> int:
    name = f"store-1/{trip.cart}/{trip.session}"
    entries = server._doors.audit.entries(1000)
    return sum(entry.action == "basket paid" and entry.subject == name for entry in entries)


def test_a_basket_is_closed_paid_and_let_through_the_door(page: Page, server: BasketServer, trip: Trip) -> None:
    page.goto("checkout")
    page.get_by_role("link", name=trip.cart).click()
    expect(page.get_by_text("Still shopping")).to_be_visible()
    press(page, "Close the basket")
    pay_with(page, "Test card that pays")
    page.get_by_role("link", name="Show the receipt").click()
    expect(page.locator("main article")).to_contain_text("€4.87")
    expect(page.locator("main article")).to_contain_text("The bottle")
    shot = Image.open(io.BytesIO(page.locator(".qr").screenshot()))
    (read,) = zxingcpp.read_barcodes(shot)
    assert read.text == page.url
    pdf = page.request.get(f"{page.url}.pdf")
    assert (pdf.headers["content-type"], pdf.body()[:4]) == ("application/pdf", b"%PDF")
    page.goto("door")
    for words in ("Good", "Shown before"):
        page.get_by_label("Receipt code").fill(read.text)
        press(page, "Check it")
        expect(page.locator(".verdict b")).to_have_text(words)
    page.get_by_label("Receipt code").fill("https://elsewhere.example/receipt/abc")
    press(page, "Check it")
    expect(page.locator(".verdict")).to_contain_text("no receipt of this store")
    page.goto("checkout")
    expect(page.locator("main")).to_contain_text(re.compile(r"store-1-\d{6}"))


def test_what_went_in_after_checkout_stands_in_red_before_good(
    page: Page, server: BasketServer, trip: Trip, fake_carts: Any
) -> None:
    page.goto(place(trip))
    press(page, "Close the basket")
    pay_with(page, "Test card that pays")
    page.get_by_role("link", name="Show the receipt").click()
    expect(page.locator(".mark.good")).to_be_visible()
    expect(page.locator(".verdict")).to_have_count(0)
    fake_carts(str(server._address), cart=trip.cart).send_until_answered(trip.add("can", 6))
    page.reload()
    expect(page.locator(".verdict.bad")).to_contain_text("6 \N{MULTIPLICATION SIGN} The can came after checkout")
    press(page, "Let through")
    expect(page.locator(".verdict b")).to_have_text(["Look at the cart", "Good"])
    expect(page.locator(".verdict").first).to_have_class(re.compile(r"\bbad\b"))
    expect(page.locator(".verdict").first).to_contain_text("6 \N{MULTIPLICATION SIGN} The can came after checkout")


def test_a_declined_card_and_then_another_one(page: Page, server: BasketServer, trip: Trip) -> None:
    page.goto(place(trip))
    press(page, "Close the basket")
    pay_with(page, "Test card that is declined")
    expect(page.locator("#declined")).to_contain_text("the card was declined")
    pay_with(page, "Test card that answers twice")
    expect(page.get_by_role("link", name="Show the receipt")).to_be_visible()
    assert paid_count(server, trip) == 1


def test_no_answer_is_said_and_asked_for(page: Page, server: BasketServer, trip: Trip) -> None:
    page.goto(place(trip))
    press(page, "Close the basket")
    pay_with(page, "Test card that pays, and the answer is lost")
    expect(page.get_by_text("Nothing is taken twice")).to_be_visible()
    press(page, "Check the payment")
    expect(page.get_by_role("link", name="Show the receipt")).to_be_visible()
    assert paid_count(server, trip) == 1


def test_a_double_click_and_two_tabs_pay_once(
    page: Page, context: BrowserContext, server: BasketServer, trip: Trip
) -> None:
    page.goto(place(trip))
    press(page, "Close the basket")
    other = context.new_page()
    other.goto(place(trip))
    form = other.locator("form[action$='/pay']")
    where, fields = form.get_attribute("action") or "", form.evaluate("f => Object.fromEntries(new FormData(f))")
    page.get_by_role("button", name="Pay €4.87").dblclick()
    expect(page.get_by_role("link", name="Show the receipt")).to_be_visible()
    sent = other.request.post(where, form=fields, headers={"Origin": server.url.rstrip("/")})
    assert sent.ok, sent.text()  # as a press would, a moment before the page follows
    expect(other.get_by_role("link", name="Show the receipt")).to_be_visible()
    assert paid_count(server, trip) == 1
    assert other.get_by_role("link", name="PDF").get_attribute("href") == page.get_by_role(
        "link", name="PDF"
    ).get_attribute("href")


def test_what_stands_in_the_way_is_settled_on_the_page(
    page: Page, server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest
) -> None:
    trip = Trip(cart=request.node.name[:40])
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("jar", 2), trip.add("apple"))
    page.goto(place(trip))
    expect(page.locator(".hindrances").first).to_contain_text("may be HONEY or JAM")
    page.get_by_label("Which jar").select_option("JAM")
    press(page, "Settle")
    page.get_by_label("Weight of The apple in grams").fill("750")
    press(page, "Weigh")
    press(page, "Close the basket")
    expect(page.get_by_role("button", name="Pay €7.62")).to_be_visible()
    expect(page.locator(".bill")).to_contain_text("0.750 kg at €3.49/kg")
    cart.send_until_answered(trip.add("can"))
    page.reload()
    expect(page.locator("main")).to_contain_text("came after checkout and does not count")
    expect(page.get_by_role("button", name="Pay €7.62")).to_be_visible()


def test_the_shopper_pays_on_the_screen_of_the_cart(page: Page, server: BasketServer, trip: Trip) -> None:
    page.goto(f"cart/store-1/{trip.cart}")
    page.get_by_role("link", name="Checkout").click()
    press(page, "Yes, pay €4.87")
    pay_with(page, "Test card that is declined")
    expect(page.locator("#declined")).to_contain_text("the card was declined")
    pay_with(page, "Test card that pays")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator(".qr").screenshot())))
    assert read.text.startswith(f"{server.url}receipt/")
    assert paid_count(server, trip) == 1


def test_an_open_checkout_follows_what_comes_from_elsewhere(
    page: Page, context: BrowserContext, server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest
) -> None:
    trip = Trip(cart=request.node.name[:40])
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("bottle"), trip.add("apple"))
    page.goto(place(trip))
    page.wait_for_selector("body.moving")
    weight = page.get_by_label("Weight of The apple in grams")
    weight.fill("1")
    cart.send_until_answered(trip.add("can"))
    expect(page.locator(".bill")).to_contain_text("The can")
    expect(weight).to_have_value("1")  # what is being typed stays
    other = context.new_page()
    other.goto(f"cart/store-1/{trip.cart}/checkout")
    expect(other.get_by_text("A member of staff must help first")).to_be_visible()
    weight.fill("1000")
    press(page, "Weigh")
    press(other, "Yes, pay €6.37")  # there without loading it again
    page.wait_for_selector("body.moving")
    expect(page.get_by_role("button", name="Pay €6.37")).to_be_visible()
    page.get_by_label("Test card that is declined").check()
    cart.send_until_answered(trip.add("can"))
    expect(page.locator("main")).to_contain_text("The can came after checkout and does not count")
    expect(page.get_by_label("Test card that is declined")).to_be_checked()
    press(other, "Pay €6.37")
    expect(other.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_role("link", name="Show the receipt")).to_be_visible()
    assert paid_count(server, trip) == 1


def test_the_list_has_those_first_that_wait_to_be_paid(page: Page, server: BasketServer, trip: Trip) -> None:
    page.goto("checkout")
    page.wait_for_selector("body.moving")
    page.evaluate("window.stillHere = true")
    mine = page.locator("#checkouts-baskets li").filter(has_text=trip.cart)
    expect(mine).to_contain_text("Still shopping")
    with httpx.Client(base_url=f"{server.url}api/v1/checkouts/store-1/{trip.cart}/{trip.session}") as till:
        assert till.post("/close").is_success
        expect(mine).to_contain_text("Closed")
        expect(page.locator("#checkouts-baskets li .pill").first).to_have_text("Closed")
        assert till.post("/payment", json={"means": "pays"}).is_success
    expect(mine).to_have_count(0)
    expect(page.locator("#checkouts-receipts li").first).to_contain_text(trip.cart)
    assert page.evaluate("window.stillHere")


def choose(page: Page, text: str, *, prices: str = "minor", encoding: str = "utf-8") -> None:
    file: Any = {"name": "c.csv", "mimeType": "text/csv", "buffer": text.encode(encoding)}
    page.locator("input[type=file]").set_input_files(files=[file])
    page.get_by_label("Its prices are").select_option(prices)
    press(page, "Preview")


def test_an_import_shows_its_bad_rows_and_then_what_it_changes(page: Page, server: BasketServer) -> None:
    page.goto("catalogue/import")
    bad = "CAN,,can,The can,0.95,EUR,piece,0\nTEA,4006381333932,tea,Tea,1,EUR,piece,0\n,,,<b>x</b>,1,USD,litre,0\n"
    choose(page, HEADER + bad)
    rows = page.locator("#bad tbody tr")
    expect(rows).to_contain_text(["line 2", "line 3", "line 4", "line 4", "line 4"])
    expect(rows.nth(0)).to_contain_text("0.95")
    expect(rows.nth(1)).to_contain_text("its check digit is wrong")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    choose(page, HEADER + "CAN,,can,The can,95,EUR,piece,19\nTEA,,tea,=Tea,150,EUR,piece,7\n")
    expect(page.locator("#changes tbody tr")).to_contain_text(["€0.89 → €0.95", "New"])
    assert server._catalogue.match("can", None).price == 89
    press(page, "Import 2 products")
    expect(page.locator("main")).to_contain_text("=Tea")
    assert server._catalogue.match("can", None).price == 95
    exported = page.request.get("catalogue/export.csv").text()
    assert "'=Tea" in exported
    page.goto("catalogue/import")
    choose(page, exported)
    expect(page.get_by_text("The file changes nothing")).to_be_visible()


def test_an_import_shows_prices_as_a_customer_sees_them_and_marks_those_that_jump(
    page: Page, server: BasketServer
) -> None:
    page.goto("catalogue/import")
    choose(page, "sku,name,price,tax\nHONEY,The jar,3.49,0.19\n", prices="units")
    change = page.locator("#changes tbody tr")
    expect(change).to_contain_text("price €3.20 → €3.49")
    expect(change.get_by_text("Look again")).to_have_count(0)
    expect(page.locator("#odd li")).to_contain_text(["the tax would be 0.19 %: for 19 % write 19"])
    choose(page, "sku,name,price\nHONEY,The jar,3\n", prices="minor")
    expect(change).to_contain_text("price €3.20 → €0.03")
    expect(change.get_by_text("Look again")).to_be_visible()
    expect(page.locator("#odd")).to_contain_text("the price goes from €3.20 to €0.03")
    choose(page, "sku,name,label,price (EUR)\nHONEY,The jar,jar,3.49\n", prices="minor")
    expect(change).to_contain_text("price €3.20 → €3.49")
    choose(page, 'sku,name,label,price\nHONEY,The jar,jar,"3,49"\n', prices="units")
    press(page, "Import 1 product")
    assert server._catalogue.match("jar", "HONEY").price == 349


def test_a_file_in_another_code_page_is_asked_about(page: Page, server: BasketServer) -> None:
    page.goto("catalogue/import")
    text = "sku,name,price\r\nZUR,Żurek <b>z</b> kiełbasą,12.50\r\n"
    choose(page, text, prices="units", encoding="cp1250")
    asked = page.locator("#samples")
    expect(asked).to_contain_text("not in UTF-8")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    asked.get_by_label("Żurek <b>z</b> kiełbasą").check()
    press(page, "Read it so")
    expect(page.locator("#changes tbody tr")).to_contain_text("Żurek <b>z</b> kiełbasą")
    press(page, "Import 1 product")
    found = server._products.find("ZUR")
    assert found
    assert (found.name, found.price) == ("Żurek <b>z</b> kiełbasą", 1250)


def test_a_misspelled_label_is_said_and_hinders_nothing(page: Page) -> None:
    page.goto("catalogue/import")
    choose(page, HEADER + "SODA,,botle,Soda,99,EUR,piece,0\n")
    expect(page.locator("#odd")).to_contain_text("No camera label is called “botle”: did you mean “bottle”?")
    press(page, "Import 1 product")
    page.get_by_role("link", name="Soda").click()
    expect(page.locator("main")).to_contain_text("No camera label is called “botle”: did you mean “bottle”?")


def test_a_product_is_added_changed_pictured_and_no_longer_sold(page: Page, server: BasketServer) -> None:
    page.goto("catalogue")
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Name").fill("Rye <i>bread</i>")
    page.get_by_label("Code (SKU)").fill("RYE/1 & 2")
    page.get_by_label("Price in EUR").fill("2.999")
    press(page, "Add the product")
    expect(page.locator("#fault-price")).to_contain_text("not an amount in EUR")
    page.get_by_label("Price in EUR").fill("2,99")
    page.get_by_label("Camera labels").fill("bread | loaf")
    press(page, "Add the product")
    page.get_by_role("searchbox").fill("LOAF rye")
    expect(page.locator(".product")).to_have_count(1)
    expect(page.locator(".product")).to_contain_text("€2.99")
    page.get_by_role("link", name="Rye <i>bread</i>").click()
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "brown").save(picture, "PNG")
    file: Any = {"name": "p.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    page.locator("input[type=file]").set_input_files(files=[file])
    press(page, "Set the picture")
    expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 40)
    page.get_by_label("Price in EUR").fill("3.19")
    page.get_by_label("Sold").uncheck()
    press(page, "Save")
    assert server._catalogue.match("loaf", None).sku is None
    page.get_by_role("link", name="Rye <i>bread</i>").click()
    expect(page.locator(".prices tbody tr")).to_contain_text(["€3.19", "€2.99"])


def test_pages_fit_a_phone_and_have_names_for_everything(browser: Browser, server: BasketServer, trip: Trip) -> None:
    context = browser.new_context(base_url=server.url, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    paths = ("catalogue", "catalogue/product?sku=JAM", "catalogue/import", "catalogue/shop", "checkout", "door")
    for path in (*paths, place(trip)):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, path
        nameless = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]"
            ".filter(e => !e.hidden && !(e.labels?.length || e.ariaLabel || e.textContent.trim())).length"
        )
        assert nameless == 0, path
    context.close()
