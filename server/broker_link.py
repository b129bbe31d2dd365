"""One connection to the broker, over paho: from CONNECT until it is lost.

A connection that is lost is never mended: the next one is a new object, so that an acknowledgement of an old
connection can never reach a new one, where its packet id means another message.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from smartcart.edge.events import PREFIX, Channel
from smartcart.server.broker_address import AddressError, BrokerAddress

SUBSCRIPTIONS: Final = tuple(f"{PREFIX}/+/+/{channel}" for channel in (Channel.EVENTS, Channel.STATUS))
MAX_PACKET: Final = 2**20
MAX_QUEUED: Final = 10_000
"""Answers that wait for a broker that takes none; those beyond are left to be asked for again."""
_KEEP_ALIVE_SECONDS: Final = 30
_CONNECT_SECONDS: Final = 5.0
_SESSION_SECONDS: Final = 86_400
_UNSUPPORTED_VERSION: Final = 132


class LinkError(Exception):
    """No connection came about; the message says why.

    ``try_other_version``: the broker gave no sign that it speaks this version of MQTT.
    """

    def __init__(self, reason: str, *, try_other_version: bool = False) -> None:
        super().__init__(reason)
        self.try_other_version = try_other_version


class Delivery:
    """A message, to be acknowledged to the broker once it is safe."""

    __slots__ = ("_link", "_message", "payload", "topic")

    def __init__(self, link: "BrokerLink", message: mqtt.MQTTMessage) -> None:
        self._link = link
        self._message = message
        self.payload = bytes(message.payload)
        try:
            self.topic = message.topic
        except UnicodeDecodeError:
            self.topic = "(a topic that is not UTF-8)"

    def acknowledge(self) -> None:
        """Does nothing once the connection that brought it is gone."""
        self._link.acknowledge(self._message.mid, self._message.qos)


class BrokerLink:
    """A persistent session at QoS 1 with manual acknowledgement.

    ``version`` is 5 or 4 (for 3.1.1). With 5 the broker has at most ``in_flight`` messages unacknowledged at a time.
    """

    def __init__(self, address: BrokerAddress, name: str, version: int, in_flight: int) -> None:
        self._address = address
        self._lost = threading.Event()
        self._answered = threading.Event()
        self._refusal: LinkError | None = None
        self._reason = "the connection was lost"
        self._open = False
        self._in_flight = in_flight
        self._five = version == 5
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            clean_session=None if self._five else False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.max_inflight_messages_set(in_flight)
        self._client.max_queued_messages_set(MAX_QUEUED)
        self._client.connect_timeout = _CONNECT_SECONDS
        if address.user is not None:
            self._client.username_pw_set(address.user, address.password)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect

    def open(self, receive: Callable[[Delivery], None]) -> Self:
        """Connects and subscribes; ``receive`` is called in the connection's own thread.

        Raises:
            LinkError: the broker is not there, or does not want us.
        """
        self._client.on_message = lambda _client, _data, message: receive(Delivery(self, message))
        try:
            if self._address.tls:
                self._client.tls_set_context(self._address.trust())
            self._client.connect(
                self._address.host,
                self._address.port,
                keepalive=_KEEP_ALIVE_SECONDS,
                **self._session_options(),
            )
        except ssl.SSLCertVerificationError as error:
            raise LinkError(f"its certificate is not trusted: {error.verify_message}") from None
        except AddressError as error:
            raise LinkError(str(error)) from None
        except (OSError, ValueError) as error:
            raise LinkError(f"no connection ({error})") from None
        self._client.loop_start()
        if not self._answered.wait(_CONNECT_SECONDS):
            raise LinkError("it does not answer", try_other_version=True)
        if self._refusal is not None:
            raise self._refusal
        return self

    def _session_options(self) -> dict[str, Any]:
        if not self._five:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_SECONDS
        properties.ReceiveMaximum = self._in_flight
        properties.MaximumPacketSize = MAX_PACKET
        return {"clean_start": False, "properties": properties}

    def wait(self, stopping: threading.Event) -> str:
        """Returns when the connection is lost or ``stopping`` is set; says why it was lost."""
        while not stopping.is_set() and not self._lost.wait(0.1):
            pass
        return self._reason

    def close(self) -> None:
        self._open = False
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Sends at QoS 1 while the connection stands."""
        if self._open:
            self._client.publish(topic, payload, qos=1)

    def acknowledge(self, mid: int, qos: int) -> None:
        if self._open:
            self._client.ack(mid, qos)

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: Any, _properties: object
    ) -> None:
        if reason.is_failure:
            other = reason.value == _UNSUPPORTED_VERSION
            self._refusal = LinkError(f"it refuses us: {str(reason).lower()}", try_other_version=other)
            self._answered.set()
        else:
            self._open = True
            client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[Any], _properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = LinkError(f"it does not let us read {' and '.join(SUBSCRIPTIONS)}")
        self._answered.set()

    def _on_disconnect(self, _client: mqtt.Client, _data: object, _flags: object, reason: Any, _more: object) -> None:
        self._open = False
        if reason.is_failure:
            self._reason = f"the connection was lost ({str(reason).lower()})"
        if not self._answered.is_set():
            self._refusal = LinkError("it closes the connection", try_other_version=True)
            self._answered.set()
        self._lost.set()


def _send_at_once(_client: mqtt.Client, _data: object, sock: Any) -> None:
    """Without this the kernel holds a small packet back for 40 ms when one before it is not yet acknowledged."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
