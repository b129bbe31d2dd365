"""The ledger part of ``smartcart admin``: migrate, backup, restore, verify, retain, erase and export."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartcart.server.ledger.port import Ledger

DEFAULT = "sqlite:///smartcart.sqlite"


def add_ledger_jobs(jobs: "argparse._SubParsersAction[Any]") -> None:
    """Adds the commands that maintain a ledger, even while servers write to it."""

    def job(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = jobs.add_parser(name, help=text.splitlines()[0], description=text)
        one.add_argument("--ledger", default=DEFAULT, metavar="URL", help="default: %(default)s")
        one.set_defaults(run=run)
        return one

    job(
        "migrate",
        run_migrate,
        "migrate an older ledger, as `smartcart server` does when it starts",
    )
    made = job("backup", run_backup, "write a backup while servers work (accounts included: keep it safe)")
    made.add_argument("file", type=Path, metavar="FILE", help="a new file; never overwrites one")
    made = job("restore", run_restore, "restore a ledger from a backup where there is none, and verify it")
    made.add_argument("file", type=Path, metavar="FILE", help="the file that `smartcart admin backup` wrote")
    made = job("verify", run_verify, "check the storage and replay every basket; exit status 1 if it is damaged")
    made.add_argument("--json", action="store_true", help="end with one JSON object")
    made = job("retain", run_retain, "erase the sessions without activity for longer than this many days")
    made.add_argument("--days", type=_days, required=True, metavar="N", help="how many days to keep")
    made.add_argument("--apply", action="store_true", help="do it; without this, only say what would be erased")
    made = job("erase", run_erase, "erase one session for good; its events are not stored again if they come back")
    for name in ("store", "cart", "session"):
        made.add_argument(f"--{name}", required=True)
    made.add_argument("--by", metavar="NAME", help="who requested it, for the record")
    made = job("export", run_export, "write events, corrections or baskets as JSON lines or Parquet")
    made.add_argument("--what", choices=("events", "corrections", "baskets"), default="events")
    made.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    made.add_argument("--out", type=Path, metavar="FILE", help="a new file (default: standard output, for jsonl)")


def run_migrate(args: argparse.Namespace) -> int:
    with _opened(args.ledger):
        print(f"{args.ledger} is up to date")
    return 0


def run_backup(args: argparse.Namespace) -> int:
    from smartcart.server.ledger.backup import backup

    backup(args.ledger, args.file)
    print(f"{args.file}: {args.file.stat().st_size / 1e6:.1f} MB")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    from smartcart.server.ledger.backup import restore

    restore(args.file, args.ledger)
    args.json = False
    return run_verify(args)


def run_verify(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from smartcart.server.ledger.verification import verify

    with _opened(args.ledger) as ledger:
        report = verify(ledger)
    for fault in report.faults:
        print(fault, file=sys.stderr)
    print(
        f"{report.sessions} baskets of {report.events} events and {report.corrections} corrections replayed: "
        f"{'the ledger is sound' if report.whole else 'the ledger is NOT sound'}; {report.incomplete} incomplete, "
        f"{report.needing_attention} needing attention, {report.uncertain} with something to settle"
    )
    if args.json:
        print(json.dumps(asdict(report) | {"whole": report.whole}))
    return 0 if report.whole else 1


def run_retain(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from smartcart.server.ledger.retention import before, erase, old_sessions

    now = datetime.now(UTC)
    until = before(now, args.days)
    with _opened(args.ledger) as ledger:
        count = 0
        for key in old_sessions(ledger, until):
            count += erase(ledger, key, by="retention", now=now) if args.apply else 1
        letters = ledger.forget_letters(until) if args.apply else None
    if args.apply:
        print(f"{count} sessions and {letters} dead letters from before {until} erased")
    else:
        print(f"{count} sessions from before {until} would be erased; add --apply to do it")
    return 0


def run_erase(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from smartcart.scripts.main import CommandError
    from smartcart.server.basket.records import SessionKey
    from smartcart.server.ledger.retention import erase

    key = SessionKey(store=args.store, cart=args.cart, session=args.session)
    with _opened(args.ledger) as ledger:
        erased = erase(ledger, key, by=args.by, now=datetime.now(UTC))
    if not erased:
        raise CommandError(f"there is no session {key.session} of cart {key.store}/{key.cart}")
    print(f"session {key.session} of cart {key.store}/{key.cart} is erased")
    return 0


def run_export(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.server.ledger.backup import new_file
    from smartcart.server.ledger.export import rows, write_lines, write_parquet

    if args.out is None and args.format == "parquet":
        raise CommandError("Parquet goes into a file: give --out FILE")
    with _opened(args.ledger) as ledger:
        faults: list[str] = []
        entries = rows(ledger, args.what, faults)
        if args.out is None:
            write_lines(entries, sys.stdout)
        else:
            with new_file(args.out) as part:
                if args.format == "parquet":
                    count = write_parquet(entries, args.what, part)
                else:
                    with part.open("w", encoding="utf-8") as out:
                        count = write_lines(entries, out)
            print(f"{args.out}: {count} {args.what}")
    for fault in faults:
        print(f"left out: {fault}", file=sys.stderr)
    return 1 if faults else 0


@contextmanager
def _opened(url: str) -> "Iterator[Ledger]":
    from smartcart.server.ledger.address import open_ledger

    ledger = open_ledger(url, existing=True)
    try:
        yield ledger
    finally:
        ledger.close()


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to 36500")
    return int(text)
