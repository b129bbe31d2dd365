"""``smartcart bench ledger``: the ledger compared with the bare database and the same rows, in turns in one run."""

import argparse
import itertools
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartcart.server.basket.records import StoredEvent

LABELS: Final = ("bottle", "can", "carton", "jar")
Batch = Sequence["StoredEvent"]


def add_parser(subjects: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.scripts.require import add_figures_options

    parser = subjects.add_parser(
        "ledger",
        help="the ledger's events/s against the bare database's",
        description=(
            "Commits the same batches to the ledger and, as prepared rows, to the bare database: same tables, same "
            "batch size, every commit on disk (SQLite synchronous=FULL; PostgreSQL as it is configured). Each run "
            "has fresh tables; the two take turns, and the median of the runs counts."
        ),
        epilog="Example:  smartcart bench ledger --require 'ratio_raw >= 0.5'",
    )
    parser.add_argument("--events", type=int, default=20_000, help="per run (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=200, help="events per commit (default: %(default)s)")
    parser.add_argument("--carts", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to write (default: the system's temporary)")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL, on a server of our own, instead of SQLite")
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report

    if min(args.events, args.batch, args.carts, args.runs) < 1:
        raise CommandError("give at least one event, cart and run, and one event per batch")
    figures = against_raw(args.events, args.batch, args.carts, args.runs, folder=args.folder, postgres=args.postgres)
    text = (
        f"{figures['ledger']}, {args.batch} events a commit: {figures['events_per_second']} events/s, "
        f"the bare database {figures['raw_events_per_second']}; ratio {figures['ratio_raw']}"
    )
    return report(figures, args, text)


def against_raw(
    events: int, batch: int, carts: int, runs: int, *, folder: Path | None = None, postgres: bool = False
) -> dict[str, Any]:
    """The rates of the ledger and of the bare database, and the first as a share of the second."""
    batches = _batches(events, batch, carts)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        place.chmod(0o711)  # PostgreSQL runs as another user where we are root
        pair = stack.enter_context(_postgres(place) if postgres else _sqlite(place))
        ours: list[float] = []
        raw: list[float] = []
        for _ in range(runs + 1):  # the first warms up
            for commit, rates in ((pair[0], ours), (pair[1], raw)):
                rates.append(events / commit(batches))
    rates_of = {"events_per_second": statistics.median(ours[1:]), "raw_events_per_second": statistics.median(raw[1:])}
    return {
        "ledger": "postgres" if postgres else "sqlite",
        "batch": batch,
        **{name: round(rate) for name, rate in rates_of.items()},
        "ratio_raw": round(rates_of["events_per_second"] / rates_of["raw_events_per_second"], 3),
    }


def _batches(count: int, size: int, carts: int) -> list[Batch]:
    from smartcart.edge.contract.events import Candidate, Event, EventType, ModelName
    from smartcart.server.basket.records import StoredEvent
    from smartcart.server.catalogue.catalogue import Match

    sessions = [str(uuid.uuid4()) for _ in range(carts)]

    def event(number: int) -> StoredEvent:
        cart, label = number % carts, LABELS[number % len(LABELS)]
        told = Event(
            id=str(uuid.uuid4()),
            store="store-1",
            cart=f"cart-{cart}",
            session=sessions[cart],
            seq=number // carts + 1,
            type=EventType.ITEM_ADDED,
            time="2026-01-02T03:04:05.678Z",
            media_time=12.345,
            label=label,
            quantity=1,
            confidence=0.912,
            candidates=(Candidate(outcome="added", label=label, probability=0.912),),
            evidence={"votes": {label: 21.5}, "hand": True, "frames": 31},
            box=(0.1, 0.2, 0.3, 0.4),
            track=7,
            model=ModelName(name="eye", hash="0123456789ab"),
        )
        match = Match(sku=label.upper(), name=f"The {label}", price=199, currency="EUR")
        return StoredEvent(event=told, match=match, stored_at="2026-01-02T03:04:05.690Z", message=told.to_bytes())

    entries = map(event, range(count))
    return list(iter(lambda: list(itertools.islice(entries, size)), []))


Commit = Callable[[Sequence[Batch]], float]
"""Commits all batches to fresh tables; returns the seconds it took."""


@contextmanager
def _sqlite(folder: Path) -> "Iterator[tuple[Commit, Commit]]":
    import sqlite3

    from smartcart.server.ledger.rows import EVENT_FIELDS, event_row
    from smartcart.server.ledger.sqlite import SQLiteLedger

    names = (folder / f"{number}.sqlite" for number in itertools.count())
    insert = f"INSERT INTO events ({', '.join(EVENT_FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"

    def ours(batches: Sequence[Batch]) -> float:
        with closing(SQLiteLedger(next(names))) as ledger:
            return _timed(ledger.commit, batches)

    def raw(batches: Sequence[Batch]) -> float:
        path = next(names)
        SQLiteLedger(path).close()
        rows = [[event_row(stored) for stored in batch] for batch in batches]
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")

            def commit(batch: Sequence[tuple[Any, ...]]) -> None:
                db.execute("BEGIN IMMEDIATE")
                db.executemany(insert, batch)
                db.execute("COMMIT")

            return _timed(commit, rows)

    yield ours, raw


@contextmanager
def _postgres(folder: Path) -> "Iterator[tuple[Commit, Commit]]":
    import socket
    import subprocess

    import psycopg

    from smartcart.scripts.own_postgres import OwnPostgres
    from smartcart.server.ledger.postgres import PostgresLedger
    from smartcart.server.ledger.rows import EVENT_FIELDS, event_row

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = OwnPostgres(folder / "postgres", port)
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(cluster.words(), stdout=quiet, stderr=quiet, cwd="/")
    insert = (
        f"INSERT INTO smartcart.events ({', '.join(EVENT_FIELDS)}) SELECT * FROM unnest(%s::text[], %s::text[], "
        "%s::text[], %s::text[], %s::bigint[], %s::text[], %s::bytea[], %s::text[]) ON CONFLICT DO NOTHING"
    )

    def fresh() -> None:
        with psycopg.connect(cluster.url, autocommit=True) as db:
            db.execute("DROP SCHEMA IF EXISTS smartcart CASCADE")

    def ours(batches: Sequence[Batch]) -> float:
        fresh()
        with closing(PostgresLedger(cluster.url)) as ledger:
            return _timed(ledger.commit, batches)

    def raw(batches: Sequence[Batch]) -> float:
        fresh()
        PostgresLedger(cluster.url).close()
        columns = [list(map(list, zip(*map(event_row, batch), strict=True))) for batch in batches]
        with psycopg.connect(cluster.url, autocommit=True) as db:
            return _timed(lambda values: db.execute(insert, values), columns)

    try:
        _wait_for(cluster.url)
        yield ours, raw
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    import psycopg

    from smartcart.scripts.main import CommandError

    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise CommandError("PostgreSQL does not start") from None
            time.sleep(0.1)
        else:
            return


def _timed(commit: Callable[[Any], object], batches: Sequence[Any]) -> float:
    start = time.perf_counter()
    for batch in batches:
        commit(batch)
    return time.perf_counter() - start
