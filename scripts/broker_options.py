"""The options that select a broker: a URL and files for TLS, or one bundle that contains them all."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smartcart.scripts.main import CommandError

DEFAULT_BROKER: Final = "mqtt://127.0.0.1:1883"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerChoice:
    """The selected broker; ``store`` and ``name`` are the bundle's, None without one."""

    url: str
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    store: str | None = None
    name: str | None = None


def add_broker_options(parser: argparse.ArgumentParser) -> None:
    """``--broker``, ``--bundle``, ``--ca``, ``--cert`` and ``--key``."""
    parser.add_argument(
        "--broker",
        metavar="URL",
        help=f"mqtt[s]://[user:password@]host[:port] (default: the bundle's, otherwise {DEFAULT_BROKER})",
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE",
        help="the file that `smartcart pair` made: broker, certificate and key in one",
    )
    parser.add_argument("--ca", type=Path, metavar="PEM", help="authorities for mqtts (default: the system's)")
    parser.add_argument("--cert", type=Path, metavar="PEM", help="the client's certificate for mqtts")
    parser.add_argument("--key", type=Path, metavar="PEM", help="its key, if it is in another file")


def chosen_broker(args: argparse.Namespace, *, server: bool = False) -> BrokerChoice:
    """Evaluates the options of a cart's edge, or of a ``server``.

    Raises:
        CommandError: the bundle is invalid or for the other side, or single files are given as well.
    """
    if args.bundle is None:
        return BrokerChoice(url=args.broker or DEFAULT_BROKER, ca=args.ca, cert=args.cert, key=args.key)
    from smartcart.server.pki.bundle import read_bundle

    if args.ca or args.cert or args.key:
        raise CommandError("--bundle contains authority, certificate and key already: omit --ca, --cert and --key")
    bundle = read_bundle(args.bundle)
    if bundle.name.startswith("@") != server:
        right = "smartcart pair server" if server else "smartcart pair issue"
        raise CommandError(f"{args.bundle} is {bundle.name}'s bundle: create the right one with `{right}`")
    return BrokerChoice(
        url=args.broker or bundle.broker, ca=args.bundle, cert=args.bundle, store=bundle.store, name=bundle.name
    )
