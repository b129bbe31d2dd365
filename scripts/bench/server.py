"""``smartcart bench server``: from publish to commit-ack with many carts through Mosquitto, against a plain echo."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CONFIG: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 20000
persistence false
"""
SAMPLE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _BrokerPlace:
    """The meeting point of carts and server; with TLS, ``bundles`` is their folder, ``server`` the server's own."""

    url: str
    config: Path
    bundles: Path | None = None
    server: Path | None = None


def add_parser(subjects: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.scripts.require import add_figures_options

    parser = subjects.add_parser(
        "server",
        help="publish to commit-ack with many carts",
        description=(
            "Runs Mosquitto, the basket server and a load of carts, each a client with its own connection in one "
            "process, and measures the time from the cart into the ledger and back. The same load runs first "
            "against an echo that stores nothing: the difference is the server's."
        ),
        epilog="Example:  smartcart bench server --carts 1000 --rate 0.5 --minutes 1\n"
        "          smartcart bench server --minutes 60 --require 'unanswered == 0 and latency_ms.p99 <= 300'",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--carts", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=0.5, help="events a second and cart (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=1.0, help="of load on the server (default: %(default)s)")
    parser.add_argument("--echo-seconds", type=float, default=20.0, help="of load on the echo (default: %(default)s)")
    parser.add_argument("--tls", action="store_true", help="as in a store: TLS, with a certificate for each cart")
    parser.add_argument(
        "--ledger-events", type=int, default=10_000, help="the ledger against raw SQLite (default: %(default)s)"
    )
    add_figures_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.require import report
    from smartcart.scripts.signals import stop_on_sigterm

    stop_on_sigterm()
    if args.carts < 1 or args.rate <= 0 or args.minutes <= 0 or args.echo_seconds <= 0:
        raise CommandError("give a number of carts, a rate and times above 0")
    _allow_files(args.carts + 100)
    with tempfile.TemporaryDirectory(prefix="smartcart-bench-") as folder:
        figures = _measure(args, Path(folder))
    return report(figures, args, "\n".join(f"{name}: {value}" for name, value in figures.items()))


def _allow_files(count: int) -> None:
    """Every connection is a file; child processes inherit the limit.

    Raises:
        CommandError: the system allows fewer.
    """
    from smartcart.scripts.main import CommandError

    if os.name != "posix":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    if hard != resource.RLIM_INFINITY and hard < count:
        raise CommandError(f"this system allows {hard} open files a process; this many carts need {count}: ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from smartcart.scripts.bench.ledger import against_raw
    from smartcart.scripts.chaos.world import SMARTCART, mosquitto
    from smartcart.scripts.process_use import use_of
    from smartcart.scripts.supervised import Supervised

    place, log = _place(args, folder), folder / "log"
    ledger = f"sqlite:///{folder / 'ledger.sqlite'}"
    broker = Supervised("broker", [mosquitto(), "-c", place.config], log=log)
    running = [broker]
    try:
        time.sleep(1)
        echo_words = [sys.executable, "-m", "smartcart.scripts.bench.echo", place.url]
        echo = Supervised("echo", [*echo_words, place.server] if place.server else echo_words, log=log)
        running.append(echo)
        plain, _ = _load(args, place, args.echo_seconds, echo)
        echo.kill()
        words = [SMARTCART, "server", "--ledger", ledger, "--port", "0"]
        words += ["--bundle", str(place.server)] if place.server else ["--broker", place.url]
        server = Supervised("server", words, log=log, environment={"HOME": str(folder)}, folder=folder)
        running.append(server)
        _wait_for(log, "connected to the broker")
        used = use_of(server.pid).cpu_seconds, use_of(broker.pid).cpu_seconds
        started = time.monotonic()
        figures, memory = _load(args, place, args.minutes * 60, server)
        seconds = time.monotonic() - started
        shares = {
            "server": round((use_of(server.pid).cpu_seconds - used[0]) / seconds, 3),
            "broker": round((use_of(broker.pid).cpu_seconds - used[1]) / seconds, 3),
            "load": figures.pop("cpu_share"),
        }
    finally:
        for process in reversed(running):
            process.stop()
    stored = _stored(ledger)
    bare = against_raw(args.ledger_events, 200, args.carts, 5)
    return {
        "carts": args.carts,
        "tls": args.tls,
        "load_events_per_second": round(args.carts * args.rate, 1),
        "p50_ms": figures["latency_ms"]["p50"],
        "p99_ms": figures["latency_ms"]["p99"],
        "events_per_s": bare["events_per_second"],
        "raw_sqlite_events_per_s": bare["raw_events_per_second"],
        "ratio_raw": bare["ratio_raw"],
        **figures,
        "stored": stored,
        "lost": max(0, figures["answered"] - figures["rejected"] - stored),
        "echo_latency_ms": plain["latency_ms"],
        "p99_over_echo": round(figures["latency_ms"]["p99"] / max(plain["latency_ms"]["p99"], 0.1), 2),
        "cpu_share": shares,
        "cores": os.cpu_count(),
        "load_average": [round(x, 1) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "server_memory_mib": memory,
    }


def _place(args: argparse.Namespace, folder: Path) -> _BrokerPlace:
    import getpass

    from smartcart.scripts.chaos.world import free_port

    port = free_port()
    if args.tls:
        from smartcart.scripts.bench.store import make_store
        from smartcart.server.pki.authority import SERVER

        config = make_store(folder / "store", port, args.carts)
        bundles = config.parent
        return _BrokerPlace(
            url=f"mqtts://127.0.0.1:{port}", config=config, bundles=bundles, server=bundles / f"{SERVER}.pem"
        )
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=port, user=getpass.getuser()))
    return _BrokerPlace(url=f"mqtt://127.0.0.1:{port}", config=config)


def _load(
    args: argparse.Namespace, place: _BrokerPlace, seconds: float, watched: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One run of the load, and the memory of the process that answers it."""
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.process_use import course, growth_per_hour, use_of

    words = [sys.executable, "-m", "smartcart.scripts.bench.load", "--broker", place.url, "--seconds", str(seconds)]
    words += ["--carts", str(args.carts), "--rate", str(args.rate)]
    words += ["--bundles", str(place.bundles)] if place.bundles else []
    load = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    samples: list[tuple[float, float]] = []
    try:
        while load.poll() is None:
            samples.append((time.monotonic(), use_of(watched.pid).rss_mib))
            time.sleep(SAMPLE_SECONDS)
        told = load.communicate()[0]
    finally:
        if load.poll() is None:
            load.kill()
    if load.returncode:
        raise CommandError("the load generator failed; see its error above")
    memory = {
        "start": round(samples[0][1], 1),
        "end": round(samples[-1][1], 1),
        "most": round(max(rss for _, rss in samples), 1),
        "course": course(samples),
        "growth_per_hour": growth_per_hour(samples),
    }
    return json.loads(told), memory


def _wait_for(log: Path, text: str) -> None:
    from smartcart.scripts.main import CommandError

    until = time.monotonic() + 60
    while text not in log.read_text():
        if time.monotonic() > until:
            raise CommandError(f"the server did not come up: {log.read_text()[-500:]}")
        time.sleep(0.1)


def _stored(url: str) -> int:
    """The number of events in the ledger."""
    from smartcart.server.ledger.address import open_ledger

    ledger = open_ledger(url)
    carts = {(key.store, key.cart) for key in ledger.current_sessions()}
    keys = [key for store, cart in sorted(carts) for key in ledger.sessions(store, cart, 10**9)]
    stored = sum(len(ledger.session(key).events) for key in keys)
    ledger.close()
    return stored
