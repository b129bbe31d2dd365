"""What is stored never stops a server: any bytes in a ledger are a fault of their session, and of nothing else."""

import json
import random
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_events import CATALOGUE, TIME, Trip, new_id, stored

from smartcart.edge.contract.events import MAX_DEPTH, ContractError, Correction, parse_event
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.fold import fold_or_fault
from smartcart.server.basket.records import Closing, SessionKey, SessionRecords, StoredEvent
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger import export
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.backup import backup, restore
from smartcart.server.ledger.port import DeadLetter, LedgerError
from smartcart.server.ledger.rows import UNREADABLE
from smartcart.server.ledger.verification import verify
from smartcart.server.mqtt.intake import take_in
from smartcart.server.site.entrance import Entrance

TOPIC = "smartcart/v1/store-1/cart-1/events"


def nested(levels: int) -> bytes:
    """An event whose evidence makes it so deep in all; the message itself is the first level."""
    event = Trip().add("can").to_json()
    event["evidence"] = {"deep": "DEEP"}
    inner = "[" * (levels - 2) + "]" * (levels - 2)
    return json.dumps(event).replace('"DEEP"', inner).encode()


def test_a_message_is_taken_up_to_its_bound_and_not_beyond() -> None:
    assert isinstance(take_in(TOPIC, nested(MAX_DEPTH), CATALOGUE, TIME), StoredEvent)
    for levels in (MAX_DEPTH + 1, 984, 15_000):
        letter = take_in(TOPIC, nested(levels), CATALOGUE, TIME)
        assert isinstance(letter, DeadLetter)
        assert "nested more than 32 levels" in letter.reason


def test_brackets_in_a_text_are_not_levels() -> None:
    event = Trip().add("can").to_json() | {"note": "[" * 100 + '"\\'}
    assert parse_event(json.dumps(event).encode()).extra["note"].startswith("[[")
    with pytest.raises(ContractError, match="not JSON"):
        parse_event(b'{"id": "' + b"[" * 20)


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Two carts with a session each, three events in both."""
    file = tmp_path / "l.sqlite"
    fill(f"sqlite:///{file}")
    return file


def fill(url: str) -> None:
    ledger = open_ledger(url)
    for cart in ("cart-1", "cart-2"):
        trip = Trip(cart=cart)
        ledger.commit([stored(e) for e in (trip.start(), trip.add("bottle"), trip.add("can"))])
    ledger.close()


def damage(file: Path, column: str, value: object, seq: int = 3, cart: str = "cart-1", how: str = "?") -> None:
    with sqlite3.connect(file) as db:
        query = f"UPDATE events SET {column} = {how} WHERE cart = ? AND seq = ?"
        changed = db.execute(query, (value, cart, seq)).rowcount
    db.close()
    assert changed == 1


def counted(carts: Carts, cart: str) -> tuple[dict[str, int], tuple[str, ...]]:
    view = carts.view(("store-1", cart))
    assert view is not None and view.basket is not None
    return {line.name: line.quantity for line in view.basket.lines}, view.basket.problems


def check_everything(url: str) -> None:
    """Start, replay, verify and export with the damage; the other cart's basket is right in each."""
    ledger = open_ledger(url)
    try:
        carts = Carts(ledger, Commands())
        assert counted(carts, "cart-2") == ({"The bottle": 1, "The can": 1}, ())
        lines, problems = counted(carts, "cart-1")
        assert lines == {"The bottle": 1}
        assert any(UNREADABLE in problem for problem in problems)
        report = verify(ledger)
        assert report.sessions == 2
        assert report.faults
        for what in ("events", "baskets", "corrections"):
            faults: list[str] = []
            rows = list(export.rows(ledger, what, faults))
            assert len(rows) == {"events": 5, "baskets": 2, "corrections": 0}[what]
            assert bool(faults) == (what == "events")
    finally:
        ledger.close()


DEEP = b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


@pytest.mark.parametrize(
    "payload",
    [DEEP, nested(984), b"", b"\xff\xfe\x00", b"null", b"[]", b"{}", "text", 7, 10**12, 0.5, b'{"type": "item_added"}'],
    ids=repr,
)
def test_any_payload_is_a_fault_of_its_session_alone(payload: object, ledger_file: Path) -> None:
    damage(ledger_file, "message", payload)
    check_everything(f"sqlite:///{ledger_file}")


@pytest.mark.parametrize(
    "match", ["", "[]", "{}", "[" * 5000, '[1, 2, "x", {}, [], 0, null, null]', b"\x00", 3], ids=repr
)
def test_any_product_is_a_fault_of_its_session_alone(match: object, ledger_file: Path) -> None:
    damage(ledger_file, "match", match)
    check_everything(f"sqlite:///{ledger_file}")


NO_VALUE: tuple[object, ...] = (b"\xff\x00", -7, 2**62, 1.5, float("inf"), "no such", "", "a\x00b", "x" * 300_000)
"""What no column of an event has; SQLite keeps any of it in any column."""


@pytest.mark.parametrize("column", ["id", "seq", "stored_at", "message", "match"])
def test_any_value_in_any_column_is_a_fault_of_its_session_alone(column: str, ledger_file: Path) -> None:
    seq: object = 3
    for value in NO_VALUE:
        damage(ledger_file, column, value, seq)  # type: ignore[arg-type]
        check_everything(f"sqlite:///{ledger_file}")
        seq = value if column == "seq" else 3
    damage(ledger_file, column, b"\xff\xfeA", seq, how="CAST(? AS TEXT)")  # type: ignore[arg-type]
    check_everything(f"sqlite:///{ledger_file}")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_a_time_that_not_every_zone_has_is_a_fault_too(time: str, ledger_file: Path) -> None:
    damage(ledger_file, "stored_at", time)
    check_everything(f"sqlite:///{ledger_file}")


@pytest.mark.parametrize(
    "wrong",
    [
        b'"label": "\\ud800"',
        b'"note": "\\ud800"',
        b'"evidence": {"a": 1e999}',
        b'"candidates": [["added", "\\udfff", 0.5]]',
    ],
    ids=repr,
)
def test_what_cannot_be_written_again_is_a_fault_of_its_session_alone(wrong: bytes, ledger_file: Path) -> None:
    with sqlite3.connect(ledger_file) as db:
        [(message,)] = db.execute("SELECT message FROM events WHERE cart = 'cart-1' AND seq = 3")
    db.close()
    damage(ledger_file, "message", message[:-1] + b", " + wrong + b"}")
    check_everything(f"sqlite:///{ledger_file}")


@pytest.mark.parametrize(
    "match",
    [
        '["CAN", "\\ud800", 89, "EUR", [], 0, null, null]',
        '["CAN", "The can", 1' + "0" * 30 + ', "EUR", [], 0, null, null]',
        '["CAN", "The can", null, "EUR", [], 0, 100, 1e300]',
    ],
)
def test_a_product_of_no_sense_is_a_fault_of_its_session_alone(match: str, ledger_file: Path) -> None:
    damage(ledger_file, "match", match)
    check_everything(f"sqlite:///{ledger_file}")


@pytest.mark.parametrize("column", ["topic", "reason", "payload", "size", "received_at", "event_id", "session", "seq"])
def test_any_value_in_a_dead_letter_stops_nothing(column: str, ledger_file: Path) -> None:
    ledger = open_ledger(f"sqlite:///{ledger_file}")
    event = Trip().add("can")
    values: dict[str, Any] = {"topic": TOPIC, "payload": b"x", "size": 1, "received_at": TIME, "store": "store-1"}
    placed = {"cart": "cart-1", "event_id": event.id, "session": event.session, "seq": 9}
    ledger.commit([], [DeadLetter(reason="odd", **values, **placed), DeadLetter(reason="odd", **values, cart="cart-1")])
    ledger.close()
    for value in NO_VALUE:
        with sqlite3.connect(ledger_file) as db:
            db.execute(f"UPDATE dead_letters SET {column} = ? WHERE session IS NOT NULL", (value,))
            if column in ("reason", "received_at"):
                db.execute(f"UPDATE dead_letters SET {column} = ? WHERE session IS NULL", (value,))
        db.close()
        ledger = open_ledger(f"sqlite:///{ledger_file}")
        assert counted(Carts(ledger, Commands()), "cart-2") == ({"The bottle": 1, "The can": 1}, ())
        assert len([letter.reason.encode() + letter.topic.encode() for letter in ledger.dead_letters()]) == 2
        assert verify(ledger).sessions
        ledger.close()


@pytest.mark.parametrize(
    "payload", [DEEP, nested(984), b"", b"\xff\xfe\x00", b"null", b'{"type": "item_added"}'], ids=repr
)
def test_postgres_stands_any_payload_too(payload: bytes, postgres_url: str) -> None:
    fill(postgres_url)
    ledger = open_ledger(postgres_url)
    following = Carts(ledger, Commands())
    with psycopg.connect(postgres_url) as db:
        of = "WHERE cart = 'cart-1' AND seq = 3"
        query = f"UPDATE smartcart.events SET message = %s, xact = pg_current_xact_id() {of}"
        assert db.execute(query, (payload,)).rowcount == 1
    following.refresh()
    assert counted(following, "cart-2") == ({"The bottle": 1, "The can": 1}, ())
    ledger.close()
    check_everything(postgres_url)


def test_a_message_in_the_place_of_another_is_a_fault(ledger_file: Path) -> None:
    damage(ledger_file, "message", Trip().add("can").to_bytes())
    check_everything(f"sqlite:///{ledger_file}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=300) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_whatever_stands_in_the_payload_the_other_baskets_are_right(payload: object, ledger_file: Path) -> None:
    damage(ledger_file, "message", payload)
    check_everything(f"sqlite:///{ledger_file}")


def test_what_is_damaged_while_a_server_follows_stops_nothing(ledger_file: Path) -> None:
    ledger = open_ledger(f"sqlite:///{ledger_file}")
    carts = Carts(ledger, Commands())
    trip = Trip(cart="cart-3")
    ledger.commit([stored(trip.start()), stored(trip.add("can"))])
    damage(ledger_file, "message", DEEP, seq=2, cart="cart-3")
    carts.refresh()
    assert any(UNREADABLE in problem for problem in counted(carts, "cart-3")[1])
    other = Trip(cart="cart-4")
    ledger.commit([stored(other.start()), stored(other.add("can"))])
    carts.refresh()
    assert counted(carts, "cart-4") == ({"The can": 1}, ())
    ledger.close()


def test_a_damaged_correction_and_closing_are_faults_too(ledger_file: Path) -> None:
    ledger = open_ledger(f"sqlite:///{ledger_file}")
    [key] = [key for key in ledger.every_session() if key.cart == "cart-1"]
    word = Correction(id=new_id(), corrects=None, action="added", label="cup", sku=None, quantity=1, by="a", time=TIME)
    ledger.correct(key, word, Match())
    ledger.close_session(key, Closing(id=new_id(), by=None, time=TIME))
    with sqlite3.connect(ledger_file) as db:
        db.execute("UPDATE records SET message = ?", ("[" * 5000,))
    db.close()
    carts = Carts(ledger, Commands())
    lines, problems = counted(carts, "cart-1")
    assert lines == {"The bottle": 1, "The can": 1}
    assert any(UNREADABLE in problem and "correction" in problem for problem in problems)
    view = carts.view(("store-1", "cart-1"))
    assert view is not None and view.basket is not None and view.basket.state == "ended"
    ledger.close()


def test_what_cannot_be_folded_is_said_and_takes_nothing_with_it() -> None:
    basket = fold_or_fault(SessionRecords(key=SessionKey(store="s", cart="c", session="x"), events=[None]))  # type: ignore[list-item]
    assert basket.lines == ()
    assert any("cannot be folded" in problem for problem in basket.problems)


@pytest.mark.parametrize(("column", "value"), [("message", DEEP), ("stored_at", "no such"), ("seq", b"\xff")])
def test_a_server_starts_on_a_damaged_ledger_and_shows_the_fault(
    column: str, value: object, ledger_file: Path, broker_url: str
) -> None:
    damage(ledger_file, column, value)
    options = {"broker_url": broker_url, "ledger_url": f"sqlite:///{ledger_file}", "port": 0, "catalogue": CATALOGUE}
    with BasketServer(**options, entrance=Entrance(is_open=True)) as server:
        whole = server.basket("store-1", "cart-2")
        assert whole is not None and whole.counts == {"bottle": 1, "can": 1}
        for path in ("/", "/queue", "/numbers", "/checkout", "/carts/store-1/cart-2", "/carts/store-1/cart-1"):
            with urllib.request.urlopen(server.url.rstrip("/") + path, timeout=30) as answer:
                page = answer.read().decode()
        assert UNREADABLE in page


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    replaced: bool, tmp_path: Path, broker_url: str, fake_cart: Any
) -> None:
    file = tmp_path / "l.sqlite"
    options = {"broker_url": broker_url, "ledger_url": f"sqlite:///{file}", "port": 0, "catalogue": CATALOGUE}
    with BasketServer(**options, entrance=Entrance(is_open=True)) as server:
        trip = Trip()
        fake_cart.send_until_answered(trip.start())
        file.rename(tmp_path / "away.sqlite")
        if replaced:
            open_ledger(f"sqlite:///{file}").close()
        lost = trip.add("can")
        fake_cart.send(lost)
        assert '"ledger":false' in eventually(lambda: refusal(server.url.rstrip("/") + "/readyz"))
        assert "was deleted or replaced" in refusal(server.url.rstrip("/") + "/api/v1/health")
        assert lost.id not in fake_cart.committed


def eventually(ask: Callable[[], str]) -> str:
    for _ in range(600):
        if said := ask():
            return said
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def refusal(url: str) -> str:
    """What the server says where it refuses; nothing while all is well."""
    try:
        with urllib.request.urlopen(url, timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_ledger_that_is_gone_is_said_by_every_call(ending: str, tmp_path: Path) -> None:
    """Every commit stands in the write-ahead log first: without it those of the last hours are gone."""
    ledger = open_ledger(f"sqlite:///{tmp_path / 'l.sqlite'}")
    (tmp_path / f"l.sqlite{ending}").unlink()
    with pytest.raises(LedgerError, match="was deleted or replaced"):
        ledger.commit([stored(Trip().start())])
    with pytest.raises(LedgerError, match="was deleted or replaced"):
        ledger.dead_letters()
    ledger.close()


def test_a_backup_with_flipped_bytes_is_refused_or_restored_but_never_a_traceback(
    ledger_file: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.backup"
    backup(f"sqlite:///{ledger_file}", whole)
    data, rng, refusals = whole.read_bytes(), random.Random(4), 0
    for number in range(60):
        flipped = bytearray(data)
        for _ in range(rng.choice((1, 20, 400))):
            flipped[rng.randrange(len(flipped))] ^= rng.randrange(1, 256)
        source = tmp_path / "flipped.backup"
        source.write_bytes(bytes(flipped))
        url = f"sqlite:///{tmp_path / f'restored{number}.sqlite'}"
        try:
            restore(source, url)
            ledger = open_ledger(url)
            Carts(ledger, Commands())
            verify(ledger)
            ledger.close()
        except LedgerError:
            refusals += 1
    assert refusals > 10


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "//[x]:y", "http://a:99999/"])
def test_an_address_that_is_none_is_refused_and_no_fault_of_the_server(
    address: str, tmp_path: Path, broker_url: str
) -> None:
    options = {"broker_url": broker_url, "ledger_url": f"sqlite:///{tmp_path / 'l.sqlite'}", "port": 0}
    with BasketServer(**options, catalogue=CATALOGUE, entrance=Entrance(is_open=False)) as server:
        root = server.url.rstrip("/")
        assert status_of(root + "/login", "POST", {"Origin": address}) == 403
        assert status_of(root + "/", "GET", {"HX-Request": "true", "HX-Current-URL": address}) == 401


def status_of(url: str, method: str, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, method=method, headers=headers, data=b"" if method == "POST" else None)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
