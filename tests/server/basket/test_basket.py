"""The basket as a pure fold."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_events import CATALOGUE, TIME, Trip, key_of, new_id, product, stored

from smartcart.edge.contract.events import Correction, Event
from smartcart.server.basket.basket import Basket
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import Closing, Fault, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.catalogue.catalogue import Catalogue, Match


def basket_of(trip: Trip, *events: Event | StoredEvent, faults: tuple[Fault, ...] = ()) -> Basket:
    entries = [e if isinstance(e, StoredEvent) else stored(e) for e in events]
    return fold(SessionRecords(key=key_of(trip), events=entries, faults=faults))


def test_an_empty_session_is_an_open_empty_basket() -> None:
    basket = basket_of(trip := Trip(), trip.start())
    assert (basket.state, basket.lines, basket.total_minor, basket.currency) == ("open", (), 0, None)
    assert not basket.incomplete
    assert not basket.needs_attention


def test_items_of_one_product_share_a_line_with_its_total() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.add("bottle"), trip.add("can"), trip.add("bottle", 2))
    assert [(line.sku, line.quantity, line.price, line.total) for line in basket.lines] == [
        ("BOTTLE", 3, 199, 597),
        ("CAN", 1, 89, 89),
    ]
    assert (basket.total_minor, basket.currency) == (686, "EUR")
    assert basket.counts == {"bottle": 3, "can": 1}


def test_a_removal_takes_the_latest_line_of_its_product() -> None:
    trip = Trip()
    dearer = Catalogue([product("bottle", 249)])
    basket = basket_of(
        trip,
        trip.start(),
        trip.add("bottle"),
        stored(trip.add("bottle"), dearer),
        stored(trip.add("bottle"), dearer),
        trip.remove("bottle"),
    )
    assert [(line.price, line.quantity) for line in basket.lines] == [(199, 1), (249, 1)]
    assert basket.total_minor == 448


def test_a_removal_of_more_than_the_latest_line_goes_on_to_the_one_before() -> None:
    trip = Trip()
    first = [trip.start(), trip.add("bottle", 2)]
    dearer = stored(trip.add("bottle", 2), Catalogue([product("bottle", 249)]))
    basket = basket_of(trip, *first, dearer, trip.remove("bottle", 3))
    assert [(line.price, line.quantity) for line in basket.lines] == [(199, 1)]
    assert basket.discrepancies == ()


def test_a_price_stays_the_one_at_commit() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("bottle")]
    later = trip.add("can")
    basket = basket_of(trip, *events, stored(later, Catalogue([product("can", 1)])))
    assert basket.total_minor == 200


def test_removing_what_is_not_there_is_a_discrepancy_and_never_negative() -> None:
    trip = Trip()
    first = [trip.start(), trip.add("can")]
    wrong = trip.remove("can", 2)
    basket = basket_of(trip, *first, wrong, trip.add("can"))
    assert basket.counts == {"can": 1}
    assert [(d.event_id, d.label, d.quantity) for d in basket.discrepancies] == [(wrong.id, "can", 1)]


def test_a_product_without_a_price_is_unpriced_and_not_free() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.add("cup", 2), trip.add("no-such-thing"), trip.add("can"))
    assert [(line.name, line.price, line.total) for line in basket.lines] == [
        ("The cup", None, None),
        ("no-such-thing", None, None),
        ("The can", 89, 89),
    ]
    assert (basket.unpriced, basket.total_minor) == (3, 89)


def test_a_label_of_several_products_is_for_a_person() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.add("jar"))
    (line,) = basket.lines
    assert line.ambiguous
    assert line.choices == ("HONEY", "JAM")
    assert (line.sku, line.price, basket.unpriced) == (None, None, 1)


def test_a_sku_from_the_cart_decides_between_products() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.add("jar", sku="JAM"), trip.add("jar", sku="HONEY"))
    assert [line.sku for line in basket.lines] == ["JAM", "HONEY"]
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.add("jar", sku="JAM"), trip.remove("jar"))
    assert basket.lines == ()


def test_a_removal_by_sku_leaves_the_other_product_of_the_label() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("jar", sku="JAM"), trip.remove("jar", sku="HONEY")]
    basket = basket_of(trip, *events)
    assert [line.sku for line in basket.lines] == ["JAM"]
    assert [d.label for d in basket.discrepancies] == ["jar"]


def test_what_stood_in_the_basket_is_unpriced_and_can_be_taken_out() -> None:
    trip = Trip()
    events = [trip.start(bottle=2, can=0), trip.add("bottle")]
    basket = basket_of(trip, *events)
    assert [(line.initial, line.quantity, line.total) for line in basket.lines] == [(True, 2, None), (False, 1, 199)]
    assert basket.unpriced == 2
    basket = basket_of(trip, *events, trip.remove("bottle", 2))
    assert [(line.initial, line.quantity) for line in basket.lines] == [(True, 1)]


def test_uncertain_events_change_nothing_and_are_kept() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.doubt("can"), trip.doubt(None))
    assert basket.lines == ()
    assert [u.label for u in basket.uncertain] == ["can", None]
    assert basket.uncertain[0].candidates == (("none", "can", 0.9),)


def test_a_gap_holds_the_basket_incomplete_until_it_is_filled() -> None:
    trip = Trip()
    first, lost, last = trip.start(), trip.add("can"), trip.add("bottle")
    assert basket_of(trip, first, last).missing == ((2, 2),)
    assert basket_of(trip, first, last, lost).missing == ()
    far = basket_of(trip, trip.add("can", seq=2**53 - 1))
    assert far.missing == ((1, 2**53 - 2),)


def test_a_refused_event_fills_its_place_with_a_fault() -> None:
    trip = Trip()
    first, _, last = trip.start(), trip.add("can"), trip.add("bottle")
    fault = Fault(event_id=new_id(), seq=2, reason="a newer schema")
    basket = basket_of(trip, first, last, faults=(fault, fault))
    assert not basket.incomplete
    assert basket.problems == ("event 2 was refused: a newer schema",)


def test_a_fault_whose_event_was_taken_later_is_gone() -> None:
    trip = Trip()
    event = trip.start()
    fault = Fault(event_id=event.id, seq=1, reason="a newer schema")
    assert basket_of(trip, event, faults=(fault,)).problems == ()


def test_the_end_is_the_end() -> None:
    trip = Trip()
    basket = basket_of(trip, trip.start(), trip.end(), trip.add("can"), trip.start())
    assert basket.state == "ended"
    assert len(basket.problems) == 3
    assert basket.counts == {"can": 1}


def test_another_currency_is_kept_out_of_the_total_and_said() -> None:
    trip = Trip()
    pounds = Catalogue([product("can", 70, currency="GBP")])
    basket = basket_of(trip, trip.start(), trip.add("bottle"), stored(trip.add("can"), pounds))
    assert (basket.total_minor, basket.currency) == (199, "EUR")
    assert "GBP" in basket.problems[0]


# --- corrections and closing --------------------------------------------------------------------------------------


def corrected(
    number: int, corrects: str | None, action: Any, label: str | None = None, *, after: int = 0, **fields: Any
) -> StoredCorrection:
    values = {"id": new_id(), "sku": None, "quantity": 1, "by": "ann", "time": TIME} | fields
    said = Correction(corrects=corrects, action=action, label=label, **values)
    match = CATALOGUE.match(label, said.sku) if label else Match()
    return StoredCorrection(correction=said, match=match, number=number, after=after)


def corrected_basket(trip: Trip, events: list[Event | StoredEvent], *words: StoredCorrection, **more: Any) -> Basket:
    entries = [e if isinstance(e, StoredEvent) else stored(e) for e in events]
    return fold(SessionRecords(key=key_of(trip), events=entries, corrections=words, **more))


def test_an_uncertain_event_is_settled_by_a_candidate_another_product_or_nothing() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("bottle"), doubt := trip.doubt("can")]
    chosen = corrected_basket(trip, events, corrected(1, doubt.id, "added", "can"))
    assert (chosen.counts, chosen.total_minor, chosen.uncertain) == ({"bottle": 1, "can": 1}, 288, ())
    other = corrected_basket(trip, events, corrected(1, doubt.id, "removed", "bottle"))
    assert (other.lines, other.discrepancies) == ((), ())
    nothing = corrected_basket(trip, events, corrected(1, doubt.id, "none"))
    assert (nothing.counts, nothing.uncertain, nothing.corrections) == ({"bottle": 1}, (), 1)


def test_the_last_correction_of_an_event_counts_at_its_place() -> None:
    trip = Trip()
    events = [trip.start(), wrong := trip.add("can"), trip.remove("bottle"), trip.add("cup")]
    words = [corrected(1, wrong.id, "none"), corrected(2, wrong.id, "added", "bottle")]
    basket = corrected_basket(trip, events, *words[::-1])
    assert (basket.counts, basket.discrepancies) == ({"cup": 1}, ())


def test_a_wrong_quantity_is_corrected_and_keeps_its_price() -> None:
    trip = Trip()
    events = [trip.start(), old := stored(trip.add("bottle"), Catalogue([product("bottle", 99)]))]
    basket = corrected_basket(trip, events, corrected(1, old.event.id, "added", "bottle", quantity=3))
    assert [(line.quantity, line.price, line.sources) for line in basket.lines] == [(3, 99, (old.event.id,))]
    named = corrected_basket(trip, events, corrected(1, old.event.id, "added", "bottle", sku="BOTTLE"))
    assert named.total_minor == 99


def test_a_choice_between_products_of_a_label_settles_its_line() -> None:
    trip = Trip()
    basket = corrected_basket(
        trip, [trip.start(), jar := trip.add("jar")], corrected(1, jar.id, "added", "jar", sku="JAM")
    )
    assert [(line.sku, line.price, line.ambiguous) for line in basket.lines] == [("JAM", 250, False)]


def test_lines_by_hand_stand_where_they_were_made() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("can"), trip.remove("bottle"), trip.add("can")]
    added = corrected(1, None, "added", "bottle", after=2)
    assert corrected_basket(trip, events, added).discrepancies == ()
    late = corrected_basket(trip, events, corrected(1, None, "added", "bottle", after=4))
    assert ([d.label for d in late.discrepancies], late.counts) == (["bottle"], {"bottle": 1, "can": 2})
    gone = corrected_basket(trip, events, corrected(1, None, "removed", "can", after=4, quantity=2))
    assert gone.lines == ()
    undone = corrected_basket(trip, events, added, corrected(2, added.correction.id, "none"))
    assert [d.label for d in undone.discrepancies] == ["bottle"]


def test_a_correction_that_is_taken_back_was_never_made() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("bottle"), doubt := trip.doubt("can"), jar := trip.add("jar")]
    words = [corrected(1, doubt.id, "added", "can"), corrected(2, jar.id, "added", "jar", sku="JAM")]
    settled = corrected_basket(trip, events, *words)
    assert (settled.counts, settled.uncertain) == ({"bottle": 1, "can": 1, "jar": 1}, ())
    back = [corrected(n, word.correction.id, "none") for n, word in enumerate(words, 3)]
    before, after = corrected_basket(trip, events), corrected_basket(trip, events, *words, *back)
    assert after == replace(before, corrections=4)
    assert len(after.uncertain) == 1
    assert after.lines[-1].ambiguous
    again = corrected(5, doubt.id, "removed", "bottle")
    assert corrected_basket(trip, events, *words, *back, again).counts == {"jar": 1}
    first, second = corrected(1, doubt.id, "added", "can"), corrected(2, doubt.id, "none")
    restored = corrected_basket(trip, events, first, second, corrected(3, second.correction.id, "none"))
    assert restored.counts == {"bottle": 1, "can": 1, "jar": 1}


def test_what_stood_in_the_basket_is_settled_label_by_label() -> None:
    trip = Trip()
    start = trip.start(bottle=2, can=1, cup=1)
    words = [corrected(1, start.id, "added", "bottle", quantity=1), corrected(2, start.id, "none", "can")]
    basket = corrected_basket(trip, [start], *words)
    assert sorted((line.label, line.quantity, line.initial) for line in basket.lines) == [
        ("bottle", 1, False),
        ("cup", 1, True),
    ]
    assert (basket.total_minor, basket.unpriced) == (199, 1)


def test_a_refused_event_is_settled_by_a_person() -> None:
    trip = Trip()
    placed, lost = (Fault(event_id=new_id(), seq=seq, reason="a newer schema") for seq in (2, None))
    events = [trip.start(), trip.remove("can", seq=3)]
    words = [corrected(1, placed.event_id, "added", "can"), corrected(2, lost.event_id, "none", after=3)]
    basket = corrected_basket(trip, events, *words, faults=[placed, lost])
    assert (basket.problems, basket.missing, basket.lines, basket.discrepancies) == ((), (), (), ())


def test_a_correction_of_what_is_not_here_is_said() -> None:
    trip = Trip()
    basket = corrected_basket(trip, [trip.start()], corrected(1, new_id(), "none"))
    assert "not in this session" in basket.problems[0]


def test_what_comes_after_the_closing_never_changes_the_tally() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("bottle")]
    late = [replace(stored(e), late=True) for e in (trip.add("can", 2), trip.remove("bottle"), trip.doubt(None))]
    end = replace(stored(trip.end()), late=True)
    closing = Closing(id=new_id(), by="till 3", time=TIME)
    closed = corrected_basket(trip, [*events], closing=closing)
    after = corrected_basket(trip, [*events, *late, end], closing=closing)
    assert (closed.state, closed.closed_at, closed.ended_at) == ("ended", TIME, None)
    assert (after.lines, after.total_minor) == (closed.lines, 199)
    assert [(d.label, d.quantity, d.late) for d in after.discrepancies] == [
        ("can", 2, True),
        ("bottle", 1, True),
        ("something", 1, True),
    ]
    assert (after.ended_at, after.problems, after.uncertain) == (TIME, (), ())
    unseen = replace(stored(Trip(session=trip.session).start(jar=1)), late=True)
    assert [d.label for d in corrected_basket(trip, [unseen], closing=closing).discrepancies] == ["jar"]


LABELS = st.sampled_from(["bottle", "can", "cup", "jar", "unknown"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "doubt"]), LABELS, st.integers(1, 3)), max_size=25)


def events_of(trip: Trip, steps: list[tuple[str, str, int]]) -> list[StoredEvent]:
    events = [trip.start(bottle=1)]
    for what, label, quantity in steps:
        match what:
            case "add":
                events.append(trip.add(label, quantity))
            case "remove":
                events.append(trip.remove(label, quantity))
            case _:
                events.append(trip.doubt(label))
    return [stored(event) for event in events]


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, data=st.data())
def test_any_order_and_any_repetition_gives_the_same_basket(
    steps: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    trip = Trip()
    entries = events_of(trip, steps)
    shuffled = data.draw(st.permutations(entries))
    repeated = [*shuffled, *data.draw(st.lists(st.sampled_from(entries), max_size=10))]
    assert basket_of(trip, *repeated) == basket_of(trip, *entries)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, data=st.data())
def test_no_line_is_ever_negative_and_nothing_gets_lost(steps: list[tuple[str, str, int]], data: st.DataObject) -> None:
    trip = Trip()
    entries = events_of(trip, steps)
    kept = data.draw(st.lists(st.sampled_from(entries), unique_by=lambda s: s.event.id))
    basket = basket_of(trip, *kept)
    assert all(line.quantity > 0 for line in basket.lines)
    assert basket.total_minor == sum(line.total or 0 for line in basket.lines) >= 0
    moved = {"item_added": 1, "item_removed": -1}
    balance = sum(moved.get(s.event.type, 0) * (s.event.quantity or 0) for s in kept)
    balance += sum(sum((s.event.initial or {}).values()) for s in kept)
    assert basket.items - sum(d.quantity for d in basket.discrepancies) == balance
    seqs = {s.event.seq for s in kept}
    gone = {n for start, end in basket.missing for n in range(start, end + 1)}
    assert seqs | gone == set(range(1, max(seqs, default=0) + 1))
    assert not seqs & gone


def test_match_is_stored_with_the_event_not_looked_up_again() -> None:
    trip = Trip()
    entry = replace(
        stored(trip.add("can", seq=2), CATALOGUE), match=Match(sku="X", name="Other", price=1, currency="EUR")
    )
    assert basket_of(trip, trip.start(), entry).lines[0].name == "Other"


@pytest.mark.parametrize("quantity", [1, 1000])
def test_big_quantities_stay_exact(quantity: int) -> None:
    trip = Trip()
    dear = Catalogue([product("can", 10**9)])
    basket = basket_of(trip, *(stored(trip.add("can", quantity), dear) for _ in range(50)))
    assert basket.total_minor == 50 * quantity * 10**9
