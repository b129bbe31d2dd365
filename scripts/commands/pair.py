"""``smartcart pair``: the store's authority, and the certificates of its members."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartcart.server.pki.authority import StoreAuthority
    from smartcart.server.pki.certificates import CertificateRole

DEFAULT_FOLDER: Final = Path.home() / ".smartcart" / "store"
RESTART: Final = "restart the broker, which reads the list when it starts: systemctl restart smartcart-broker"


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser(
        "pair",
        help="let carts into a store: its authority, certificates, broker configuration",
        description=(
            "Creates a store's own authority and issues the credentials with which its carts, server and broker "
            "trust each other. Everything is in one folder. Anybody with its authority.key can admit anybody, so "
            "keep it on a machine you trust."
        ),
        epilog="Example:  smartcart pair create --store store-1\n"
        "          smartcart pair broker --host 10.0.0.5\n"
        "          smartcart pair server\n"
        "          smartcart pair issue --cart cart-7 --out cart-7.pem\n"
        "          smartcart pair revoke --cart cart-7",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    create = _action(actions, "create", _create, "create the store's authority; an existing one is never replaced")
    create.add_argument("--days", type=_days, default=3650, help="its lifetime (default: ten years)")
    broker = _action(actions, "broker", _broker, "write Mosquitto's configuration, certificate and access list")
    broker.add_argument(
        "--host",
        action="append",
        metavar="NAME",
        help="name or address at which carts reach it; repeatable; the first one is written into bundles and "
        "listened on (default: 127.0.0.1)",
    )
    broker.add_argument("--listen", metavar="ADDRESS", help="listen on this address instead")
    broker.add_argument("--port", type=int, default=8883, help="default: %(default)s")
    _add_days(broker)
    server = _action(actions, "server", _server, "issue a basket server's bundle")
    server.add_argument("--name", default="server", help="its name, if there are several (default: %(default)s)")
    _add_out(server, "server.pem in the folder")
    cart = _action(actions, "issue", _cart, "issue a cart's bundle: the one file to copy to it")
    cart.add_argument("--cart", required=True, help="the cart's pseudonym")
    _add_out(cart, "CART.pem here")
    renew = _action(actions, "renew", _renew, "issue another bundle; the old one stays valid until it is revoked")
    _add_whose(renew)
    _add_out(renew, "NAME.pem here")
    revoke = _action(actions, "revoke", _revoke, "revoke a cart's or server's access")
    _add_whose(revoke)
    revoke.add_argument("--but-newest", action="store_true", help="after a renewal: only the older certificates")
    listing = _action(actions, "list", _list, "list the certificates and their expiry")
    listing.add_argument("--json", action="store_true", help="as JSON lines")
    listing.add_argument(
        "--expiring", type=_days, metavar="DAYS", help="exit with 1 if a valid one expires within DAYS"
    )
    units = _action(actions, "units", _units, "write systemd units and a compose file for the folder")
    units.add_argument("--out", type=Path, required=True, metavar="DIR", help="for example /etc/systemd/system")
    units.add_argument("--user", default="smartcart", help="the user that they run as (default: %(default)s)")


def _action(
    actions: "argparse._SubParsersAction[Any]", name: str, do: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument(
        "--folder", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="the store's folder (default: %(default)s)"
    )
    parser.add_argument(
        "--store", help="the store's name" + ("" if name == "create" else ": refuse another store's folder")
    )
    parser.set_defaults(run=run, do=do)
    return parser


def _add_whose(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--cart", dest="name", metavar="NAME", help="of this cart")
    whose.add_argument("--server", dest="name", metavar="NAME", type="@{}".format, help="of this basket server")


def _add_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=_days, default=730, help="its lifetime (default: two years)")


def _add_out(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"where to write it (default: {default})")
    _add_days(parser)


def _days(text: str) -> int:
    days = int(text)
    if not 0 < days <= 36500:
        raise argparse.ArgumentTypeError("give 1 to 36500 days")
    return days


def run(args: argparse.Namespace) -> int:

    return int(args.do(args))


def _authority(args: argparse.Namespace) -> "StoreAuthority":
    from smartcart.scripts.main import CommandError
    from smartcart.server.pki.authority import StoreAuthority

    authority = StoreAuthority(args.folder / "authority")
    if args.store not in (None, authority.store):
        raise CommandError(f"{args.folder} belongs to {authority.store}, not of {args.store}: give --folder")
    return authority


def _create(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.server.pki.authority import StoreAuthority

    if args.store is None:
        raise CommandError("give --store, the store's name in topics")
    authority = StoreAuthority.create(args.folder / "authority", args.store, days=args.days)
    print(f"authority of {authority.store} in {args.folder / 'authority'}, valid until {authority.expires:%Y-%m-%d}")
    print("keep authority.key secret, and a copy of it safe; next: smartcart pair broker --host ADDRESS")
    return 0


def _broker(args: argparse.Namespace) -> int:
    from smartcart.scripts.main import CommandError
    from smartcart.server.pki.authority import BROKER
    from smartcart.server.pki.certificates import CertificateRole
    from smartcart.server.pki.deployment import BrokerPlan, write_broker

    authority = _authority(args)
    hosts = args.host or ["127.0.0.1"]
    for host in (*hosts, args.listen or hosts[0]):
        if not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
            raise CommandError(f"{host!r} is not a name or address of a computer")
    if not 0 < args.port < 65536:
        raise CommandError(f"port {args.port} does not exist: give one from 1 to 65535")
    broker = authority.issue(BROKER, CertificateRole.BROKER, hosts=hosts, days=args.days, again=True)
    plan = BrokerPlan(
        store=authority.store,
        folder=args.folder / "broker",
        bind=args.listen or hosts[0],
        port=args.port,
        servers=_servers(authority),
    )
    write_broker(plan, broker, authority.certificate, authority.revocations())
    host = f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0]
    authority.set_broker_url(f"mqtts://{host}:{args.port}")
    print(f"start it:  mosquitto -c {plan.folder / 'mosquitto.conf'}      (listens on {plan.bind}:{args.port})")
    return 0


def _servers(authority: "StoreAuthority") -> list[str]:
    """The names of all servers that may read every cart; the first one may even before it has its certificate."""
    from smartcart.server.pki.authority import SERVER
    from smartcart.server.pki.certificates import CertificateRole

    return sorted(
        {SERVER}
        | {holder.issued.name for holder in authority.holders() if holder.issued.role is CertificateRole.SERVER}
    )


def _server(args: argparse.Namespace) -> int:
    from smartcart.server.pki.certificates import CertificateRole
    from smartcart.server.pki.deployment import write_access

    out = args.out or args.folder / "server.pem"
    _issue(args, f"@{args.name}", CertificateRole.SERVER, out, again=False)
    if args.name != "server" and (args.folder / "broker").is_dir():
        authority = _authority(args)
        write_access(args.folder / "broker", authority.store, _servers(authority))
        print("restart the broker, so that it knows this server")
    print(f"start it:  smartcart server --bundle {out}")
    return 0


def _cart(args: argparse.Namespace) -> int:
    from smartcart.server.pki.certificates import CertificateRole

    out = args.out or Path(f"{args.cart}.pem")
    _issue(args, args.cart, CertificateRole.CART, out, again=False)
    print(f"copy it to the cart, and there:  smartcart edge --bundle {out.name} --zone FILE")
    return 0


def _renew(args: argparse.Namespace) -> int:
    from smartcart.server.pki.certificates import CertificateRole

    out = args.out or Path(f"{args.name.removeprefix('@')}.pem")
    _issue(
        args, args.name, CertificateRole.SERVER if args.name.startswith("@") else CertificateRole.CART, out, again=True
    )
    whose = f"--server {args.name[1:]}" if args.name.startswith("@") else f"--cart {args.name}"
    print(f"once it is installed:  smartcart pair revoke {whose} --but-newest")
    return 0


def _issue(args: argparse.Namespace, name: str, role: "CertificateRole", out: Path, *, again: bool) -> None:
    from smartcart.scripts.main import CommandError
    from smartcart.server.pki.bundle import Bundle, write_bundle

    authority = _authority(args)
    url = authority.broker_url()
    if url is None:
        raise CommandError("the store has no broker yet: `smartcart pair broker --host ADDRESS` first")
    if again and not any(holder.issued.name == name for holder in authority.holders()):
        raise CommandError(f"{name} never had a certificate: see `smartcart pair list`")
    made = authority.issue(name, role, days=args.days, again=again)
    bundle = Bundle(store=authority.store, name=name, broker=url)
    write_bundle(out, bundle, certificate=made.certificate, key=made.key, authority=authority.certificate)
    print(f"{out}: {name} of {authority.store}, valid until {made.issued.expires:%Y-%m-%d}; it contains a secret key")


def _revoke(args: argparse.Namespace) -> int:
    from smartcart.server.pki.deployment import write_revocations

    authority = _authority(args)
    gone = authority.revoke(args.name, but_newest=args.but_newest)
    print(f"revoked {len(gone)} of {args.name}")
    if (args.folder / "broker").is_dir():
        write_revocations(args.folder / "broker", authority.revocations())
        print(RESTART)
    else:
        print(f"copy {args.folder / 'authority' / 'revoked.crl'} to the broker's folder; then {RESTART}")
    return 0


def _list(args: argparse.Namespace) -> int:
    from datetime import UTC, datetime, timedelta

    now, soon = datetime.now(UTC), False
    for holder in _authority(args).holders():
        issued, state = holder.issued, holder.state(now)
        ending = args.expiring and state == "good" and issued.expires - now < timedelta(days=args.expiring)
        soon = soon or bool(ending)
        if args.json:
            told = {"name": issued.name, "role": issued.role, "state": state, "expires": issued.expires.isoformat()}
            print(json.dumps(told | {"serial": f"{issued.serial:x}"}))
        else:
            mark = "   expires soon: renew" if ending else ""
            print(f"{issued.name:24} {issued.role:7} {state:8} until {issued.expires:%Y-%m-%d}{mark}")
    return int(soon)


def _units(args: argparse.Namespace) -> int:
    from smartcart.server.pki.deployment import write_units

    for path in write_units(args.out, folder=args.folder, user=args.user):
        print(path)
    print("next: systemctl daemon-reload && systemctl enable --now smartcart-broker smartcart-server", file=sys.stderr)
    return 0
