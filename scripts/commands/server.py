"""``smartcart server``: the basket server and its dashboard."""

import argparse
import logging
from pathlib import Path
from typing import Any


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    from smartcart.scripts.broker_options import add_broker_options

    parser = commands.add_parser(
        "server",
        help="run the basket server and its dashboard",
        description=(
            "Receives the events of all carts from a broker, stores each exactly once in a ledger, and shows the "
            "baskets live in a browser, until Ctrl-C. People sign in; `smartcart admin user create` creates "
            "accounts. The broker's user and password may be in its URL or in the environment "
            "(SMARTCART_MQTT_USER, SMARTCART_MQTT_PASSWORD)."
        ),
        epilog="Example:  smartcart server --broker mqtt://127.0.0.1:1883 --ledger sqlite:///smartcart.sqlite",
    )
    add_broker_options(parser)
    parser.add_argument("--ledger", default="sqlite:///smartcart.sqlite", metavar="URL", help="default: %(default)s")
    parser.add_argument(
        "--shared",
        metavar="NAME",
        help="share the work with all servers started with this NAME and the same PostgreSQL ledger",
    )
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="products for an empty store, .csv or .toml")
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="accept the pictures that carts send with --evidence, and keep them for a day, in memory (default: none)",
    )
    parser.add_argument(
        "--learn",
        action="store_true",
        help="know products better with every item that somebody settles in the queue; needs --evidence",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one (default: 8000)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which browsers reach the dashboard",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="the server's certificate, for https")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its key")
    parser.add_argument(
        "--trust-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a proxy, besides those on this machine, that may name the client, and whether it used https",
    )
    parser.add_argument(
        "--time-zone", metavar="NAME", help="the store's time zone, such as Europe/Berlin (default: the machine's)"
    )
    parser.add_argument(
        "--scales",
        metavar="COUNTRY",
        help="country whose rules apply to weight or price in scale labels: de, dk, ee, fi, gb, lt, lv, no or se",
    )
    parser.add_argument("--log-format", choices=("plain", "json"), default="plain", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.models.labels import ITEMS
    from smartcart.scripts.broker_options import chosen_broker
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.private_files import warn_of_readers
    from smartcart.server.app.service import BasketServer
    from smartcart.server.catalogue.lookup import scale_rules
    from smartcart.server.http.tls import Tls
    from smartcart.server.ledger.address import sqlite_path
    from smartcart.server.runtime.logs import set_up_logging
    from smartcart.server.runtime.stopping import wait_for_stop
    from smartcart.server.runtime.zone import store_zone
    from smartcart.server.site.entrance import Entrance, is_loopback

    if (args.tls_cert is None) != (args.tls_key is None):
        raise CommandError("--tls-cert and --tls-key go together")
    if args.learn and not args.evidence:
        raise CommandError("--learn needs --evidence: carts send what they saw of an item with its picture")
    broker = chosen_broker(args, server=True)
    set_up_logging(args.log_format)
    log = logging.getLogger("smartcart.server")
    if (file := sqlite_path(args.ledger)) is not None:
        warn_of_readers(file)
    entrance = Entrance(
        tls=Tls(cert=args.tls_cert, key=args.tls_key) if args.tls_cert else None,
        allowed_hosts=args.allow_host,
        trusted_proxies=("127.0.0.1", "::1", *args.trust_proxy),
    )
    server = BasketServer(
        broker_url=broker.url,
        ca=broker.ca,
        cert=broker.cert,
        key=broker.key,
        ledger_url=args.ledger,
        group=args.shared,
        host=args.host,
        port=args.port,
        catalogue=args.catalogue,
        entrance=entrance,
        evidence=args.evidence,
        learning=args.learn,
        labels=ITEMS,
        zone=store_zone(args.time_zone),
        scales=scale_rules(args.scales),
    )
    with server:
        print(f"dashboard at {server.url}; Ctrl-C stops it", flush=True)
        if not server.has_admin:
            log.warning("nobody has an account yet: smartcart admin user create NAME --role admin")
        elif entrance.tls is None and not is_loopback(args.host):
            log.warning("passwords go over the network in the clear: give --tls-cert and --tls-key")
        wait_for_stop()
    return 0
