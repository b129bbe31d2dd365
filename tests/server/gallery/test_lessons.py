"""Lessons of the server by a clock of the test: asked again while a cart is silent, ended when it stays so."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from wire_events import CATALOGUE, TIME

from smartcart.edge.contract.events import Status
from smartcart.edge.contract.lesson import LessonReport
from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Gallery, GalleryError
from smartcart.edge.gallery.nearest import nearest
from smartcart.edge.gallery.search import Index
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.database.database import open_database
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.gallery.lessons import LONGEST_SECONDS, SILENT_SECONDS, Lesson, LessonError, Lessons
from smartcart.server.ledger.memory import MemoryLedger

AT = ("store-1", "cart-1")
ANNA = Actor(name="anna", via="login")
EMBEDDING = Embedding(id="0123456789ab", like=0.76, sharpness=16.4)


def jam(*rows: tuple[float, ...], sku: str = "JAM") -> Gallery:
    product = Enrolled(sku=sku, name=sku.title(), labels=(), prototypes=np.array(rows or ((1.0, 0.0),), np.float32))
    return Gallery(store="store-1", version=1, embedding=EMBEDDING, products=(product,))


@dataclass
class Store:
    """One store with one cart, and a clock."""

    now: float = 100.0
    catalogue: Catalogue = CATALOGUE

    def __post_init__(self) -> None:
        office = open_database("memory:")
        self.carts = Carts(MemoryLedger(), Commands())
        self.galleries = Galleries(office, AuditLog(office))
        self.lessons = Lessons(self.carts, self.galleries, lambda: self.catalogue, lambda: self.now)
        self.carts.tell_status(AT, Status(online=True, time=TIME, teaching=False))

    def start(self) -> str:
        """Gives the lesson's id."""
        product = CATALOGUE.find("JAM")
        assert product
        self.lessons.start(AT, product, ANNA)
        return self.shown.id

    @property
    def shown(self) -> Lesson:
        lesson = self.lessons.find("JAM")
        assert lesson
        return lesson

    def report(self, state: str = "teaching", **told: object) -> None:
        report = LessonReport(lesson=self.shown.id, state=state, **told)  # type: ignore[arg-type]
        self.lessons.take(AT, report.to_bytes())

    def later(self, seconds: float) -> list[str]:
        """What the cart is asked by then."""
        self.now += seconds
        self.lessons.look()
        return [command.action for _, command in self.lessons.due()]


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.galleries._office.close()


def test_a_silent_cart_is_asked_again_and_one_that_reports_is_not(store: Store) -> None:
    store.start()
    assert [store.later(seconds) for seconds in (0, 1, 1.5)] == [["teach"], [], ["teach"]]
    store.report(progress=0.1, views=2, says="go on turning it")
    assert store.later(1.9) == []
    assert store.later(0.2) == ["teach"]
    store.lessons.end("JAM", "keep")
    assert [store.later(seconds) for seconds in (0, 1, 1.5)] == [["teach_end"], [], ["teach_end"]]
    store.report("learnt", progress=1.0, views=24, gallery=jam().to_bytes())
    assert (store.shown.state, store.later(10)) == ("learnt", [])
    known = store.galleries.product("JAM")
    assert known
    assert (known.views, known.by, known.prototypes) == (24, "anna", 1)


def test_a_cart_that_never_answers_and_one_that_falls_silent_end_the_lesson(store: Store) -> None:
    store.start()
    store.later(SILENT_SECONDS + 1)
    assert (store.shown.state, "does not answer" in store.shown.says) == ("failed", True)
    store.start()
    store.report(views=3)
    store.later(SILENT_SECONDS + 1)
    assert store.shown.state == "failed"


def test_a_lesson_without_end_is_ended(store: Store) -> None:
    store.start()
    for _ in range(int(LONGEST_SECONDS) // 10 + 1):
        store.report(views=3)
        store.later(10)
    assert store.shown.state == "failed"


def test_a_product_that_was_removed_meanwhile_is_not_learnt(store: Store) -> None:
    store.start()
    store.catalogue = Catalogue([product for product in CATALOGUE.products if product.sku != "JAM"])
    store.report("learnt", views=5, gallery=jam().to_bytes())
    assert "removed from the catalogue meanwhile" in store.shown.says
    assert store.galleries.now is None


def test_a_report_of_another_lesson_and_what_is_none_are_passed_over(store: Store) -> None:
    first = store.start()
    store.lessons.end("JAM", "drop")
    store.report("refused", says="stopped; nothing was learnt")
    store.start()
    store.lessons.take(AT, LessonReport(lesson=first, state="learnt", gallery=jam().to_bytes()).to_bytes())
    store.lessons.take(AT, b"{}")
    store.lessons.take(("store-1", "cart-2"), LessonReport(lesson=store.shown.id, state="refused").to_bytes())
    assert store.shown.state == "asked"


def test_what_is_over_is_said_to_be_so(store: Store) -> None:
    with pytest.raises(LessonError, match="over already"):
        store.lessons.end("JAM", "keep")
    with pytest.raises(LessonError, match="nothing to save"):
        store.lessons.save("JAM")
    store.carts.tell_status(AT, Status(online=False, time=TIME))
    with pytest.raises(LessonError, match="cart-1: this cart is offline"):
        store.start()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (jam((2.0, 0.0)), "not vectors of length 1"),
        (jam((float("nan"), 0.0)), "not vectors of length 1"),
        (jam(*[(1.0, 0.0)] * 17), "or more than 16"),
        (jam((1.0, 0.0, 0.0)), "have another width"),
    ],
    ids=["long", "not a number", "too many", "wide"],
)
def test_what_would_spoil_the_gallery_is_refused(store: Store, sent: Gallery, words: str) -> None:
    store.galleries.enrol("HONEY", jam(sku="HONEY"), ANNA)
    store.start()
    store.report("learnt", views=5, gallery=sent.to_bytes())
    assert words in store.shown.says
    assert [product.sku for product in store.galleries.now.gallery.products] == ["HONEY"]  # type: ignore[union-attr]


def test_an_embedding_of_nonsense_is_no_gallery() -> None:
    odd = jam().to_bytes().replace(b'"like":0.76', b'"like":"mu"')
    with pytest.raises(GalleryError, match="not a gallery"):
        Gallery.from_bytes(odd)


def test_how_like_two_products_look_is_said_in_words() -> None:
    rows = {"SAME": (1.0, 0.0), "ALIKE": (0.7, (1 - 0.49) ** 0.5), "OTHER": (0.0, 1.0), "JAM": (1.0, 0.0)}
    gallery = replace(jam(), products=())
    for sku, row in rows.items():
        gallery = gallery.with_product(jam(row, sku=sku).products[0])
    told = nearest(Index(gallery), jam((1.0, 0.0)).products[0])
    assert [(near.sku, near.looks) for near in told] == [
        ("SAME", "the same"),
        ("ALIKE", "alike"),
        ("OTHER", "different"),
    ]
    assert nearest(Index(jam((1.0, 0.0))), jam((1.0, 0.0)).products[0]) == ()
