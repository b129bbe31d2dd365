"""One contract for every ledger, and what is SQLite's own."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from wire_events import TIME, Trip, key_of, new_id, stored

from smartcart.edge.contract.events import Correction
from smartcart.edge.contract.times import rfc3339
from smartcart.server.basket.records import Closing, SessionKey, StoredCorrection, StoredEvent
from smartcart.server.catalogue.catalogue import Match
from smartcart.server.ledger import port as ledger_module
from smartcart.server.ledger import sql_reading
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.memory import MemoryLedger
from smartcart.server.ledger.port import KNOWN, NEW, DeadLetter, Erasure, Ledger, LedgerError, Outcome, refused
from smartcart.server.ledger.replay import replay
from smartcart.server.ledger.sqlite import SQLiteLedger


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    match request.param:
        case "memory":
            opened = open_ledger("memory:")
        case "sqlite":
            opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
        case _:
            opened = open_ledger(request.getfixturevalue("postgres_url"))
    yield opened
    opened.close()


def letter(**fields: Any) -> DeadLetter:
    common = {"topic": "t", "reason": "bad", "payload": b"\xff", "size": 1, "received_at": TIME}
    return DeadLetter(**(common | fields))


PRICED = Match(sku="CAN", name="The can", price=89, currency="EUR")


def correction(corrects: str | None, action: Any, label: str | None = None, by: str | None = "ann") -> Correction:
    return Correction(
        id=new_id(), corrects=corrects, action=action, label=label, sku=None, quantity=1, by=by, time=TIME
    )


def closing() -> Closing:
    return Closing(id=new_id(), by="till 3", time=TIME)


def erasure() -> Erasure:
    return Erasure(id=new_id(), by="ann", time=TIME)


def outcomes(ledger: Ledger, *entries: StoredEvent) -> list[Outcome]:
    return [verdict.outcome for verdict in ledger.commit(entries)]


def test_an_event_comes_back_as_it_was_stored(ledger: Ledger) -> None:
    trip = Trip()
    entries = [
        stored(trip.start(bottle=1)),
        stored(trip.add("jar", box=(0.1, 0.2, 0.3, 0.4), evidence={"votes": [1, 2]}, extra={"new": {"field": 1}})),
        stored(trip.doubt(None)),
    ]
    assert outcomes(ledger, *entries) == [Outcome.NEW] * 3
    assert ledger.session(key_of(trip)).events == entries


def test_an_id_stored_already_is_known_and_stored_once(ledger: Ledger) -> None:
    trip = Trip()
    entry = stored(trip.start())
    assert outcomes(ledger, entry, entry) == [Outcome.NEW, Outcome.KNOWN]
    assert outcomes(ledger, replace(entry, stored_at="2027-01-01T00:00:00Z")) == [Outcome.KNOWN]
    assert ledger.session(key_of(trip)).events == [entry]
    assert ledger.dead_letter_count() == 0


def test_the_same_seq_with_another_id_is_refused_and_kept(ledger: Ledger) -> None:
    trip = Trip()
    first, second = stored(trip.add("can", seq=1)), stored(trip.add("bottle", seq=1))
    ledger.commit([first])
    (verdict,) = ledger.commit([second])
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, ledger_module.SEQ_TAKEN)
    assert ledger.session(key_of(trip)).events == [first]
    (buried,) = ledger.dead_letters()
    assert (buried.event_id, buried.seq, buried.payload) == (second.event.id, 1, second.event.to_bytes())
    assert [fault.event_id for fault in ledger.session(key_of(trip)).faults] == [second.event.id]


def test_an_id_used_by_another_cart_is_refused(ledger: Ledger) -> None:
    mine, theirs = Trip(cart="mine"), Trip(cart="theirs")
    event = mine.start()
    ledger.commit([stored(event)])
    (verdict,) = ledger.commit([stored(replace(theirs.start(), id=event.id))])
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED, ledger_module.ID_TAKEN)
    assert ledger.session(key_of(theirs)).events == []


def test_a_batch_that_contradicts_itself(ledger: Ledger) -> None:
    trip = Trip()
    first = trip.start()
    rival = stored(trip.add("can", seq=1))
    moved = replace(rival.event, seq=2)
    entries = [stored(first), rival, stored(moved), stored(replace(moved, seq=3)), stored(first)]
    assert outcomes(ledger, *entries) == [
        Outcome.NEW,
        Outcome.REFUSED,
        Outcome.NEW,
        Outcome.REFUSED,
        Outcome.KNOWN,
    ]
    assert [s.event for s in ledger.session(key_of(trip)).events] == [first, moved]


def test_text_of_every_kind_is_kept(ledger: Ledger) -> None:
    trip = Trip()
    entry = stored(trip.add("\x00 'quoted' \U0001f34c \u202e"))
    strange = letter(reason="'); DROP TABLE events; --", payload=bytes(range(256)), size=256)
    ledger.commit([entry], [strange])
    assert ledger.session(key_of(trip)).events == [entry]
    assert ledger.dead_letters() == [strange]


def test_order_of_arrival_does_not_matter(ledger: Ledger) -> None:
    trip = Trip()
    entries = [stored(trip.start()), stored(trip.add("can")), stored(trip.end())]
    ledger.commit(entries[::-1])
    assert ledger.session(key_of(trip)).events == entries


def test_the_current_session_is_the_one_that_began_last(ledger: Ledger) -> None:
    first, second = (Trip(session=session) for session in sorted((new_id(), new_id()), reverse=True))
    other = Trip(cart="cart-2")
    ledger.commit([stored(first.start()), stored(second.start()), stored(other.start())])
    ledger.commit([stored(first.end())])
    assert ledger.sessions("store-1", "cart-1") == [key_of(second), key_of(first)]
    assert set(ledger.current_sessions()) == {key_of(second), key_of(other)}
    assert ledger.sessions("store-1", "nobody") == []


def test_dead_letters_are_kept_bounded_and_counted(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(ledger, MemoryLedger):
        monkeypatch.setattr(sys.modules[type(ledger).__module__], "KEPT_LETTERS", 5)
    if isinstance(ledger, MemoryLedger):
        ledger = MemoryLedger(_letters=type(ledger._letters)(maxlen=5))
    for i in range(12):
        ledger.commit([], [letter(reason=str(i), payload=b"x" * 100_000, size=100_000)])
    assert [found.reason for found in ledger.dead_letters(3)] == ["11", "10", "9"]
    assert len(ledger.dead_letters()) == 5
    assert ledger.dead_letter_count() == 12
    assert len(ledger.dead_letters()[0].payload) == ledger_module.KEPT_BYTES
    assert ledger.dead_letters()[0].size == 100_000


def test_a_refused_event_is_a_fault_of_its_session_once(ledger: Ledger) -> None:
    trip = Trip()
    refused = letter(store=trip.store, cart=trip.cart, session=trip.session, event_id=new_id(), seq=7)
    ledger.commit([], [refused, refused])
    ledger.commit([], [refused])
    assert ledger.dead_letter_count() == 1
    assert [(f.seq, f.reason) for f in ledger.session(key_of(trip)).faults] == [(7, "bad")]
    assert ledger.current_sessions() == [key_of(trip)]


def test_faults_of_one_session_are_kept_bounded_and_counted(ledger: Ledger) -> None:
    trip = Trip()
    of = {"store": trip.store, "cart": trip.cart, "session": trip.session}
    bad = [letter(**of, event_id=new_id(), seq=n) for n in range(1, ledger_module.MAX_FAULTS + 31)]
    ledger.commit([], bad[:90])
    ledger.commit([], [*bad[:5], *bad[90:]])
    ledger.commit([], bad[:5])
    assert [fault.seq for fault in ledger.session(key_of(trip)).faults] == list(range(1, ledger_module.MAX_FAULTS + 1))
    assert ledger.dead_letter_count() == len(bad)


def by(cart: str, **fields: Any) -> DeadLetter:
    """A refused event of a cart that names a session of its own."""
    return letter(**({"store": "store-1", "cart": cart, "session": new_id(), "event_id": new_id(), "seq": 1} | fields))


def test_refused_events_that_each_name_a_new_session_fill_no_ledger(ledger: Ledger) -> None:
    honest = Trip(cart="cart-2")
    fault = by("cart-2", session=honest.session, seq=2)
    ledger.commit([stored(honest.start())], [fault])
    flood = [by("cart-1") for _ in range(3 * ledger_module.CART_FAULTS)]
    for start in range(0, len(flood), 500):
        ledger.commit([], flood[start : start + 500])
    sessions = list(ledger.every_session())
    assert len([key for key in sessions if key.cart == "cart-1"]) == ledger_module.CART_FAULTS
    assert len(ledger.dead_letters(10_000)) == ledger_module.CART_FAULTS + ledger_module.CART_LETTERS + 1
    assert ledger.dead_letter_count() == len(flood) + 1
    aside = ledger.set_aside("store-1", "cart-1")
    assert aside is not None and aside.count == ledger_module.CART_LETTERS
    assert ledger.set_aside("store-1", "cart-2") is None
    assert [f.seq for f in ledger.session(key_of(honest)).faults] == [2]
    later = Trip(cart="cart-2")
    assert outcomes(ledger, stored(later.start())) == [Outcome.NEW]


def test_a_cart_begins_only_so_many_sessions_a_day(ledger: Ledger) -> None:
    trips = [Trip() for _ in range(ledger_module.SESSIONS_A_DAY + 20)]
    began = [stored(trip.start()) for trip in trips]
    verdicts = ledger.commit(began[:990])
    verdicts += ledger.commit(began[990:])
    allowed, over = trips[: ledger_module.SESSIONS_A_DAY], trips[ledger_module.SESSIONS_A_DAY :]
    assert verdicts == [NEW] * len(allowed) + [refused(ledger_module.TOO_MANY_SESSIONS)] * len(over)
    assert len(list(ledger.every_session())) == len(allowed)
    assert outcomes(ledger, stored(over[0].add("can"))) == [Outcome.REFUSED]
    assert outcomes(ledger, stored(allowed[-1].add("can")), began[0]) == [Outcome.NEW, Outcome.KNOWN]
    assert outcomes(ledger, stored(Trip(cart="cart-2").start())) == [Outcome.NEW]
    aside = ledger.set_aside("store-1", "cart-1")
    assert aside is not None and (aside.count, aside.reason) == (len(over) + 1, ledger_module.TOO_MANY_SESSIONS)
    tomorrow = rfc3339(datetime.fromisoformat(TIME) + timedelta(days=1))
    assert outcomes(ledger, replace(stored(over[1].add("can")), stored_at=tomorrow)) == [Outcome.NEW]


def test_what_is_set_aside_is_news_of_its_cart(ledger: Ledger) -> None:
    cursor = ledger.news(None).cursor
    ledger.commit([], [letter(store="store-1", cart="cart-1"), letter()])
    assert ledger.news(cursor).carts == {("store-1", "cart-1")}


def test_a_letter_is_known_by_its_topic_and_bytes(ledger: Ledger) -> None:
    loose, placed, erased = letter(topic="a", payload=b"x" * 5000, size=5000), by("cart-1", topic="b"), Trip()
    ledger.commit([stored(erased.start())], [loose, placed])
    ledger.erase_session(key_of(erased), erasure())
    gone = by("cart-1", topic="c", session=erased.session)
    assert not ledger.holds(gone)
    ledger.commit([], [gone])
    assert all(ledger.holds(known) for known in (loose, placed, gone))
    assert not any(ledger.holds(replace(loose, **other)) for other in ({"topic": "d"}, {"payload": b"y"}, {"size": 2}))


def test_events_and_letters_of_one_batch(ledger: Ledger) -> None:
    trip = Trip()
    assert ledger.commit([], []) == []
    verdicts = ledger.commit([stored(trip.start())], [letter()])
    assert [v.outcome for v in verdicts] == [Outcome.NEW]
    assert ledger.dead_letter_count() == 1


def test_several_threads_at_once(ledger: Ledger) -> None:
    trip = Trip()
    entries = [stored(trip.add("can")) for _ in range(100)]

    def work() -> None:
        for entry in entries:
            ledger.commit([entry])
            ledger.session(key_of(trip))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.session(key_of(trip)).events == entries


# --- corrections and closing --------------------------------------------------------------------------------------


def test_a_correction_comes_back_numbered_in_its_place(ledger: Ledger) -> None:
    trip = Trip()
    doubt = trip.doubt("can", seq=2)
    ledger.commit([stored(trip.start()), stored(doubt)])
    first, second = correction(doubt.id, "added", "can"), correction(None, "removed", "cup", by="Zo\u00eb")
    assert ledger.correct(key_of(trip), first, PRICED) == NEW
    ledger.commit([stored(trip.add("cup", seq=9))])
    assert ledger.correct(key_of(trip), second, Match()) == NEW
    assert ledger.session(key_of(trip)).corrections == [
        StoredCorrection(correction=first, match=PRICED, number=1, after=2),
        StoredCorrection(correction=second, match=Match(), number=2, after=9),
    ]
    assert ledger.session(key_of(Trip())).corrections == []


def test_a_correction_counts_once_by_its_id(ledger: Ledger) -> None:
    trip, other = Trip(), Trip(cart="cart-2")
    ledger.commit([stored(trip.start()), stored(other.start())])
    word = correction(None, "added", "can")
    assert [ledger.correct(key_of(trip), word, PRICED) for _ in range(3)] == [NEW, KNOWN, KNOWN]
    assert ledger.correct(key_of(trip), replace(word, quantity=2), PRICED) == refused(ledger_module.ID_TAKEN)
    assert ledger.correct(key_of(other), word, PRICED) == refused(ledger_module.ID_TAKEN)
    assert [c.correction for c in ledger.session(key_of(trip)).corrections] == [word]


def test_a_correction_must_name_what_is_there(ledger: Ledger) -> None:
    trip, other = Trip(), Trip()
    start, fault = (
        trip.start(),
        letter(store=trip.store, cart=trip.cart, session=trip.session, event_id=new_id(), seq=7),
    )
    ledger.commit([stored(start), stored(other.start())], [fault])
    by_hand = correction(None, "added", "can")
    unknown = correction(new_id(), "none")
    assert ledger.correct(key_of(Trip()), by_hand, Match()) == refused(ledger_module.NO_SESSION)
    assert ledger.correct(key_of(trip), unknown, Match()) == refused(ledger_module.NO_EVENT)
    assert ledger.correct(key_of(other), correction(start.id, "none"), Match()) == refused(ledger_module.NO_EVENT)
    assert ledger.correct(key_of(trip), by_hand, Match()) == NEW
    for target in (start.id, fault.event_id, by_hand.id):
        again = correction(target, "added", "cup")
        assert ledger.correct(key_of(trip), again, Match()) == NEW
        assert ledger.correct(key_of(other), correction(again.id, "none"), Match()) == refused(ledger_module.NO_EVENT)
        assert ledger.correct(key_of(trip), correction(again.id, "none"), Match()) == NEW  # takes it back


def test_what_comes_after_the_closing_is_kept_as_late(ledger: Ledger) -> None:
    trip = Trip()
    before, after = stored(trip.start()), stored(trip.add("can"))
    assert ledger.close_session(key_of(trip), closing()) == refused(ledger_module.NO_SESSION)
    ledger.commit([before])
    assert ledger.session(key_of(trip)).closing is None
    end = closing()
    assert [ledger.close_session(key_of(trip), end) for _ in range(2)] == [NEW, KNOWN]
    assert ledger.close_session(key_of(trip), closing()) == refused(ledger_module.CLOSED_ALREADY)
    assert ledger.session(key_of(trip)).closing == end
    assert outcomes(ledger, after, before) == [Outcome.NEW, Outcome.KNOWN]
    assert ledger.session(key_of(trip)).events == [before, replace(after, late=True)]
    basket = replay(ledger, key_of(trip))
    assert basket
    assert (basket.state, basket.lines, [d.late for d in basket.discrepancies]) == ("ended", (), [True])
    assert ledger.correct(key_of(trip), correction(after.event.id, "added", "can"), Match()) == NEW
    basket = replay(ledger, key_of(trip))
    assert basket
    assert (basket.counts, basket.discrepancies, basket.closed_at) == ({"can": 1}, (), TIME)


def test_news_tell_what_was_stored_since(ledger: Ledger) -> None:
    trip, other = Trip(), Trip(cart="cart-2")
    first = stored(trip.start())
    ledger.commit([first])
    now = ledger.news(None)
    assert (now.events, now.sessions, now.dead_letters) == ((), frozenset(), 0)
    later = [stored(trip.add("can")), stored(other.start())]
    ledger.commit(later)
    news = ledger.news(now.cursor)
    assert {s.event.id for s in news.events} - {first.event.id} == {s.event.id for s in later}
    ledger.correct(key_of(trip), correction(None, "added", "cup"), Match())
    ledger.close_session(key_of(other), closing())
    ledger.commit([], [letter(), letter(store="s", cart="c", session=other.session, event_id=new_id())])
    news = ledger.news(news.cursor)
    assert {key_of(trip), key_of(other), SessionKey(store="s", cart="c", session=other.session)} <= news.sessions
    assert news.dead_letters == 2
    again = ledger.news(news.cursor)
    assert again.events == ()
    assert not again.all_again


# --- erasing ------------------------------------------------------------------------------------------------------


def test_an_erased_session_leaves_nothing_and_cannot_come_back(ledger: Ledger) -> None:
    trip, other = Trip(), Trip()
    entries = [stored(trip.start()), stored(trip.add("can"))]
    fault = letter(store=trip.store, cart=trip.cart, session=trip.session, event_id=new_id(), seq=3, payload=b"secret")
    kept = stored(other.start())
    ledger.commit([kept, *entries], [fault])
    ledger.correct(key_of(trip), correction(None, "added", "can"), Match())
    before = ledger.news(None).cursor
    assert ledger.erase_session(key_of(Trip()), erasure()) == refused(ledger_module.NO_SESSION)
    assert [ledger.erase_session(key_of(trip), erasure()) for _ in range(2)] == [NEW, KNOWN]
    news = ledger.news(before)
    assert news.all_again or key_of(trip) in news.sessions
    late = stored(trip.add("can"))
    assert outcomes(ledger, *entries, late) == [Outcome.KNOWN] * 3
    ledger.commit([], [replace(fault, event_id=new_id())])
    assert replay(ledger, key_of(trip)) is None
    assert (ledger.session(key_of(trip)).corrections, ledger.session(key_of(trip)).faults) == ([], [])
    assert all(x.payload == b"" for x in ledger.dead_letters())
    assert list(ledger.every_event()) == [kept]
    assert list(ledger.every_session()) == ledger.current_sessions() == [key_of(other)]
    assert ledger.sessions(trip.store, trip.cart) == [key_of(other)]
    assert ledger.correct(key_of(trip), correction(None, "added", "can"), Match()) == refused(ledger_module.NO_SESSION)
    assert ledger.close_session(key_of(trip), closing()) == refused(ledger_module.NO_SESSION)


def test_letters_of_no_session_are_forgotten_by_age(ledger: Ledger) -> None:
    fault = letter(store="s", cart="c", session=new_id(), event_id=new_id(), received_at="2020-01-01T00:00:00Z")
    ledger.commit([], [letter(received_at="2020-01-01T00:00:00Z"), letter(), fault])
    assert ledger.forget_letters("2021-01-01T00:00:00Z") == 1
    assert len(ledger.dead_letters()) == 2
    assert ledger.dead_letter_count() == 3


def test_when_a_session_was_last_heard_of(ledger: Ledger) -> None:
    trip = Trip()
    ledger.commit([stored(trip.start()), replace(stored(trip.end()), stored_at="2126-05-01T00:00:00Z")])
    assert ledger.last_stored(key_of(trip)) == "2126-05-01T00:00:00Z"
    assert ledger.last_stored(key_of(Trip())) is None


def test_everything_is_read_a_few_at_a_time(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_reading, "PAGE", 3)
    trips = [Trip(cart=f"cart-{n}") for n in range(7)]
    entries = [stored(trip.start()) for trip in trips]
    for entry in entries:
        ledger.commit([entry])
    assert list(ledger.every_event()) == entries
    assert list(ledger.every_session()) == [key_of(trip) for trip in trips]


def test_past_sessions_are_read_backwards_and_by_the_name_of_their_cart(ledger: Ledger) -> None:
    trips = [Trip(cart=name) for name in ("Cart-1", "cart_2", "cart-12", "cart%2")]
    for trip in trips:
        ledger.commit([stored(trip.start())])
    whole = ledger.past_sessions(None, 10)
    assert [key for _, key in whole] == [key_of(trip) for trip in reversed(trips)]
    assert ledger.past_sessions(whole[1][0], 1) == [whole[2]]
    for words, found in (("CART-1", (2, 0)), ("_", (1,)), ("%2", (3,)), ("!", ()), ("'", ())):
        assert [key for _, key in ledger.past_sessions(None, 10, words)] == [key_of(trips[n]) for n in found]
    ledger.erase_session(key_of(trips[3]), Erasure(id=new_id(), by="anna", time=TIME))
    assert ledger.past_sessions(None, 1)[0][1] == key_of(trips[2])


# --- SQLite's own -------------------------------------------------------------------------------------------------


def test_the_file_keeps_everything_and_its_identity(tmp_path: Path) -> None:
    trip = Trip()
    entry = stored(trip.start())
    first = SQLiteLedger(tmp_path / "l.sqlite")
    first.commit([entry], [letter()])
    first.close()
    again = SQLiteLedger(tmp_path / "l.sqlite")
    assert again.identity == first.identity
    assert again.session(key_of(trip)).events == [entry]
    assert again.dead_letter_count() == 1
    again.close()
    again.close()


def test_the_file_says_its_version_and_is_durable(tmp_path: Path) -> None:
    ledger = SQLiteLedger(tmp_path / "l.sqlite")
    assert ledger._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert ledger._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ledger.close()
    db = sqlite3.connect(tmp_path / "l.sqlite")
    assert db.execute("PRAGMA user_version").fetchone() == (3,)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LedgerError, match="version 99, newer than 3: update"):
        SQLiteLedger(tmp_path / "l.sqlite")


def test_a_full_disk_is_said_and_nothing_is_half_stored(tmp_path: Path) -> None:
    ledger = SQLiteLedger(tmp_path / "l.sqlite")
    trip = Trip()
    ledger.commit([stored(trip.start())])
    pages = ledger._writer.execute("PRAGMA page_count").fetchone()[0]
    ledger._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    many = [stored(trip.add("can", evidence={"why": "x" * 2000})) for _ in range(50)]
    with pytest.raises(LedgerError, match="disk is full"):
        ledger.commit(many)
    assert len(ledger.session(key_of(trip)).events) == 1
    ledger._writer.execute("PRAGMA max_page_count = 100000")
    assert {v.outcome for v in ledger.commit(many)} == {Outcome.NEW}
    ledger.close()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: None, "folder is missing"),
        (lambda path: (path.parent.mkdir(), path.write_bytes(b"not a database" * 100)), "not an SQLite file"),
        (lambda path: (path.parent.mkdir(), path.mkdir()), "folder is missing"),
    ],
)
def test_a_path_that_cannot_be_a_ledger(tmp_path: Path, prepare: Callable[[Path], Any], reason: str) -> None:
    path = tmp_path / "sub" / "l.sqlite"
    prepare(path)
    with pytest.raises(LedgerError, match=reason):
        SQLiteLedger(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "other.sqlite")
    db.execute("CREATE TABLE photos (id)")
    db.close()
    with pytest.raises(LedgerError, match="another program's"):
        SQLiteLedger(tmp_path / "other.sqlite")


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from wire_events import Trip, stored\n"
        "from smartcart.server.ledger.sqlite import SQLiteLedger\n"
        "ledger = SQLiteLedger(Path(sys.argv[1])); trip = Trip(session='00000000-0000-0000-0000-000000000001')\n"
        "for _ in range(20): ledger.commit([stored(trip.add('can'))])\n"
        "os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "l.sqlite"
    tests = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code, str(path)], env={"PYTHONPATH": tests}, check=False)
    assert done.returncode == -9
    ledger = SQLiteLedger(path)
    assert len(ledger.session(ledger.current_sessions()[0]).events) == 20
    ledger.close()


def test_what_was_erased_is_not_left_in_the_file(tmp_path: Path) -> None:
    ledger, trip = SQLiteLedger(tmp_path / "l.sqlite"), Trip()
    ledger.commit([stored(trip.start()), stored(trip.add("can", evidence={"why": "a very private reason"}))])
    ledger.erase_session(key_of(trip), erasure())
    ledger.close()
    assert [path.name for path in tmp_path.iterdir()] == ["l.sqlite"]
    assert b"very private" not in (tmp_path / "l.sqlite").read_bytes()


def test_what_another_process_does_to_a_session_is_seen_by_the_next_batch(tmp_path: Path) -> None:
    server, command = SQLiteLedger(tmp_path / "l.sqlite"), SQLiteLedger(tmp_path / "l.sqlite")
    trip, other = Trip(), Trip()
    assert outcomes(server, stored(trip.start()), stored(other.start())) == [Outcome.NEW] * 2
    command.close_session(key_of(trip), closing())
    command.erase_session(key_of(other), erasure())
    assert outcomes(server, stored(trip.add("can")), stored(other.add("can"))) == [Outcome.NEW, Outcome.KNOWN]
    assert [s.late for s in server.session(key_of(trip)).events] == [False, True]
    assert list(server.every_session()) == [key_of(trip)]
    server.close()
    command.close()


def test_what_came_is_what_is_stored(ledger: Ledger) -> None:
    trip = Trip()
    event = trip.add("can")
    spaced = b"  " + event.to_bytes().replace(b",", b" , ") + b"\n"
    ledger.commit([replace(stored(event), message=spaced)])
    assert ledger.session(key_of(trip)).events == [stored(event)]


def test_another_writer_in_the_same_file_neither_starves_nor_is_starved(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    ledger, trip, stop = SQLiteLedger(path), Trip(), threading.Event()
    committed: list[int] = []
    failed: list[Exception] = []

    def commit() -> None:
        while not stop.is_set():
            try:
                committed.append(len(ledger.commit([stored(trip.add("can")) for _ in range(50)])))
            except LedgerError as error:
                failed.append(error)

    writer = threading.Thread(target=commit)
    writer.start()
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        db.execute("CREATE TABLE logins (name TEXT)")
        for number in range(15):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO logins VALUES (?)", (str(number),))
            time.sleep(0.05 if number % 5 else 0.5)
            db.execute("COMMIT")
            time.sleep(0.05)
    finally:
        stop.set()
        writer.join()
        db.close()
    assert failed == []
    assert len(committed) > 5
    ledger.close()


# --- PostgreSQL's own ---------------------------------------------------------------------------------------------


def test_postgres_keeps_everything_and_its_identity(postgres_url: str) -> None:
    trip = Trip()
    entry = stored(trip.start())
    first, second = open_ledger(postgres_url), open_ledger(postgres_url)
    assert first.identity == second.identity
    first.commit([entry])
    assert [v.outcome for v in second.commit([entry])] == [Outcome.KNOWN]
    for ledger in (first, second):
        ledger.close()
        ledger.close()


def test_postgres_of_a_newer_version_is_left_alone(postgres_url: str) -> None:
    open_ledger(postgres_url).close()
    with psycopg.connect(postgres_url) as db:
        db.execute("UPDATE smartcart.meta SET value = '99' WHERE name = 'version'")
    with pytest.raises(LedgerError, match="version 99, newer than 3: update"):
        open_ledger(postgres_url)


def test_postgres_whose_connections_break_goes_on(postgres_url: str) -> None:
    ledger, trip = open_ledger(postgres_url), Trip()
    first, second = stored(trip.start()), stored(trip.end())
    ledger.commit([first])
    assert len(ledger.session(key_of(trip)).events) == 1
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(LedgerError, match="cannot write"):
        ledger.commit([second])
    assert [v.outcome for v in ledger.commit([first, second])] == [Outcome.KNOWN, Outcome.NEW]
    with pytest.raises(LedgerError, match="cannot read"):
        ledger.session(key_of(trip))
    assert ledger.session(key_of(trip)).events == [first, second]
    ledger.close()


def test_postgres_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(LedgerError, match="cannot open the PostgreSQL ledger") as refused:
        open_ledger("postgresql://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(refused.value)
