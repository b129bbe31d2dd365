"""The numbers of a shift, and a session told in order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from wire_events import Trip as Wire
from wire_events import new_id, stored

from smartcart.edge.contract.events import Correction
from smartcart.edge.contract.times import rfc3339
from smartcart.server.basket.effective_corrections import SHOPPER
from smartcart.server.basket.records import Closing, Fault, SessionKey, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.carts.shift import Trip, shift_of
from smartcart.server.carts.shift_book import as_csv
from smartcart.server.carts.timeline import timeline
from smartcart.server.catalogue.catalogue import Match

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def at(event: StoredEvent, clock: str) -> StoredEvent:
    return replace(event, stored_at=f"2026-03-02T{clock}.000Z")


def word(corrects: str | None, clock: str, *, by: str = "anna", sku: str = "CAN") -> StoredCorrection:
    said = Correction(
        id=new_id(),
        corrects=corrects,
        action="added",
        label="can",
        sku=sku,
        quantity=1,
        by=by,
        time=f"2026-03-02T{clock}.000Z",
    )
    return StoredCorrection(correction=said, match=Match(sku=sku, name="The can"), number=1, after=2)


def test_hours_rates_and_delays() -> None:
    wire = Wire()
    doubt, old = stored(wire.doubt("can")), stored(wire.add("can"))
    events = [
        at(old, "01:00:00"),
        at(stored(wire.add("bottle", 3)), "11:10:00"),
        at(stored(wire.remove("bottle")), "12:10:00"),
        at(doubt, "12:11:00"),
        at(stored(wire.doubt("can")), "12:12:00"),
    ]
    trip = Trip(cart=("s", "c"), events=events, corrections=[word(doubt.event.id, "12:11:30")])
    shift = shift_of([trip, Trip(cart=("s", "d"), events=[], corrections=[])], NOW, 3)
    assert [(hour.begin.hour, hour.events, hour.carts) for hour in shift.hours] == [(10, 0, 0), (11, 1, 1), (12, 3, 1)]
    last = shift.hours[-1]
    assert (last.removed, last.uncertain, last.corrected, last.settle_seconds) == (1, 2, 1, 30.0)
    assert (shift.events, shift.uncertain_rate, shift.settle_seconds) == (4, 0.5, 30.0)
    assert (shift.sessions, shift.carts, shift.settled, shift.waiting) == (1, 1, 1, 1)
    assert [(product.name, product.quantity) for product in shift.products] == [("The bottle", 2), ("The can", 1)]
    rows = as_csv(shift).splitlines()
    assert rows[0].startswith("hour,events,added,removed,uncertain")
    assert rows[-1] == "2026-03-02T12:00:00+00:00,3,0,1,2,0.6667,1,30.0,1"
    assert rows[1].endswith(",0,0,0,0,,0,,0")


def test_what_the_store_has_not_agreed_to_is_no_top_product() -> None:
    wire = Wire()
    added, kept = word(None, "12:11:00", by=SHOPPER), word(None, "12:12:00", by=SHOPPER)
    no = word(added.correction.id, "12:13:00")
    words = [added, kept, replace(no, correction=replace(no.correction, action="none"))]
    shift = shift_of(
        [Trip(cart=("s", "c"), events=[at(stored(wire.add("cup")), "12:10:00")], corrections=words)], NOW, 1
    )
    assert {product.name: product.quantity for product in shift.products} == {"The cup": 1, "The can": 1}


@pytest.mark.parametrize(
    ("zone", "now", "begins"),
    [
        ("Asia/Kolkata", "2026-03-02T12:10:00Z", ["15:00+05:30", "16:00+05:30", "17:00+05:30"]),
        ("Asia/Kathmandu", "2026-03-02T12:10:00Z", ["15:00+05:45", "16:00+05:45", "17:00+05:45"]),
        ("Europe/Berlin", "2026-10-25T02:20:00Z", ["02:00+02:00", "02:00+01:00", "03:00+01:00"]),
        ("Europe/Berlin", "2026-03-29T01:20:00Z", ["00:00+01:00", "01:00+01:00", "03:00+02:00"]),
        ("Australia/Lord_Howe", "2026-04-04T16:10:00Z", ["00:00+11:00", "01:00+11:00", "02:00+10:30"]),
    ],
)
def test_hours_are_those_of_the_stores_clocks(zone: str, now: str, begins: list[str]) -> None:
    moment = datetime.fromisoformat(now)
    quarters = [moment - timedelta(minutes=15 * n) for n in range(9)]
    wire = Wire()
    events = [replace(stored(wire.add("can")), stored_at=rfc3339(at)) for at in quarters]
    trip = Trip(cart=("s", "c"), events=events, corrections=[])
    shift = shift_of([trip], moment, 3, ZoneInfo(zone))
    assert [hour.begin.isoformat()[11:16] + hour.begin.isoformat()[19:] for hour in shift.hours] == begins
    assert sum(hour.added for hour in shift.hours) == len(events)
    lengths = [b.begin.astimezone(UTC) - a.begin.astimezone(UTC) for a, b in pairwise(shift.hours)]
    assert min(lengths) >= timedelta(hours=1)
    assert shift.time_zone == zone


def test_nothing_at_all() -> None:
    shift = shift_of([], NOW, 2)
    assert (shift.events, shift.uncertain_rate, shift.settle_seconds, shift.products) == (0, None, None, ())


def test_a_session_is_told_in_order_with_gaps_faults_and_words() -> None:
    wire = Wire()
    first, doubt = stored(wire.start()), stored(wire.doubt("can"))
    next(wire.seq)
    late = stored(wire.add("bottle", evidence={"deep": {"a": 1}, "seen": 0.25, "long": "x" * 999}))
    fault = Fault(event_id=new_id(), seq=5, reason="too large")
    words = [word(doubt.event.id, "12:00:00", by=SHOPPER), word(None, "12:01:00")]
    closing = Closing(id=new_id(), by="anna", time="2026-03-02T12:02:00.000Z")
    told = timeline(
        SessionRecords(
            key=SessionKey(store="s", cart="c", session="x"),
            events=[late, doubt, first],
            faults=[fault],
            corrections=words,
            closing=closing,
        )
    )
    assert [moment.kind for moment in told] == ["started", "uncertain", "by_hand", "gap", "added", "refused", "closed"]
    assert (told[3].seq, told[3].last_seq) == (3, 3)
    assert told[1].said[0].by_shopper
    assert not told[2].said[0].by_shopper
    assert told[4].facts == (("seen", "0.25"), ("long", "x" * 60))
    assert told[5].reason == "too large"
