"""One connection to the broker, over paho: from CONNECT until it is lost.

A lost connection is never repaired. The next one is a new object, so that an acknowledgement of an old connection can
never reach a new one, where its packet id means another message.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Literal, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from smartcart.edge.contract.broker_address import BrokerAddress, BrokerAddressError
from smartcart.edge.contract.events import PREFIX, Channel
from smartcart.server.errors import ServerError

EVENTS: Final = f"{PREFIX}/+/+/{Channel.EVENTS}"
STATUSES: Final = f"{PREFIX}/+/+/{Channel.STATUS}"
PICTURES: Final = f"{PREFIX}/+/+/{Channel.EVIDENCE}"
FETCHES: Final = f"{PREFIX}/+/+/{Channel.FETCH}"
LESSONS: Final = f"{PREFIX}/+/+/{Channel.LESSON}"
SIGHTS: Final = f"{PREFIX}/+/+/{Channel.SIGHTS}"
CODES: Final = f"{PREFIX}/+/+/{Channel.CODE}"
MAX_PACKET: Final = 2**20
MAX_QUEUED: Final = 10_000
"""Maximum number of answers that wait for a slow broker; carts ask again for the others."""
_KEEP_ALIVE_SECONDS: Final = 30
_CONNECT_SECONDS: Final = 4.0
_SUBSCRIBE_SECONDS: Final = 60.0
"""How long a broker may take to confirm after its greeting: waiting messages are delivered before that."""
_SESSION_SECONDS: Final = 86_400
_UNSUPPORTED_VERSION: Final = 132
_TOO_OLD: Final = "servers that share the work need a broker with MQTT 5, such as Mosquitto"
_SHARED: Final = 1
_OWN: Final = 2
"""Subscription identifiers."""


class LinkError(ServerError):
    """No connection was established; the message says why.

    ``version``: true if the broker does not speak this version of MQTT; it says so, or does not answer.
    """

    def __init__(self, reason: str, *, version: Literal["refused", "no sign"] | None = None) -> None:
        super().__init__(reason)
        self.version = version


class Delivery:
    """A message, to be acknowledged to the broker once it is safe.

    ``alone``: no other server of the group gets it. ``everybody``: every server of the group gets it, in order.
    ``kept``: the broker had retained it, for an unknown time. ``arrived`` is in monotonic seconds.
    """

    __slots__ = ("_link", "_message", "alone", "arrived", "everybody", "kept", "payload", "topic")

    def __init__(self, link: "BrokerLink", message: mqtt.MQTTMessage, *, alone: bool, everybody: bool) -> None:
        self._link = link
        self._message = message
        self.alone = alone
        self.everybody = everybody
        self.kept = message.retain
        self.arrived = time.monotonic()
        self.payload = bytes(message.payload)
        try:
            self.topic = message.topic
        except UnicodeDecodeError:
            self.topic = "(a topic that is not UTF-8)"

    def acknowledge(self) -> None:
        """Does nothing once the connection that delivered it has ended."""
        self._link.acknowledge(self._message.mid, self._message.qos)


class BrokerLink:
    """A persistent session at QoS 1 with manual acknowledgement.

    ``version`` is 5 or 4 (for 3.1.1). With 5 the broker has at most ``in_flight`` messages unacknowledged at a time.

    Servers of one ``group`` get each event once among them, by a shared subscription of MQTT 5. Every one of them gets
    all statuses, to show them, and by a second, shared subscription one of them gets each, to bury what is no status.
    Their sessions end with the connection: what waited for a server that died would reach nobody, while what it had
    not answered the cart sends again, to another one. ``pictures`` and ``sights`` are wanted by all of them, where at
    all, and so are reports of lessons and codes, of which one server knows.
    """

    def __init__(
        self,
        address: BrokerAddress,
        name: str,
        version: int,
        in_flight: int,
        group: str | None = None,
        *,
        pictures: bool = False,
        sights: bool = False,
    ) -> None:
        self._address = address
        self._lost = threading.Event()
        self._answered = threading.Event()
        self._refusal: LinkError | None = None
        self._reason = "the connection was lost"
        self._open = False
        self._in_flight = in_flight
        self._five = version == 5
        self._group = group
        self._own_topics = (
            STATUSES,
            LESSONS,
            CODES,
            *((PICTURES,) if pictures else ()),
            *((SIGHTS,) if sights else ()),
        )
        self._to_confirm = 2 if group else 1
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

    def open(self, receive: Callable[[Delivery], None], stopping: threading.Event) -> Self:
        """Connects and subscribes; ``receive`` is called in the connection's own thread.

        Raises:
            LinkError: the broker is unreachable or refuses us; or ``stopping`` was set.
        """
        self._client.on_message = lambda _client, _data, message: receive(self._delivery(message))
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
        except BrokerAddressError as error:
            raise LinkError(str(error)) from None
        except (OSError, ValueError) as error:
            raise LinkError(f"no connection ({error})") from None
        self._client.loop_start()
        begun = time.monotonic()
        while not self._answered.wait(0.1):
            seconds = time.monotonic() - begun
            if stopping.is_set() or seconds > _SUBSCRIBE_SECONDS or (seconds > _CONNECT_SECONDS and not self._open):
                raise LinkError("it does not answer", version=self._no_sign())
        if self._refusal is not None:
            raise self._refusal
        return self

    def _delivery(self, message: mqtt.MQTTMessage) -> Delivery:
        """The subscription's identifier shows whether the group's or our own delivered it."""
        if self._group is None:
            return Delivery(self, message, alone=True, everybody=True)
        own = getattr(message.properties, "SubscriptionIdentifier", None) == [_OWN]
        return Delivery(self, message, alone=not own, everybody=own)

    def _subscribe(self) -> None:
        if self._group is None:
            self._client.subscribe([(topic, 1) for topic in (EVENTS, FETCHES, *self._own_topics)])
            return
        shared = [f"$share/{self._group}/{topic}" for topic in (EVENTS, STATUSES, FETCHES)]
        for identifier, topics in ((_SHARED, shared), (_OWN, self._own_topics)):
            properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
            properties.SubscriptionIdentifier = identifier
            self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics], properties=properties)

    def _session_options(self) -> dict[str, Any]:
        if not self._five:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0 if self._group else _SESSION_SECONDS
        properties.ReceiveMaximum = self._in_flight
        properties.MaximumPacketSize = MAX_PACKET
        return {"clean_start": self._group is not None, "properties": properties}

    def wait(self, stopping: threading.Event) -> str:
        """Returns the reason when the connection is lost, or when ``stopping`` is set."""
        while not stopping.is_set() and not self._lost.wait(0.1):
            pass
        return self._reason

    def close(self) -> None:
        self._open = False
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Sends at QoS 1 while the connection stands."""
        if self._open:
            self._client.publish(topic, payload, qos=1, retain=retain)

    def acknowledge(self, mid: int, qos: int) -> None:
        if self._open:
            self._client.ack(mid, qos)

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: Any, _properties: object
    ) -> None:
        if reason.is_failure:
            other = reason.value == _UNSUPPORTED_VERSION
            why = _TOO_OLD if other and self._group else f"it refuses us: {str(reason).lower()}"
            self._refusal = LinkError(why, version="refused" if other and self._group is None else None)
            self._answered.set()
        else:
            self._open = True
            self._subscribe()

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[Any], _properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            what = f"{EVENTS} and {STATUSES}" + (f" as the group {self._group}" if self._group else "")
            self._refusal = LinkError(f"it does not let us read {what}")
        self._to_confirm -= 1
        if self._refusal or not self._to_confirm:
            self._answered.set()

    def _on_disconnect(self, _client: mqtt.Client, _data: object, _flags: object, reason: Any, _more: object) -> None:
        version, self._open = self._no_sign(), False
        if reason.is_failure:
            self._reason = f"the connection was lost ({str(reason).lower()})"
        if not self._answered.is_set():
            why = _TOO_OLD if self._group else "it closes the connection"
            self._refusal = LinkError(why, version=version)
            self._answered.set()
        self._lost.set()

    def _no_sign(self) -> Literal["no sign"] | None:
        """A broker that has greeted us speaks our version; servers of a group need this one."""
        return None if self._open or self._group else "no sign"


def _send_at_once(_client: mqtt.Client, _data: object, sock: Any) -> None:
    """Without this, the kernel delays a small packet by 40 ms while an earlier one is unacknowledged."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
