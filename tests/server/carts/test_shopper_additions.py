"""What shoppers add: at once, each exactly once, as their word; and never a second time what the camera saw as well."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wire_events import CATALOGUE, COULD_BE, Trip, key_of, product, stored

from smartcart.edge.contract.events import Event
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.basket.basket import Basket
from smartcart.server.carts import shopper_additions
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.carts.corrections import CorrectionError, Corrections, Reading
from smartcart.server.carts.review_items import ReviewItem, review_items_of
from smartcart.server.carts.same_item import same_items
from smartcart.server.carts.shopper_additions import ShopperAddition, ShopperAdditions
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Unit
from smartcart.server.database.database import Database, open_database
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.export import rows
from smartcart.server.ledger.port import Ledger
from smartcart.server.ledger.replay import replay

SHELF = Catalogue([*CATALOGUE.products, product("ham", 1990, unit=Unit.KG)])
SHOPPER = Actor(name="store-1/cart-1", via="screen")
ANNA = Actor(name="anna", via="login")


@dataclass
class Store:
    """A ledger with one trip in it, and what shoppers and staff may say about it."""

    ledger: Ledger
    office: Database
    trip: Trip = field(default_factory=Trip)

    def __post_init__(self) -> None:
        carts = Carts(self.ledger, Commands())
        self.corrections = Corrections(self.ledger, lambda: SHELF, carts, AuditLog(self.office))
        self.words = ShopperAdditions(self.ledger, self.corrections)

    @property
    def basket(self) -> Basket:
        basket = replay(self.ledger, key_of(self.trip))
        assert basket
        return basket

    def tell(self, *events: Event, ago: float = 0) -> None:
        at = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.ledger.commit([replace(stored(event, SHELF), stored_at=at) for event in events])

    def add(self, sku: str, key: str = "a-key", quantity: int = 1, **more: Any) -> str:
        found = SHELF.find(sku)
        assert found
        word = ShopperAddition(key=key, product=found, quantity=quantity, source="scan", **more)
        return self.words.add(self.basket, word, SHOPPER).id

    def lines(self) -> list[tuple[str, int, int | None]]:
        return [(line.sku or line.label, line.quantity, line.total) for line in self.basket.lines]

    def queue(self) -> list[ReviewItem]:
        records = self.ledger.session(key_of(self.trip))
        return review_items_of(self.basket, SHELF, records.events, records.corrections)

    def answer(self, *, is_one: bool) -> None:
        (same,) = same_items(self.ledger.session(key_of(self.trip)))
        self.words.settle_same(self.basket, same, SHOPPER, is_one=is_one)
        assert not same_items(self.ledger.session(key_of(self.trip)))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    ledger, office = open_ledger(url), open_database(url)
    made = Store(ledger, office)
    made.tell(made.trip.start())
    yield made
    office.close()
    ledger.close()


def test_what_is_added_counts_at_once_and_waits_for_the_store(store: Store) -> None:
    word = store.add("BOTTLE", quantity=2)
    assert store.lines() == [("BOTTLE", 2, 398)]
    (waits,) = store.queue()
    assert (waits.kind, waits.source, waits.id, waits.quantity) == ("shopper", "scan", word, 2)
    assert waits.by_hand
    store.corrections.make(key_of(store.trip), word, Reading(action="added", sku="BOTTLE", quantity=2), ANNA)
    assert (store.queue(), store.lines()) == ([], [("BOTTLE", 2, 398)])
    assert [row["source"] for row in rows(store.ledger, "corrections", [])] == ["scan", None]


def test_what_the_store_says_did_not_happen_is_not_charged(store: Store) -> None:
    word = store.add("BOTTLE")
    store.corrections.make(key_of(store.trip), word, Reading(action="none"), ANNA)
    assert (store.queue(), store.lines()) == ([], [])
    with pytest.raises(CorrectionError, match="the staff have looked at this already"):
        store.words.take_back(store.basket, word, SHOPPER)


def test_the_same_press_adds_once_however_often_it_comes(store: Store) -> None:
    with ThreadPoolExecutor(8) as crowd:
        made = set(crowd.map(lambda _: store.add("CAN"), range(8)))
    assert (len(made), store.lines()) == (1, [("CAN", 1, 89)])
    store.add("CAN", key="another-key")
    assert store.lines() == [("CAN", 2, 178)]


def test_what_is_taken_back_is_gone_and_asks_nobody(store: Store) -> None:
    word = store.add("CAN")
    for _ in range(2):
        store.words.take_back(store.basket, word, SHOPPER)
    assert (store.lines(), store.queue()) == ([], [])
    doubt = store.trip.doubt("can", candidates=COULD_BE)
    store.tell(doubt)
    store.words.take_back(store.basket, store.add("CAN", key="that-one", settles=doubt.id), SHOPPER)
    assert [item.kind for item in store.queue()] == ["uncertain"]


def test_only_the_shoppers_own_words_are_taken_back(store: Store) -> None:
    said = store.corrections.make(key_of(store.trip), None, Reading(action="added", sku="CAN"), ANNA)
    with pytest.raises(CorrectionError, match="was not added on this screen"):
        store.words.take_back(store.basket, said.id, SHOPPER)


@pytest.mark.parametrize("quantity", [0, 100])
def test_a_quantity_has_limits(store: Store, quantity: int) -> None:
    with pytest.raises(CorrectionError, match="from 1 to 99"):
        store.add("CAN", quantity=quantity)
    assert store.lines() == []


def test_a_session_takes_so_many_words_and_none_after_its_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopper_additions, "MOST_ADDED", 2)
    words = [store.add("CAN", key=f"press-{n}") for n in range(2)]
    with pytest.raises(CorrectionError, match="no more can be added here"):
        store.add("CAN", key="press-3")
    store.tell(store.trip.end())
    with pytest.raises(CorrectionError, match="your trip has ended"):
        store.add("CAN", key="press-4")
    with pytest.raises(CorrectionError, match="your trip has ended"):
        store.words.take_back(store.basket, words[0], SHOPPER)
    assert store.add("CAN", key="press-0") == words[0]  # the answer to it was lost
    assert store.lines() == [("CAN", 2, 178)]


def test_what_was_just_put_in_is_offered_and_settled(store: Store) -> None:
    doubt, jar, cup = store.trip.doubt(None, candidates=COULD_BE), store.trip.add("jar"), store.trip.add("cup")
    out = store.trip.doubt("can", candidates=tuple(replace(c, outcome="removed") for c in COULD_BE[:1]))
    store.tell(store.trip.add("bottle"), store.trip.add("can"), doubt, jar, cup, out)
    honey = SHELF.find("HONEY")
    assert honey
    offered = store.words.just_put_in(store.basket, honey)
    assert [one.event.id for one in offered] == [cup.id, jar.id, doubt.id]
    store.add("HONEY", settles=jar.id)
    assert ("HONEY", 1, 320) in store.lines()
    assert "jar" not in [line for line, _, _ in store.lines()]
    with pytest.raises(CorrectionError, match="settled already"):
        store.add("HONEY", key="another-key", settles=jar.id)


def test_what_the_camera_has_named_and_priced_is_not_made_another_product(store: Store) -> None:
    bottle = store.trip.add("bottle")
    store.tell(bottle)
    with pytest.raises(CorrectionError, match="settled already"):
        store.add("CAN", settles=bottle.id)
    assert store.lines() == [("BOTTLE", 1, 199)]


def test_what_was_put_in_long_ago_is_not_offered(store: Store) -> None:
    store.tell(store.trip.doubt(None, candidates=COULD_BE), ago=45)
    store.add("CAN")
    can = SHELF.find("CAN")
    assert can
    assert store.words.just_put_in(store.basket, can) == []
    assert same_items(store.ledger.session(key_of(store.trip))) == []


@pytest.mark.parametrize("kind", ["certain", "which", "uncertain"])
def test_what_was_scanned_and_then_seen_is_one_or_two(store: Store, kind: str) -> None:
    sku, label = ("BOTTLE", "bottle") if kind == "certain" else ("HONEY", "jar")
    store.add(sku)
    store.tell(store.trip.doubt(label, candidates=COULD_BE) if kind == "uncertain" else store.trip.add(label))
    store.answer(is_one=True)
    price = 199 if kind == "certain" else 320
    assert store.lines() == [(sku, 1, price)]
    assert [(item.kind, item.source) for item in store.queue()] == [("shopper", "scan")]


def test_two_stay_two_and_nobody_asks_again(store: Store) -> None:
    store.add("HONEY")
    store.tell(store.trip.add("jar"))
    store.answer(is_one=False)
    assert store.lines() == [("HONEY", 1, 320), ("jar", 1, None)]
    assert [item.kind for item in store.queue()] == ["which", "shopper"]


def test_of_several_that_were_scanned_one_is_seen_after_the_other(store: Store) -> None:
    store.add("BOTTLE", quantity=3)
    for left in (2, 1):
        store.tell(store.trip.add("bottle"))
        store.answer(is_one=True)
        assert store.lines() == [("BOTTLE", 3, 597)]
        assert [item.quantity for item in store.queue()].count(left) == (1 if left > 1 else 3)


def test_what_was_offered_and_declined_is_not_asked_about_again(store: Store) -> None:
    seen = store.trip.add("bottle")
    store.tell(seen)
    store.add("BOTTLE", others=(seen.id,))
    assert store.lines() == [("BOTTLE", 2, 398)]
    assert same_items(store.ledger.session(key_of(store.trip))) == []


def test_a_scales_label_gives_weight_or_price(store: Store) -> None:
    store.add("HAM", weight_g=350)
    store.add("HAM", key="another-key", price=499)
    assert store.lines() == [("HAM", 1, 697), ("HAM", 1, 499)]
    store.tell(store.trip.add("ham"))
    assert store.lines()[-1] == ("HAM", 1, None)  # to be weighed
    store.answer(is_one=True)
    assert store.lines() == [("HAM", 1, 697), ("HAM", 1, 499)]
