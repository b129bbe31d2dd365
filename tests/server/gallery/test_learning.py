"""What people settle in the queue makes the gallery better: over a real broker, and by a clock of the test."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from open_server import open_server
from processes import wait_until
from wire_events import CATALOGUE, Trip, key_of, new_id, stored

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import Candidate, EventType, ModelName, ProductCandidate
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.gallery.gallery_file import MAX_PROTOTYPES, Embedding, Enrolled, Floats, Gallery
from smartcart.edge.gallery.sights import Sights
from smartcart.edge.judge.decision import Decision
from smartcart.scripts.main import main
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.carts.corrections import Corrections, Reading
from smartcart.server.database.database import Database, open_database
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.gallery.learning import EVERY_SECONDS, STANDS_SECONDS, Learner
from smartcart.server.gallery.more_views import ENOUGH, with_more_views
from smartcart.server.ledger.memory import MemoryLedger
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

ANNA = Actor(name="anna", via="login")
SHOPPER = Actor(name="a shopper", via="screen")
EMBEDDING = Embedding(id="0123456789ab", like=0.5, sharpness=20.0)
OTHER = Embedding(id="ba9876543210", like=0.5, sharpness=20.0)


def rows(*axes: int) -> Floats:
    return np.eye(64, dtype=np.float32)[list(axes)]


def seen(*axes: int, embedding: Embedding = EMBEDDING) -> Sights:
    return Sights(store="store-1", embedding=embedding, labels=("jar",), rows=rows(*axes))


class Store:
    """A store without a broker, whose clock the test moves; ``sent`` is what carts have sent of events."""

    def __init__(self, office: Database) -> None:
        self.now = 1000.0
        self.sent: dict[str, bytes] = {}
        audit = AuditLog(office)
        self.ledger = MemoryLedger()
        self.galleries = Galleries(office, audit)
        self.learner = Learner(
            self.ledger, self.galleries, lambda _, event: self.sent.get(event), lambda: CATALOGUE, lambda: self.now
        )
        carts = Carts(self.ledger, Commands())
        self.corrections = Corrections(self.ledger, lambda: CATALOGUE, carts, audit, self.learner.made)
        self.trip = Trip()
        self.ledger.commit([stored(self.trip.start())], [])

    def event(self, sights: Sights | None) -> str:
        event = self.trip.doubt("jar")
        self.ledger.commit([stored(event)], [])
        if sights is not None:
            self.sent[event.id] = sights.to_bytes(event.id)
        return event.id

    def settle(self, event: str, sku: str, by: Actor = ANNA, **more: int) -> str:
        reading = Reading(action="added", sku=sku, **more)
        return self.corrections.make(key_of(self.trip), event, reading, by).id

    def later(self, seconds: float = STANDS_SECONDS + EVERY_SECONDS) -> None:
        self.now += seconds
        self.learner.look()

    def knows(self, sku: str) -> Enrolled | None:
        return self.galleries.index.find(sku) if self.galleries.index else None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    office = open_database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield Store(office)
    office.close()


def test_each_settled_item_adds_its_new_views_until_its_looks_decide(store: Store) -> None:
    for count, axes in enumerate([(0, 1, 2), (0, 3), (0, 1)]):
        store.settle(store.event(seen(*axes)), "JAM")
        store.later()
        known = store.knows("JAM")
        assert known
        assert len(known.prototypes) == [2, 3, 3][count], "two of an event at most, and none that is known"
        assert known.tentative
    store.settle(store.event(seen(9)), "JAM")
    store.later()
    known = store.knows("JAM")
    assert known
    assert (len(known.prototypes), known.tentative, known.labels) == (ENOUGH, False, ("jar",))


def test_a_product_that_was_taught_gets_better_and_stays_what_it_is(store: Store) -> None:
    taught = Enrolled(sku="JAM", name="Jam", labels=("jar",), prototypes=rows(*range(16)))
    alone = Gallery(store="store-1", version=1, embedding=EMBEDDING, products=(taught,))
    store.galleries.enrol("JAM", alone, ANNA)
    store.settle(store.event(seen(20)), "JAM")
    store.later()
    known = store.knows("JAM")
    assert known
    assert not known.tentative
    assert len(known.prototypes) == MAX_PROTOTYPES
    assert float((known.prototypes @ rows(20).T).max()) > 0.99


def test_a_word_counts_when_it_has_stood_and_what_is_taken_back_never(store: Store) -> None:
    first, second = store.event(seen(1)), store.event(seen(2))
    word = store.settle(first, "JAM")
    store.settle(second, "HONEY")
    store.corrections.take_back(key_of(store.trip), [word], ANNA)
    store.settle(second, "JAM")
    store.later(STANDS_SECONDS - 1)
    assert store.galleries.now is None
    store.later(2)
    assert store.knows("HONEY") is None
    known = store.knows("JAM")
    assert known
    assert np.allclose(known.prototypes, rows(2))


def test_carts_fetch_a_gallery_now_and_then_only(store: Store) -> None:
    store.settle(store.event(seen(1)), "JAM")
    store.later(STANDS_SECONDS)
    store.settle(store.event(seen(2)), "JAM")
    store.later(STANDS_SECONDS)
    known = store.knows("JAM")
    assert known
    assert len(known.prototypes) == 1
    store.later(EVERY_SECONDS)
    assert len(store.galleries.index.find("JAM").prototypes) == 2  # type: ignore[union-attr]


def test_what_a_shopper_says_and_what_was_never_sent_teaches_nothing(store: Store) -> None:
    store.settle(store.event(seen(1)), "JAM", SHOPPER)
    store.settle(store.event(None), "JAM")
    store.settle(store.event(seen(2)), "JAM", quantity=2)
    store.later()
    assert store.galleries.now is None


def test_what_was_removed_is_not_learnt_again_from_what_was_settled_before(store: Store) -> None:
    store.settle(store.event(seen(1)), "JAM")
    store.later()
    store.settle(store.event(seen(2)), "JAM")
    store.galleries.remove("JAM", ANNA)
    store.later()
    assert store.knows("JAM") is None
    assert b"JAM" not in (store.galleries.now.payload if store.galleries.now else b"")


def test_views_of_another_embedding_are_passed_over_with_a_sentence(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.settle(store.event(seen(1)), "JAM")
    store.later()
    store.settle(store.event(seen(2, embedding=OTHER)), "JAM")
    store.later()
    assert "another embedding" in caplog.text
    assert len(store.knows("JAM").prototypes) == 1  # type: ignore[union-attr]


def test_a_server_that_stops_learns_what_was_settled(store: Store) -> None:
    store.settle(store.event(seen(1)), "JAM")
    store.learner.finish()
    assert store.knows("JAM")


def test_a_view_that_is_known_is_no_news() -> None:
    jam = Enrolled(sku="JAM", name="Jam", labels=(), prototypes=rows(0, 1))
    assert with_more_views(jam, [seen(1, 0)]) is jam


def test_a_crowd_of_views_joins_those_that_are_most_alike() -> None:
    near = rows(0) + 0.5 * rows(1)
    near /= np.linalg.norm(near)
    jam = Enrolled(sku="JAM", name="Jam", labels=(), prototypes=np.concatenate([near, rows(*range(2, 16), 0)]))
    larger = with_more_views(jam, [seen(40)])
    assert len(larger.prototypes) == MAX_PROTOTYPES
    assert np.allclose(np.linalg.norm(larger.prototypes, axis=1), 1, atol=1e-5)
    assert len({round(float(v), 3) for v in (larger.prototypes @ rows(0).T).ravel()}) == 2, "the two are one now"


def doubt() -> Decision:
    return Decision(
        type=EventType.ITEM_UNCERTAIN,
        label="jar",
        media_time=1.0,
        confidence=0.6,
        candidates=(Candidate(outcome="added", label="jar", probability=0.6),),
        box=None,
        track=1,
        evidence={},
        products=(ProductCandidate(sku="JAM", probability=0.5), ProductCandidate(sku="GONE", probability=0.1)),
        gallery=1,
    )


def test_from_the_cart_through_the_queue_into_the_gallery(tmp_path: Path) -> None:
    identity = Identity(store="s", cart="c", model=ModelName(name="eye", hash="0123456789ab"))
    outbox = Outbox(tmp_path / "outbox.sqlite", store="s", cart="c")
    with EmbeddedBroker(port=0) as broker, open_server(broker, evidence=True, learning=True) as server:
        address = BrokerAddress.parse(broker.url)
        with Courier(outbox, identity, broker=address, version="test", linger=1.0) as courier:
            publisher = Publisher(outbox, identity, on_decided=lambda _, event: courier.show_sights(event, seen(5, 6)))
            publisher.start()
            publisher.decided(doubt(), {})
            courier.wake()
            wait_until(lambda: server._sights.carts() == {("s", "c")}, timeout=30)
            with httpx.Client(base_url=f"{server.url}api/v1/", timeout=30) as web:
                wait_until(lambda: bool(web.get("queue").json()), timeout=30)
                (waiting,) = web.get("queue").json()
                assert [one["sku"] for one in waiting["options"]] == ["JAM", "HONEY"], "what it looks like comes first"
                word = {"corrects": waiting["event_ids"][0], "action": "added", "sku": "JAM"}
                assert web.post("carts/s/c/corrections", json=word).status_code == 201
                server._learner.finish()
                held = Gallery.from_bytes(web.get("gallery").content)
        assert [(product.sku, product.tentative) for product in held.products] == [("JAM", True)]
        assert np.allclose(held.products[0].prototypes, rows(5, 6))
    outbox.close()


def test_a_store_that_does_not_learn_takes_nothing(tmp_path: Path) -> None:
    with EmbeddedBroker(port=0) as broker, open_server(broker, evidence=True) as server:
        assert not server._sights.is_on
        assert server._sights.find(("s", "c"), new_id()) is None


def test_learning_without_evidence_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--broker", "mqtt://127.0.0.1:9", "--learn"]) == 2
    assert "--learn needs --evidence" in capsys.readouterr().err
