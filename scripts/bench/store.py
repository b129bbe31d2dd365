"""The store of ``smartcart bench server --tls``: its authority, Mosquitto's configuration, a bundle for each."""

import getpass
from pathlib import Path
from typing import Final

from smartcart.scripts.bench.load import STORE, cart_name
from smartcart.server.pki.authority import BROKER, SERVER, StoreAuthority
from smartcart.server.pki.bundle import Bundle, write_bundle
from smartcart.server.pki.certificates import CertificateRole
from smartcart.server.pki.deployment import BrokerPlan, write_broker

_DAYS: Final = 1


def make_store(folder: Path, port: int, carts: int) -> Path:
    """Writes what ``smartcart pair`` would into a new folder, for this many carts; returns the broker's configuration.

    The bundles lie beside it, ``NAME.pem`` each.
    """
    authority = StoreAuthority.create(folder / "authority", STORE, days=_DAYS)
    broker = authority.issue(BROKER, CertificateRole.BROKER, hosts=["127.0.0.1"], days=_DAYS)
    plan = BrokerPlan(store=STORE, folder=folder, bind="127.0.0.1", port=port, servers=[SERVER])
    write_broker(plan, broker, authority.certificate, authority.revocations())
    names = {SERVER: CertificateRole.SERVER} | {cart_name(i): CertificateRole.CART for i in range(carts)}
    for name, role in names.items():
        made = authority.issue(name, role, days=_DAYS, again=True)  # without a search for older ones
        bundle = Bundle(store=STORE, name=name, broker=f"mqtts://127.0.0.1:{port}")
        path = folder / f"{name}.pem"
        write_bundle(path, bundle, certificate=made.certificate, key=made.key, authority=authority.certificate)
    config = folder / "mosquitto.conf"
    with config.open("a") as file:  # started by root, it would become a user who may not read this folder
        file.write(f"user {getpass.getuser()}\n")
    return config
