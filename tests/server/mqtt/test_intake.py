"""Hostile and broken messages become dead letters with a reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_events import CATALOGUE, TIME, Trip

from smartcart.server.basket.records import StoredEvent
from smartcart.server.ledger.port import DeadLetter
from smartcart.server.mqtt.intake import MOST_EVENTS, take_in, take_in_status

TOPIC = "smartcart/v1/store-1/cart-1/events"


def refused(topic: str, payload: bytes) -> DeadLetter:
    taken = take_in(topic, payload, CATALOGUE, TIME)
    assert isinstance(taken, DeadLetter)
    return taken


def message(trip: Trip | None = None, **changes: Any) -> bytes:
    return json.dumps((trip or Trip()).add("can").to_json() | changes).encode()


def test_a_good_event_is_stored_with_the_price_in_force() -> None:
    event = Trip().add("can")
    taken = take_in(TOPIC, event.to_bytes(), CATALOGUE, TIME)
    assert isinstance(taken, StoredEvent)
    assert (taken.event, taken.match.sku, taken.match.price, taken.stored_at) == (event, "CAN", 89, TIME)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"[" * 20_000, "nested more than 32 levels"),
        (b"{" + b" " * 40_000 + b"}", "over the limit"),
        (b'{"schema": "smartcart.event/1", "confidence": NaN}', "NaN"),
    ],
)
def test_what_is_no_message_at_all(payload: bytes, reason: str) -> None:
    letter = refused(TOPIC, payload)
    assert reason in letter.reason
    assert (letter.event_id, letter.session, letter.seq) == (None, None, None)
    assert (letter.store, letter.cart) == ("store-1", "cart-1")
    assert (letter.size, len(letter.payload)) == (len(payload), min(len(payload), 4096))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "item_eaten"}, "unknown"),
        ({"schema": "smartcart.event/2"}, "newer"),
        ({"confidence": 7}, "out of range"),
        ({"cart": "cart-2"}, "came on the topic of store-1/cart-1"),
    ],
)
def test_a_bad_event_with_a_readable_id_can_be_answered_and_placed(changes: dict[str, Any], reason: str) -> None:
    trip = Trip()
    letter = refused(TOPIC, message(trip, **changes))
    assert reason in letter.reason
    assert letter.event_id is not None
    assert letter.fault is not None
    assert (letter.cart, letter.session, letter.seq) == ("cart-1", trip.session, 1)


@pytest.mark.parametrize("seq", [0, -1, 2**53, 1.5, True, None, "1", [1]])
def test_a_seq_that_is_none_fills_nothing(seq: object) -> None:
    letter = refused(TOPIC, message(seq=seq))
    assert letter.seq is None
    assert letter.fault is not None


def test_a_session_has_an_end_past_which_nothing_is_taken_or_missed() -> None:
    assert isinstance(take_in(TOPIC, message(seq=MOST_EVENTS), CATALOGUE, TIME), StoredEvent)
    for seq in (MOST_EVENTS + 1, 2**53 - 1):
        for changes in ({}, {"confidence": 7}):
            letter = refused(TOPIC, message(seq=seq, **changes))
            assert letter.fault is not None
            assert letter.fault.seq is None, "a place that cannot be taken makes no gap before it"
        assert "at most 2000 events" in refused(TOPIC, message(seq=seq)).reason


def test_a_session_that_is_none_belongs_to_no_basket() -> None:
    assert refused(TOPIC, message(session="x")).fault is None


@pytest.mark.parametrize(
    "topic", ["smartcart/v1/a b/c/events", "smartcart/v9/a/b/events", "other", "smartcart/v1//c/events"]
)
def test_a_topic_outside_the_contract(topic: str) -> None:
    letter = refused(topic, message())
    assert (letter.store, letter.event_id) == (None, None)


@pytest.mark.parametrize(
    "field", [b'"label":"\\ud800"', b'"evidence":{"x":1e999}', b'"evidence":{"x":"\\udfff"}', b'"new":1e999']
)
def test_what_could_not_be_written_again_is_refused(field: bytes) -> None:
    letter = refused(TOPIC, message()[:-1] + b"," + field + b"}")
    assert letter.fault is not None
    assert letter.reason.isprintable()


def test_reasons_can_be_printed() -> None:
    assert refused(TOPIC, message(type="\x1b[31m\u202e\ud800 evil")).reason.isprintable()


@settings(max_examples=300, deadline=None)
@given(
    payload=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_nothing_that_arrives_can_break_it(payload: bytes) -> None:
    take_in(TOPIC, payload, CATALOGUE, TIME)


@settings(max_examples=300, deadline=None)
@given(
    field=st.sampled_from(sorted(Trip().add("can").to_json())),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    ),
)
def test_no_field_can_break_it(field: str, value: object) -> None:
    taken = take_in(TOPIC, message(**{field: value}), CATALOGUE, TIME)
    assert isinstance(taken, (StoredEvent, DeadLetter))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"\xff", "UTF-8"), (b"{}", "schema"), (b'{"schema":"smartcart.status/1","online":1,"time":"x"}', "boolean")],
)
def test_a_bad_status_is_a_dead_letter_of_no_basket(payload: bytes, reason: str) -> None:
    letter = take_in_status("smartcart/v1/store-1/cart-1/status", payload, TIME)
    assert isinstance(letter, DeadLetter)
    assert reason in letter.reason
    assert letter.fault is None
