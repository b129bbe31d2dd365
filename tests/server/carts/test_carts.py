"""All carts as they stand, fed by a ledger: in any order and interleaving, and in bounded memory."""

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_events import TIME, Trip, key_of, new_id, stored

from smartcart.edge.contract.events import MAX_EVENT_BYTES, Correction, Status
from smartcart.server.basket.fold import fold
from smartcart.server.basket.records import Closing, SessionRecords, StoredEvent
from smartcart.server.carts import carts as carts_module
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands, Request
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger.memory import MemoryLedger
from smartcart.server.ledger.port import DeadLetter, Erasure
from smartcart.server.ledger.replay import replay
from smartcart.server.ledger.sqlite import SQLiteLedger

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "doubt"]),
        st.sampled_from(["bottle", "can", "jar"]),
        st.sampled_from(["1970-01-01T00:00:00Z", TIME, "2099-12-31T23:59:59Z"]),
    ),
    max_size=8,
)


def told_by(trip: Trip, steps: list[tuple[str, str, str]]) -> list[StoredEvent]:
    """A session told by a cart whose clock jumps."""
    middle = [getattr(trip, what)(label, time=time) for what, label, time in steps]
    return [stored(event) for event in (trip.start(bottle=1), *middle, trip.end())]


@settings(max_examples=60, deadline=None)
@given(stories=st.lists(STEPS, min_size=6, max_size=6), data=st.data())
def test_any_interleaving_of_sessions_and_carts_gives_the_baskets_as_in_order(
    stories: list[list[tuple[str, str, str]]], data: st.DataObject
) -> None:
    trips = [Trip(cart=f"cart-{n % 3}") for n in range(6)]
    in_order = {key_of(trip): told_by(trip, steps) for trip, steps in zip(trips, stories, strict=True)}
    all_of_them = [entry for entries in in_order.values() for entry in entries]
    arriving = data.draw(st.permutations(all_of_them + data.draw(st.lists(st.sampled_from(all_of_them), max_size=10))))
    ledger = MemoryLedger()
    live, now_and_then = Carts(ledger, Commands()), Carts(ledger, Commands())
    while arriving:
        size = data.draw(st.integers(1, 12))
        ledger.commit(arriving[:size])
        arriving = arriving[size:]
        live.refresh()
    now_and_then.refresh()
    for key, entries in in_order.items():
        basket = replay(ledger, key)
        assert basket == fold(SessionRecords(key=key, events=entries))
        assert basket
        assert not basket.incomplete
    fresh = Carts(ledger, Commands())
    for cart in ("cart-0", "cart-1", "cart-2"):
        views = [carts.view(("store-1", cart)) for carts in (live, now_and_then, fresh)]
        newest = replay(ledger, ledger.sessions("store-1", cart, limit=1)[0])
        assert [view.basket if view else None for view in views] == [newest] * 3


def test_a_carts_clock_changes_no_line() -> None:
    trip = Trip()
    events = [trip.start(), trip.add("can"), trip.add("bottle"), trip.remove("can"), trip.end()]
    skewed = [replace(e, time=t) for e, t in zip(events, ["2099", "1970", "2050", "2000", "1980"], strict=True)]
    skewed = [replace(e, time=f"{e.time}-01-01T00:00:00Z") for e in skewed]
    straight, bent = (
        fold(SessionRecords(key=key_of(trip), events=[stored(e) for e in told])) for told in (events, skewed)
    )
    assert (bent.lines, bent.total_minor, bent.state, bent.problems) == (
        straight.lines,
        straight.total_minor,
        straight.state,
        straight.problems,
    )


def test_corrections_closing_and_erasure_reach_the_carts_and_their_commands() -> None:
    ledger, commands, trip = MemoryLedger(), Commands(), Trip()
    carts = Carts(ledger, commands)
    at = (trip.store, trip.cart)
    changed: list[set[Any]] = []
    carts.listen(changed.append)
    ledger.commit([stored(trip.start()), stored(trip.add("can"))])
    carts.refresh()
    word = Correction(
        id=new_id(), corrects=None, action="added", label="cup", sku=None, quantity=1, by="ann", time=TIME
    )
    ledger.correct(key_of(trip), word, Match())
    carts.refresh()
    assert basket_at(carts, at).counts == {"can": 1, "cup": 1}
    assert [command.action for _, command in commands.due(0)] == ["show_corrections"]
    carts.tell_status(at, Status(online=True, time=TIME))
    assert [command.action for _, command in commands.due(0)] == ["show_corrections"]
    carts.tell_status(at, Status(online=True, time=TIME, outbox=3))
    assert commands.due(0) == []
    ledger.close_session(key_of(trip), Closing(id=new_id(), by=None, time=TIME))
    carts.refresh()
    assert basket_at(carts, at).state == "ended"
    assert [command.action for _, command in commands.due(0)] == ["end_session"]
    assert [command.action for _, command in told_at_start(ledger)] == ["end_session", "show_corrections"]
    ledger.commit([stored(trip.end())])
    carts.refresh()
    assert commands.due(99) == []
    ledger.erase_session(key_of(trip), Erasure(id=new_id(), by=None, time=TIME))
    carts.refresh()
    view = carts.view(at)
    assert view
    assert (view.basket, view.online) == (None, True)
    assert changed == [{at}] * 7


def basket_at(carts: Carts, at: tuple[str, str]) -> Any:
    view = carts.view(at)
    assert view
    return view.basket


def told_at_start(ledger: MemoryLedger) -> list[Any]:
    """What a server that starts now would tell the carts."""
    commands = Commands()
    Carts(ledger, commands)
    return commands.due(0)


def test_carts_that_are_gone_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carts_module, "MAX_CARTS", 10)
    ledger, commands = MemoryLedger(), Commands()
    carts = Carts(ledger, commands)
    trips = [Trip(cart=f"cart-{n:03}") for n in range(50)]
    for trip in trips:
        ledger.commit([stored(trip.start())])
        commands.follow({(trip.store, trip.cart): Request(action="end", newest=trip.session)})
        carts.refresh()
        carts.tell_status(("store-1", f"never-{trip.cart}"), Status(online=False, time=TIME))
    assert len(carts) == len(carts.views()) == 10
    assert len(commands.due(0)) <= 10
    assert carts.view(("store-1", "cart-000")) is None
    ledger.commit([stored(trips[0].add("can"))])
    carts.refresh()
    assert basket_at(carts, ("store-1", "cart-000")).events == 2
    assert len(Carts(ledger, Commands())) == 10


def test_memory_is_flat_over_many_sessions(tmp_path: Path) -> None:
    ledger = SQLiteLedger(tmp_path / "l.sqlite")
    carts = Carts(ledger, Commands())

    def shop(count: int) -> None:
        for number in range(count):
            trip = Trip(cart=f"cart-{number % 5}")
            letter = DeadLetter(topic="t", reason=f"bad {number}", payload=b"x" * 500, size=500, received_at=TIME)
            ledger.commit([stored(e) for e in (trip.start(), *(trip.add("can") for _ in range(10)))], [letter])
            carts.refresh()
            ledger.commit([stored(trip.end())])
            carts.refresh()
            carts.views()

    tracemalloc.start()
    shop(20)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    shop(60)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    ledger.close()
    assert grown < 100_000  # 60 sessions kept would be more than a megabyte


def test_a_cart_cannot_fill_the_memory_with_long_events(tmp_path: Path) -> None:
    """What is kept of one has an end, and a session has (see ``intake.MOST_EVENTS``)."""
    ledger, trip = SQLiteLedger(tmp_path / "l.sqlite"), Trip()
    long: dict[str, Any] = {"evidence": {"path": [0.5] * 1500}, "extra": {"more": {str(n): [n] for n in range(1000)}}}
    events = [trip.start(), *(trip.add("can", **long) for _ in range(40))]
    assert len(events[1].to_bytes()) > MAX_EVENT_BYTES / 2
    carts = Carts(ledger, Commands())
    ledger.commit([stored(event) for event in events])
    gc.collect()
    tracemalloc.start()
    carts.refresh()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    for there in (carts, Carts(ledger, Commands())):
        assert basket_at(there, ("store-1", "cart-1")).counts == {"can": 40}
    ledger.close()
    assert grown < 40 * 4000
    carts.tell_status(("store-1", "cart-1"), Status(online=True, time=TIME, extra={"more": ["x"] * 10_000}))
    view = carts.view(("store-1", "cart-1"))
    assert view
    assert view.status == Status(online=True, time=TIME)
