"""A cart's screen: paired once by a code, and then good for that cart alone."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from people import TESTER, doors_of, forget_tries, form_token_of, send
from wire_events import CATALOGUE, Trip

from smartcart.server.access.secrets import CODE_LETTERS
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.web import cart_products

CODES = 30**6


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    with (
        EmbeddedBroker(port=0) as broker,
        BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, catalogue=CATALOGUE) as running,
    ):
        yield running


@pytest.fixture
def screen(server: BasketServer) -> Iterator[Callable[[], httpx.Client]]:
    made: list[httpx.Client] = []
    forget_tries(server)

    def make() -> httpx.Client:
        made.append(httpx.Client(base_url=server.url, timeout=30))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def trips(server: BasketServer, fake_carts: Any) -> list[Trip]:
    """Two carts, a and b, each with something in it."""
    made = []
    for name, label in (("a", "bottle"), ("b", "can")):
        trip = Trip(cart=name)
        fake_carts(str(server._address), cart=name).send_until_answered(trip.start(), trip.add(label))
        assert server.wait_for("store-1", name, lambda b, t=trip: b.session == t.session and b.events == 2, timeout=20)
        made.append(trip)
    return made


def code_for(server: BasketServer, cart: str) -> str:
    return doors_of(server).screens.code("store-1", cart, TESTER)


def test_a_code_is_short_and_easy_to_read(server: BasketServer) -> None:
    code = code_for(server, "a")
    assert len(code) == 6
    assert len(CODE_LETTERS) ** 6 == CODES
    assert not set("01OIL") & set(CODE_LETTERS)


def test_a_code_lets_one_screen_see_its_cart_and_no_other(
    server: BasketServer, screen: Callable[[], httpx.Client], trips: list[Trip]
) -> None:
    code = code_for(server, "a")
    client = screen()
    assert "Pair this screen" in client.get("cart/store-1/a").text
    typed = f" {code[:3].lower()}-{code[3:]} "
    answer = send(client, "cart/store-1/a", code=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cart/store-1/a")
    cookie = answer.headers["set-cookie"]
    assert "Path=/cart/store-1/a;" in cookie
    assert "HttpOnly" in cookie
    page = client.get("cart/store-1/a").text
    assert "The bottle" in page
    assert "€1.99" in page
    secret = client.cookies.get("smartcart_screen")
    for path in ("cart/store-1/b", "cart/store-2/a", "cart/store-1/a2"):
        given = client.get(path, headers={"Cookie": f"smartcart_screen={secret}"})
        assert "Pair this screen" in given.text, path
        assert client.get(f"{path}/live", headers={"Cookie": f"smartcart_screen={secret}"}).status_code == 401
    for path in ("", "screens", "api/v1/carts/store-1/a", "live"):
        assert client.get(path, headers={"Cookie": f"smartcart_screen={secret}"}).status_code in (303, 401), path
        assert client.get(path, headers={"Cookie": f"smartcart_login={secret}"}).status_code in (303, 401), path
    other = screen()
    assert send(other, "cart/store-1/a", code=code).status_code == 401, "good once"


def test_a_code_of_another_cart_is_wrong_and_not_used_up(
    server: BasketServer, screen: Callable[[], httpx.Client], trips: list[Trip]
) -> None:
    code = code_for(server, "a")
    assert send(screen(), "cart/store-1/b", code=code).status_code == 401
    assert send(screen(), "cart/store-1/a", code=code).status_code == 303


def test_a_code_lives_ten_minutes(
    server: BasketServer, screen: Callable[[], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, office = code_for(server, "a"), doors_of(server).office
    now = office.now
    monkeypatch.setattr(office, "now", lambda: now() + timedelta(minutes=10, seconds=1))
    answer = send(screen(), "cart/store-1/a", code=code)
    assert (answer.status_code, "ask for a new one" in answer.text) == (401, True)


def test_codes_cannot_be_tried_through(server: BasketServer, screen: Callable[[], httpx.Client]) -> None:
    code, client = code_for(server, "a"), screen()
    codes = [send(client, "cart/store-1/a", code="AAAAAA").status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert send(client, "cart/store-1/a", code=code).status_code == 429
    others = []
    for n in range(30):
        client = screen()
        client.headers["X-Forwarded-For"] = f"198.51.100.{n}"
        others.append(send(client, "cart/store-1/a", code="AAAAAA").status_code)
    assert others == [401] * 10 + [429] * 20, "of one cart, from wherever"


def test_pairing_wants_its_form(server: BasketServer, screen: Callable[[], httpx.Client]) -> None:
    client = screen()
    client.get("cart/store-1/a")
    assert client.post("cart/store-1/a", data={"code": code_for(server, "a")}).status_code == 403


def test_a_screen_adds_to_its_own_cart_alone_and_not_too_fast(
    server: BasketServer, screen: Callable[[], httpx.Client], trips: list[Trip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cart_products, "A_MINUTE", 2)
    client = screen()
    send(client, "cart/store-1/a", code=code_for(server, "a"))
    secret, token = client.cookies.get("smartcart_screen"), form_token_of(client.get("cart/store-1/a"))
    said = {"key": "the-same-key", "session": trips[1].session, "sku": "CAN", "source": "scan"}
    said |= {"csrf": token}
    cookies = {"Cookie": f"smartcart_screen={secret}; smartcart_visit={client.cookies.get('smartcart_visit')}"}
    assert client.post("cart/store-1/b/add", data=said, headers=cookies).status_code == 401
    assert client.get("cart/store-1/b/find?q=can", headers=cookies).status_code == 401
    assert "another trip has begun" in client.post("cart/store-1/a/add", data=said).text.lower()
    added = client.post("cart/store-1/a/add", data=said | {"session": trips[0].session})
    assert added.json()["said"] == "1 \N{MULTIPLICATION SIGN} The can added"
    refused = client.get("cart/store-1/a/scan?number=CAN", headers={"HX-Request": "true"})
    assert (refused.status_code, "this goes too fast" in refused.text) == (429, True)
    for name, items in (("a", 2), ("b", 1)):
        basket = server.basket("store-1", name)
        assert basket
        assert basket.items == items


def test_a_removed_screen_is_out(server: BasketServer, screen: Callable[[], httpx.Client], trips: list[Trip]) -> None:
    client = screen()
    send(client, "cart/store-1/a", code=code_for(server, "a"))
    assert "The bottle" in client.get("cart/store-1/a").text
    doors = doors_of(server)
    for paired in doors.screens.everything():
        doors.screens.remove(paired.id, TESTER)
    assert "Pair this screen" in client.get("cart/store-1/a").text
    assert form_token_of(client.get("cart/store-1/a"))
    told = [entry.action for entry in doors.audit.entries(3)]
    assert told[0] == "screen removed"
