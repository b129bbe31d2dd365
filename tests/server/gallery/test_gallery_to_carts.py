"""From an enrolment to a cart and back to the basket: over a real broker and the server's own doors."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from open_server import open_server
from processes import wait_until

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import Candidate, EventType, ModelName, ProductCandidate
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.gallery.fetching import GalleryFetch
from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Gallery, GalleryError
from smartcart.edge.gallery.in_use import GalleryInUse
from smartcart.edge.gallery.wire import PART_BYTES, Fetch, GalleryPart
from smartcart.edge.judge.decision import Decision
from smartcart.scripts.products.server import GalleryServer
from smartcart.server.app.service import BasketServer
from smartcart.server.gallery.keeper import Kept
from smartcart.server.gallery.post import GalleryPost
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

EMBEDDING = Embedding(id="0123456789ab", like=0.6, sharpness=20.0)
IDENTITY = Identity(store="s", cart="c", model=ModelName(name="eye", hash="0123456789ab"))


def alone(sku: str, *, prototypes: int = 4, embedding: Embedding = EMBEDDING, seed: int = 1) -> bytes:
    rows = np.random.default_rng(seed).normal(size=(prototypes, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    product = Enrolled(sku=sku, name=sku, labels=("jar",), prototypes=rows)
    return Gallery(store="s", version=1, embedding=embedding, products=(product,)).to_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[BasketServer]:
    with EmbeddedBroker(port=0) as broker, open_server(broker) as running:
        yield running


class Cart:
    """A cart's side of the wire, without a camera."""

    def __init__(self, server: BasketServer, folder: Path) -> None:
        self.refused: list[str] = []
        self.gallery = GalleryInUse(folder / "gallery", embedding=EMBEDDING.id, on_refused=self.refused.append)
        self.outbox = Outbox(folder / "outbox.sqlite", store="s", cart="c")
        fetch = GalleryFetch(self.gallery)
        address = BrokerAddress.parse(f"mqtt://127.0.0.1:{server._address.port}")
        self.courier = Courier(self.outbox, IDENTITY, broker=address, version="test", gallery=fetch, linger=1.0)

    def has(self, version: int) -> bool:
        self.gallery.between_visits()
        return self.gallery.version == version


def test_an_enrolled_product_reaches_the_cart_and_its_event_the_basket(server: BasketServer, tmp_path: Path) -> None:
    store = GalleryServer(server.url, None)
    first = store.put("JAM", alone("JAM", prototypes=16))
    cart = Cart(server, tmp_path)
    with cart.courier:
        wait_until(lambda: cart.has(first), timeout=30)
        assert (tmp_path / "gallery").read_bytes() == store.fetch()
        second = store.put("HONEY", alone("HONEY", seed=2))
        wait_until(lambda: cart.has(second), timeout=30)
        cart.courier.wake()

        def told() -> int | None:
            view = server.view("s", "c")
            return view.status.gallery if view and view.status else None

        wait_until(lambda: told() == second, timeout=30)
        publisher = Publisher(cart.outbox, IDENTITY)
        publisher.start()
        publisher.decided(jar("JAM"), {})
        cart.courier.wake()
        basket = server.wait_for("s", "c", lambda b: b.items == 1, 30)
        assert basket
        assert [(line.sku, line.price) for line in basket.lines] == [("JAM", 250)]
        third = store.remove("JAM")
        wait_until(lambda: cart.has(third), timeout=30)
    cart.outbox.close()
    assert b"JAM" not in (tmp_path / "gallery").read_bytes()
    assert cart.refused == []


def jar(sku: str) -> Decision:
    """A jar that fits two products of the catalogue by its label, told by its product."""
    return Decision(
        type=EventType.ITEM_ADDED,
        label="jar",
        media_time=1.0,
        confidence=0.9,
        candidates=(Candidate(outcome="added", label="jar", probability=0.9),),
        box=None,
        track=1,
        evidence={},
        sku=sku,
        products=(ProductCandidate(sku=sku, probability=0.95),),
        gallery=1,
        source="camera",
    )


@pytest.mark.parametrize(
    ("sku", "payload", "reason"),
    [
        ("NOTHING", alone("NOTHING"), "no product 'NOTHING'"),
        ("HONEY", alone("JAM"), "no views of 'HONEY'"),
        ("HONEY", alone("HONEY", embedding=Embedding(id="other", like=0.5, sharpness=9.0)), "enrol the products again"),
        ("HONEY", b"nonsense", "not a gallery"),
    ],
    ids=["unknown product", "another product", "another embedding", "damaged"],
)
def test_what_cannot_be_enrolled_is_refused_with_a_sentence(
    server: BasketServer, sku: str, payload: bytes, reason: str
) -> None:
    store = GalleryServer(server.url, None)
    store.put("HONEY", alone("HONEY"))
    before = store.fetch()
    with pytest.raises(GalleryError, match=reason):
        store.put(sku, payload)
    assert store.fetch() == before


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    with pytest.raises(GalleryError, match="is the server up"):
        GalleryServer("http://127.0.0.1:9", None).fetch()
    with pytest.raises(GalleryError, match="give an address"):
        GalleryServer("127.0.0.1:8000", None)


def kept(payload: bytes) -> Kept:
    import hashlib

    from smartcart.edge.gallery.wire import Pointer

    sha256 = hashlib.sha256(payload).hexdigest()
    return Kept(pointer=Pointer(version=5, size=len(payload), sha256=sha256), payload=payload)


def test_a_large_gallery_goes_in_parts_and_lost_ones_are_asked_for_again(tmp_path: Path) -> None:
    payload = alone("JAM", prototypes=1024)
    assert len(payload) > 2 * PART_BYTES
    in_use = GalleryInUse(tmp_path / "gallery", embedding=EMBEDDING.id, on_refused=pytest.fail)
    fetch, post, at = GalleryFetch(in_use), GalleryPost(lambda: kept(payload)), ("s", "c")
    post.heard(at)
    ((_, _, pointer, retained),) = post.due()
    assert retained
    assert post.due() == [], "a pointer is sent once a version"
    fetch.point(pointer)
    now, asked = 0.0, 0
    while in_use.between_visits() is None:
        request = fetch.due(now)
        now += 6.0
        if request is None:
            continue
        asked += 1
        post.asked(at, request)
        for _, _, part, _ in post.due():
            if asked % 2:  # every other part is lost
                fetch.take(part)
    assert asked >= 2 * (len(payload) // PART_BYTES)
    assert (tmp_path / "gallery").read_bytes() == payload


def test_a_part_of_an_older_gallery_or_out_of_turn_is_passed_over(tmp_path: Path) -> None:
    payload = alone("JAM")
    in_use = GalleryInUse(tmp_path / "gallery", embedding=EMBEDDING.id, on_refused=pytest.fail)
    fetch = GalleryFetch(in_use)
    fetch.point(kept(payload).pointer.to_bytes())
    fetch.take(GalleryPart(sha256="0" * 64, offset=0, data=b"old").to_bytes())
    fetch.take(GalleryPart(sha256=kept(payload).pointer.sha256, offset=7, data=b"later").to_bytes())
    request = fetch.due(0.0)
    assert request is not None
    assert Fetch.from_bytes(request).offset == 0
    fetch.take(GalleryPart(sha256=kept(payload).pointer.sha256, offset=0, data=payload).to_bytes())
    assert in_use.between_visits() is not None


def test_a_damaged_gallery_is_refused_once_and_the_old_one_stays(tmp_path: Path) -> None:
    refused: list[str] = []
    in_use = GalleryInUse(tmp_path / "gallery", embedding=EMBEDDING.id, on_refused=refused.append)
    fetch = GalleryFetch(in_use)
    pointer = kept(alone("JAM")).pointer
    fetch.point(pointer.to_bytes())
    fetch.take(GalleryPart(sha256=pointer.sha256, offset=0, data=b"x" * pointer.size).to_bytes())
    assert len(refused) == 1
    assert "damaged in transit" in refused[0]
    assert fetch.due(1e9) is None
    assert in_use.between_visits() is None
