"""A store with its authority and a real Mosquitto that runs what ``smartcart pair broker`` wrote."""

import contextlib
import getpass
import queue
import ssl
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from processes import Mosquitto, free_port

from smartcart.edge.contract.events import Channel, Topic
from smartcart.server.pki.authority import BROKER, SERVER, Credentials, StoreAuthority
from smartcart.server.pki.bundle import Bundle, write_bundle
from smartcart.server.pki.certificates import CertificateRole
from smartcart.server.pki.deployment import BrokerPlan, write_broker, write_revocations


class StoreMosquitto(Mosquitto):
    """Mosquitto with the configuration of a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.config = folder / "mosquitto.conf"
        # started by root it would become another user, who may not read the tests' folder
        self.config.write_text(self.config.read_text() + f"\nuser {getpass.getuser()}\n")
        self.start()

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.port}"


@dataclass
class Store:
    """One store in a folder; ``broker`` runs from the start."""

    folder: Path
    name: str = "store-1"
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.authority = StoreAuthority.create(self.folder / "authority", self.name)
        made = self.authority.issue(BROKER, CertificateRole.BROKER, hosts=["127.0.0.1"])
        plan = BrokerPlan(
            store=self.name, folder=self.folder / "broker", bind="127.0.0.1", port=self.port, servers=[SERVER]
        )
        write_broker(plan, made, self.authority.certificate, self.authority.revocations())
        self.broker = StoreMosquitto(self.folder / "broker", self.port)

    def bundle(
        self, name: str, role: CertificateRole = CertificateRole.CART, *, now: datetime | None = None, days: int = 30
    ) -> Path:
        made = self.authority.issue(name, role, now=now, days=days, again=True)
        return self.write(self.folder / f"{name}.pem", made)

    def write(self, path: Path, made: Credentials) -> Path:
        bundle = Bundle(store=self.name, name=made.issued.name, broker=self.broker.url)
        write_bundle(path, bundle, certificate=made.certificate, key=made.key, authority=self.authority.certificate)
        return path

    def revoke(self, name: str) -> None:
        """As ``smartcart pair revoke``, then the broker starts again."""
        self.authority.revoke(name)
        write_revocations(self.folder / "broker", self.authority.revocations())
        self.broker.stop()
        self.broker.start()

    def close(self) -> None:
        self.broker.stop()


class Peer:
    """A client of a store's broker: whoever holds ``bundle``, or nobody in particular; ``refused`` if it is not let in.

    ``pem`` names the authority that it trusts, where that is not the bundle's.
    """

    def __init__(
        self,
        url: str,
        bundle: Path | None,
        *,
        trusts: Path | None = None,
        name: str = "",
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        will: tuple[str, bytes] | None = None,
    ) -> None:
        self.got: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.reasons: dict[int, Any] = {}
        self.lost = threading.Event()
        self.refused = True
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=version, reconnect_on_failure=False
        )
        context = ssl.create_default_context(cafile=trusts or bundle)
        if bundle:
            context.load_cert_chain(bundle)
        self._client.tls_set_context(context)
        if will:
            self._client.will_set(*will, qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = lambda _c, _d, m: self.got.put((m.topic, bytes(m.payload)))
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        port = int(url.rpartition(":")[2])
        try:
            self._client.connect("127.0.0.1", port)
        except OSError:
            return
        self._client.loop_start()
        assert self._answered.wait(10)

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: Any, _more: object) -> None:
        self.refused = reason.is_failure
        self._answered.set()

    def _on_disconnect(self, *_: object) -> None:
        self.lost.set()
        self._answered.set()

    def _on_publish(self, _client: object, _data: object, mid: int, reason: Any, _more: object) -> None:
        self.reasons[mid] = reason

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Whether the broker takes it; under MQTT 5 it says so."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        with contextlib.suppress(RuntimeError):  # the broker hung up
            info.wait_for_publish(10)
        return info.mid in self.reasons and not self.reasons[info.mid].is_failure

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def topic(cart: str, channel: Channel, store: str = "store-1") -> str:
    return str(Topic(store=store, cart=cart, channel=channel))
