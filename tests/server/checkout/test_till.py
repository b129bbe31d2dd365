"""The till on every database: a basket is closed, settled, paid once whatever happens, and has one receipt."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from people import TESTER
from wire_events import CATALOGUE, Trip, key_of, product, stored

from smartcart.server.access.audit import AuditLog
from smartcart.server.basket.records import SessionKey
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.in_force import CatalogueInForce
from smartcart.server.catalogue.product import Unit
from smartcart.server.catalogue.store import Products
from smartcart.server.checkout.bill import bill_of
from smartcart.server.checkout.payment import Means, NoAnswerError, Order, PaymentAnswer, PaymentState
from smartcart.server.checkout.payments import Payments
from smartcart.server.checkout.receipt_pdf import receipt_pdf
from smartcart.server.checkout.till import NoBasketError, Till, TillError
from smartcart.server.checkout.trial_provider import TrialProvider
from smartcart.server.database.database import Database, DatabaseError, open_database
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import Ledger
from smartcart.server.ledger.replay import replay
from smartcart.server.runtime.zone import UTC_ZONE

SHELF = Catalogue([*CATALOGUE.products, product("apple", 349, unit=Unit.KG, tax_rate=700)])


@dataclass
class Store:
    """A ledger with one trip in it, and the till over both."""

    ledger: Ledger
    office: Database
    till: Till
    trip: Trip

    @property
    def key(self) -> SessionKey:
        return key_of(self.trip)

    def put(self, *labels: str) -> None:
        events = [self.trip.add(label) for label in labels]
        assert all(v.reason is None for v in self.ledger.commit([stored(event, SHELF) for event in events]))

    def another_till(self) -> Till:
        """That of a server that was started again, or of another one."""
        audit = AuditLog(self.office)
        return Till(
            ledger=self.ledger,
            catalogue=CatalogueInForce(Products(self.office, audit)),
            payments=Payments(self.office, audit),
            provider=TrialProvider(self.office),
            audit=audit,
        )

    def actions(self) -> list[str]:
        return [entry.action for entry in AuditLog(self.office).entries(1000)]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    found = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'ledger.sqlite'}"}.get(request.param)
    url = found or str(request.getfixturevalue("postgres_url"))
    ledger, office = open_ledger(url), open_database(url)
    Products(office, AuditLog(office)).seed(SHELF, TESTER)
    made = Store(ledger=ledger, office=office, till=None, trip=Trip())  # type: ignore[arg-type]
    made.till = made.another_till()
    ledger.commit([stored(made.trip.start())])
    yield made
    office.close()
    ledger.close()


def test_a_basket_is_closed_paid_and_has_its_receipt(store: Store) -> None:
    store.put("bottle", "bottle", "can")
    with pytest.raises(TillError, match="close it first"):
        store.till.pay(store.key, "pays", TESTER)
    assert store.till.close(store.key, TESTER).is_closed
    assert store.till.close(store.key, TESTER).is_closed
    paid = store.till.pay(store.key, "pays", TESTER)
    assert paid.receipt
    assert (paid.receipt.number, paid.receipt.bill.total) == (1, 487)
    assert paid.receipt.title == "store-1-000001"
    assert store.till.payments.receipt(paid.receipt.code) == paid.receipt
    assert store.actions().count("basket paid") == 1
    assert store.actions().count("session closed") == 1


def test_what_comes_after_the_closing_is_told_and_costs_nothing(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    store.put("can")
    seen = store.till.look(store.key)
    assert seen.bill.total == 199
    assert [words for words in seen.remarks if "came after checkout" in words]
    assert store.till.pay(store.key, "pays", TESTER).receipt


def test_what_is_not_settled_stands_in_the_way_in_words(store: Store) -> None:
    store.put("jar", "apple", "cup")
    store.ledger.commit([stored(store.trip.doubt("can"))])
    store.till.close(store.key, TESTER)
    with pytest.raises(TillError) as refused:
        store.till.pay(store.key, "pays", TESTER)
    for words in ("may be HONEY or JAM", "The apple is to be weighed", "The cup has no price", "not sure about “can”"):
        assert words in str(refused.value)
    assert store.till.look(store.key).payment is None


def test_an_empty_basket_is_not_paid(store: Store) -> None:
    store.till.close(store.key, TESTER)
    with pytest.raises(TillError, match="nothing to pay"):
        store.till.pay(store.key, "pays", TESTER)
    with pytest.raises(NoBasketError):
        store.till.look(replace(store.key, session="nobody"))


def test_what_is_sold_by_weight_is_weighed_line_by_line(store: Store) -> None:
    store.put("apple", "apple", "bottle")
    lines = [line for line in store.till.look(store.key).basket.lines if line.to_weigh]
    assert len(lines) == 2
    for line, grams in zip(lines, (1000, 215), strict=True):
        store.till.weigh(store.key, line.sources[0], grams, TESTER)
    Products(store.office, AuditLog(store.office)).save(product("apple", 999, unit=Unit.KG), TESTER, new=False)
    store.till.weigh(store.key, lines[0].sources[0], 500, TESTER)  # once more, at the price of its own time
    seen = store.till.look(store.key)
    assert not seen.hindrances
    assert [(line.name, line.total, line.weight_g) for line in seen.bill.lines] == [
        ("The apple", 175, 500),
        ("The apple", 75, 215),
        ("The bottle", 199, None),
    ]
    assert [(tax.rate, tax.gross, tax.tax) for tax in seen.bill.taxes] == [(0, 199, 0), (700, 250, 16)]
    store.till.close(store.key, TESTER)
    assert store.till.pay(store.key, "pays", TESTER).receipt
    with pytest.raises(TillError, match="it cannot change now"):
        store.till.weigh(store.key, lines[0].sources[0], 1, TESTER)


@pytest.mark.parametrize("grams", [0, -1, 100_001])
def test_a_weight_that_is_none_is_refused(store: Store, grams: int) -> None:
    store.put("apple", "bottle")
    apple, bottle = store.till.look(store.key).basket.lines
    with pytest.raises(TillError, match="a weight is from 1"):
        store.till.weigh(store.key, apple.sources[0], grams, TESTER)
    with pytest.raises(TillError, match="no longer in the basket"):
        store.till.weigh(store.key, bottle.sources[0], 100, TESTER)


def test_a_declined_payment_is_tried_again(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    for attempt in (1, 2):
        declined = store.till.pay(store.key, "declines", TESTER)
        assert declined.payment
        assert (declined.payment.state, declined.payment.attempt) == (PaymentState.DECLINED, attempt)
        assert declined.receipt is None
    assert store.till.pay(store.key, "pays", TESTER).receipt
    with pytest.raises(TillError, match="no such means"):
        store.till.pay(store.key, "barter", TESTER)


def test_an_answer_that_comes_twice_pays_once(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    assert store.till.pay(store.key, "twice", TESTER).receipt
    again = store.till.pay(store.key, "pays", TESTER)
    assert again.payment
    assert again.payment.attempt == 1
    assert not store.till.payments.book(PaymentAnswer(key=again.payment.key, paid=True, reference="once more"))
    assert not store.till.payments.book(PaymentAnswer(key=again.payment.key, paid=False, reason="or not"))
    assert store.till.look(store.key).receipt == again.receipt
    assert store.actions().count("basket paid") == 1
    assert "payment contradicts" not in store.actions()


@pytest.mark.parametrize(("means", "paid"), [("lost", True), ("silent", False)])
def test_a_lost_answer_is_asked_for(store: Store, means: str, paid: bool) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    waiting = store.till.pay(store.key, means, TESTER)
    assert waiting.payment
    assert waiting.payment.state is PaymentState.ASKED
    assert store.till.pay(store.key, "pays", TESTER).receipt is None  # not while the first is open
    asked = store.till.ask_again(store.key)
    assert (asked.receipt is not None) == paid
    if not paid:
        late = store.till.provider.charge(Order(key=waiting.payment.key, amount=199, currency="EUR"), "pays")
        assert not late.paid  # the provider has promised never to take it
        assert store.till.pay(store.key, "pays", TESTER).receipt
    assert store.actions().count("basket paid") == 1


def test_what_a_dead_server_left_open_is_found_out_at_the_start(store: Store) -> None:
    """It died after the provider took the money, or before it was asked."""
    trips = {"lost": Trip(cart="cart-2"), "silent": Trip(cart="cart-3")}
    for means, trip in trips.items():
        store.ledger.commit([stored(trip.start()), stored(trip.add("bottle"))])
        store.till.close(key_of(trip), TESTER)
        store.till.pay(key_of(trip), means, TESTER)
    fresh = store.another_till()
    fresh.recover()
    assert fresh.payments.open_since(timedelta(0))  # too young: another server may be at it
    fresh.recover(timedelta(0))
    assert not fresh.payments.open_since(timedelta(0))
    found = {means: fresh.payments.find(key_of(trip)) for means, trip in trips.items()}
    assert {means: payment and payment.state for means, payment in found.items()} == {
        "lost": PaymentState.PAID,
        "silent": PaymentState.DECLINED,
    }


class SlowProvider:
    """Counts how often it was asked, and answers only when all have had time to ask."""

    name = "slow"
    means = (Means(code="card", words="Card"),)

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def listen(self, answered: Callable[[PaymentAnswer], None]) -> None:
        pass

    def charge(self, order: Order, means: str) -> PaymentAnswer:
        self.asked.append(order.key)
        self.go_on.wait(20)
        return PaymentAnswer(key=order.key, paid=True, reference="r")

    def conclude(self, key: str) -> PaymentAnswer:
        raise NoAnswerError("not now")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("bill", ["no such", "{}", "[" * 50])
def test_a_damaged_payment_keeps_no_server_from_starting(
    store: Store, bill: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    store.till.pay(store.key, "lost", TESTER)
    with store.office.writing() as connection:
        connection.exec_driver_sql("UPDATE office_payments SET bill = ?", (bill,))
    store.another_till().recover(timedelta(0))
    assert "stays open" in caplog.text
    assert "a row is damaged" in caplog.text


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_damaged_receipt_is_left_out_of_the_others(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    receipt = store.till.pay(store.key, "pays", TESTER).receipt
    assert receipt and store.till.payments.newest_receipts() == [receipt]
    with store.office.writing() as connection:
        connection.exec_driver_sql("UPDATE office_receipts SET bill = '{}'")
        connection.exec_driver_sql("UPDATE office_audit SET detail = 'no such'")
    assert store.till.payments.newest_receipts() == []
    assert "is damaged" in caplog.text
    for ask in (lambda: store.till.payments.receipt(receipt.code), store.actions):
        with pytest.raises(DatabaseError, match="a row is damaged"):
            ask()


def test_of_many_who_pay_at_once_one_is_charged(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    provider = SlowProvider()
    tills = [store.another_till() for _ in range(2)]
    for till in tills:
        till.provider = provider
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(till.pay, store.key, "card", TESTER) for till in tills * 4]
        others = [done for done in waiting if done is not waiting[0]]
        while sum(done.done() for done in waiting) < len(others):
            threading.Event().wait(0.02)
        provider.go_on.set()
        receipts = {seen.receipt.number for done in waiting if (seen := done.result()).receipt}
    assert len(provider.asked) == 1
    assert receipts == {1}


def test_money_that_comes_too_late_is_told_to_a_person(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    declined = store.till.pay(store.key, "declines", TESTER)
    assert declined.payment
    assert not store.till.payments.book(PaymentAnswer(key=declined.payment.key, paid=True, reference="late"))
    assert "payment contradicts" in store.actions()


def test_receipt_numbers_have_no_gaps(store: Store) -> None:
    trips = [Trip(cart=f"cart-{n}") for n in range(10, 18)]
    for trip in trips:
        store.ledger.commit([stored(trip.start()), stored(trip.add("can"))])
    keys = [key_of(trip) for trip in trips]
    for key in keys:
        store.till.close(key, TESTER)

    def pay(key: SessionKey) -> int:
        store.till.pay(key, "declines", TESTER)
        receipt = store.till.pay(key, "pays", TESTER).receipt
        assert receipt
        return receipt.number

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(pay, keys)) == list(range(1, 9))
    receipts = store.till.payments.newest_receipts()
    assert len({receipt.code for receipt in receipts}) == 8
    assert store.till.payments.paid(keys) == set(keys)


def test_a_receipt_is_shown_once(store: Store) -> None:
    store.put("bottle")
    store.till.close(store.key, TESTER)
    receipt = store.till.pay(store.key, "pays", TESTER).receipt
    assert receipt
    assert store.till.payments.show("made up", TESTER) is None
    with ThreadPoolExecutor(4) as threads:
        shown = list(threads.map(lambda _: store.till.payments.show(receipt.code, TESTER), range(4)))
    assert sorted(found[1] for found in shown if found) == [False, False, False, True]


def test_the_receipt_stays_when_the_basket_is_corrected_after_it(store: Store) -> None:
    store.put("bottle", "apple")
    (apple,) = (line for line in store.till.look(store.key).basket.lines if line.to_weigh)
    store.till.weigh(store.key, apple.sources[0], 100, TESTER)
    store.till.close(store.key, TESTER)
    paid = store.till.pay(store.key, "pays", TESTER)
    Products(store.office, AuditLog(store.office)).set_shop("Corner shop", False, TESTER)
    seen = store.till.look(store.key)
    assert seen.bill == paid.bill
    assert not seen.differs
    basket = replay(store.ledger, store.key)
    assert basket
    assert bill_of(basket, currency="EUR", prices_include_tax=False).total == 199 + 35 + 2


def test_the_pdf_has_letters_of_many_languages(store: Store) -> None:
    store.put("bottle", "bottle")
    store.till.close(store.key, TESTER)
    receipt = store.till.pay(store.key, "pays", TESTER).receipt
    assert receipt
    address = f"https://store.example/receipt/{receipt.code}"
    seller = "Łukasz Ψ Жук\nTax 1/2/3"
    data = receipt_pdf(replace(receipt, seller=seller), address, UTC_ZONE)
    assert data.startswith(b"%PDF")
    assert receipt_pdf(replace(receipt, seller=seller), address, UTC_ZONE) == data
