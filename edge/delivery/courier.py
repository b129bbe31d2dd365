"""The courier: carries the outbox to the server over MQTT and keeps the cart's retained status.

At least once from here, exactly once there: rows are sent in order, at most 100 in flight, and resent with back-off
until the server's commit acknowledgement, as well as after every reconnect. An unreachable broker changes only the
outbox's depth.
"""

import logging
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from smartcart.edge.codes.scan import CodeScan
from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import (
    Ack,
    CameraHealth,
    Channel,
    Command,
    ContractError,
    Picture,
    Status,
    Topic,
    parse_ack,
    parse_command,
)
from smartcart.edge.contract.times import rfc3339
from smartcart.edge.delivery.outbox import Outbox, OutboxError
from smartcart.edge.delivery.publisher import Identity
from smartcart.edge.delivery.silence import Silence
from smartcart.edge.delivery.twins import Twins
from smartcart.edge.gallery.fetching import GalleryFetch
from smartcart.edge.gallery.sights import Sights
from smartcart.edge.gallery.teacher import Teacher

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 100
FIRST_RETRY: Final = 2.0
LONGEST_RETRY: Final = 60.0
STATUS_EVERY: Final = 30.0
GRACE: Final = 1.0
PICTURES: Final = 32
PICTURE_AGE: Final = 600.0
HANG_UPS: Final = 2
NO_ANSWER: Final = "does not answer (is it up, and is it a broker?)"
UNSUPPORTED_VERSION: Final = "Unsupported protocol version"


class Courier:
    """One cart's connection; a context manager whose exit sends what it can and says goodbye.

    Args:
        broker: the broker's address and credentials.
        version: the edge's version, as the status reports it.
        on_command: called from the network thread with each command of the server.
        gallery: fetches galleries; None for a cart without one.
        teacher: has lessons to report; None for a cart that cannot be taught.
        linger: seconds that the exit waits for events that are still in the outbox.

    Raises:
        BrokerAddressError: the broker's TLS files are unusable.
    """

    def __init__(
        self,
        outbox: Outbox,
        identity: Identity,
        *,
        broker: BrokerAddress,
        version: str,
        on_command: Callable[[Command], None] = lambda _: None,
        gallery: GalleryFetch | None = None,
        teacher: Teacher | None = None,
        scan: CodeScan | None = None,
        linger: float = 5.0,
    ) -> None:
        self._outbox = outbox
        self._identity = identity
        self._version = version
        self._on_command = on_command
        self._gallery = gallery
        self._teacher = teacher
        self._scan = scan
        self._linger = linger
        self._address = broker
        self._trust = broker.trust() if broker.tls else None
        self._protocol = mqtt.MQTTv5
        self._wake = threading.Event()
        self._stopping = False
        self._connected = False
        self._hung_up = 0
        self._falling_back = False
        self._complained = False
        self._silence = Silence()
        self._twins = Twins()
        self._handed = self._taken = 0
        self._sent: dict[str, tuple[float, float]] = {}
        self._acks: deque[Ack] = deque()
        self._shown: deque[tuple[float, Channel, bytes]] = deque(maxlen=2 * PICTURES)
        self._camera: CameraHealth = CameraHealth.OK
        self._session: str | None = None
        self._status_told: tuple[object, ...] = ()
        self._status_at = 0.0
        self._behind_since: float | None = None
        self._fill_told = 0
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def tell(self, *, camera: CameraHealth, session: str | None) -> None:
        """Sets the contents of the next status; a change is published at once."""
        if (camera, session) != (self._camera, self._session):
            self._camera, self._session = camera, session
            self._wake.set()

    def show(self, picture: Picture) -> None:
        """Sends a picture when it can; one that waits too long, or behind too many, is never sent."""
        self._shown.append((time.monotonic(), Channel.EVIDENCE, picture.to_bytes()))
        self._wake.set()

    def show_sights(self, event_id: str, sights: Sights) -> None:
        """Sends what was seen of an event, as ``show`` does its picture."""
        self._shown.append((time.monotonic(), Channel.SIGHTS, sights.to_bytes(event_id)))
        self._wake.set()

    def wake(self) -> None:
        """Signals a new event in the outbox."""
        self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        now = time.monotonic()
        while self._outbox.depth() and time.monotonic() < now + self._linger:
            if not self._connected and time.monotonic() > now + self._linger / 2:
                break  # broker unreachable: the outbox keeps it for the next run
            self._wake.set()
            time.sleep(0.05)
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=self._linger)

    # --- the courier's thread ---

    def _run(self) -> None:
        self._connect()
        while not self._stopping:
            self._wake.wait(timeout=0.5)
            self._wake.clear()
            self._work()
        if self._connected:
            goodbye = self._client.publish(str(self._topic(Channel.STATUS)), self._status(online=False), 1, retain=True)
            goodbye.wait_for_publish(timeout=2)
        self._client.disconnect()
        self._client.loop_stop()

    def _work(self) -> None:
        if self._silence.is_news():
            log.warning("broker %s %s; events wait in the outbox, trying again", self._address, NO_ANSWER)
        try:
            self._take_acks()
            self._tell_fill()
            if self._connected:
                self._send_due()
                self._send_shown()
                self._ask_for_gallery()
                self._report_lessons()
                self._report_code()
                self._tell_status()
        except OutboxError as error:
            log.error("%s", error)

    def _take_acks(self) -> None:
        """Handles all answers since the last call, in one transaction a kind: the disk of a cart is slow."""
        acks = [self._acks.popleft() for _ in range(len(self._acks))]
        committed = [event_id for ack in acks for event_id in ack.committed]
        rejected = [refusal for ack in acks for refusal in ack.rejected]
        if committed:
            self._outbox.committed(committed)
        if rejected:
            self._outbox.rejected(rejected)
        for event_id, reason in rejected:
            log.error("the server refuses event %s: %s", event_id, reason)

    def _send_due(self) -> None:
        now = time.monotonic()
        letters = self._outbox.waiting(IN_FLIGHT)
        self._sent = {i: self._sent[i] for i in (letter.id for letter in letters) if i in self._sent}
        for letter in letters:
            due, pause = self._sent.get(letter.id, (0.0, FIRST_RETRY))
            if now < due:
                continue
            if self._handed - self._taken >= IN_FLIGHT or not self._publish(Channel.EVENTS, letter.payload):
                return
            self._sent[letter.id] = now + pause, min(2 * pause, LONGEST_RETRY)

    def _send_shown(self) -> None:
        while self._shown and self._handed - self._taken < IN_FLIGHT:
            at, channel, message = self._shown.popleft()
            if time.monotonic() - at < PICTURE_AGE:
                self._publish(channel, message)

    def _ask_for_gallery(self) -> None:
        request = self._gallery.due(time.monotonic()) if self._gallery else None
        if request is not None:
            self._publish(Channel.FETCH, request)

    def _report_lessons(self) -> None:
        for report in self._teacher.due(time.monotonic()) if self._teacher else ():
            self._publish(Channel.LESSON, report.to_bytes())

    def _report_code(self) -> None:
        report = self._scan.due() if self._scan else None
        if report is not None:
            self._publish(Channel.CODE, report.to_bytes())

    def _publish(self, channel: Channel, payload: bytes) -> bool:
        """True while connected. Messages handed to paho go out in any case, if need be over the next connection."""
        self._handed += 1
        self._silence.owed()
        topic = str(self._topic(channel))
        sent = self._client.publish(topic, payload, qos=1, retain=channel is Channel.STATUS)
        return sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _on_publish(self, _: mqtt.Client, __: Any, ___: int, reason: Any, ____: Any) -> None:
        self._taken += 1
        self._silence.heard(still_owed=self._handed > self._taken)
        if reason.is_failure:  # MQTT 5 reports it; under 3.1.1 the broker drops the message silently
            who = f"{self._identity.store}/{self._identity.cart}"
            self._complain(
                f"does not accept messages of {who} ({str(reason).lower()}): is that the certificate's name?"
            )

    def _tell_status(self) -> None:
        now = time.monotonic()
        depth = self._outbox.depth()
        self._behind_since = (self._behind_since or now) if depth else None
        if self._behind_since and now - self._behind_since < GRACE:
            return  # its commit is most likely under way: no need for a warning
        products = self._gallery and self._gallery.version, self._is_teaching
        state = (self._camera, self._session, depth, self._outbox.full(), products)
        due = now - self._status_at > (0.5 if state != self._status_told else STATUS_EVERY)
        if due and self._publish(Channel.STATUS, self._status(online=True)):
            self._status_told, self._status_at = state, now

    def _tell_fill(self) -> None:
        """Logs once, in each direction, that the outbox fills up; connected or not."""
        fill = 2 if self._outbox.full() else 1 if self._outbox.nearly_full() else 0
        if fill > self._fill_told:
            text = "is full: no more events are accepted" if fill == 2 else "is nearly full"
            log.warning("the outbox %s; %d events wait for the server: is it up?", text, self._outbox.depth())
        elif fill == 0 and self._fill_told:
            log.info("the outbox has room again")
        self._fill_told = fill

    def _status(self, *, online: bool) -> bytes:
        return Status(
            online=online,
            time=rfc3339(datetime.now(UTC)),
            version=self._version,
            model=self._identity.model,
            session=self._session,
            camera=self._camera,
            outbox=self._outbox.depth(),
            outbox_nearly_full=self._outbox.nearly_full(),
            outbox_full=self._outbox.full(),
            gallery=self._gallery.version if self._gallery else None,
            teaching=self._is_teaching,
            reads_codes=True if self._scan else None,
        ).to_bytes()

    @property
    def _is_teaching(self) -> bool | None:
        return self._teacher.is_teaching if self._teacher else None

    # --- the connection ---

    def _connect(self) -> None:
        self._client.connect_async(self._address.host, self._address.port, keepalive=20)
        self._client.loop_start()

    def _make_client(self) -> mqtt.Client:
        self._handed, self._taken = 0, 0
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"smartcart/{self._identity.store}/{self._identity.cart}",
            protocol=self._protocol,
        )
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        if self._address.user:
            client.username_pw_set(self._address.user, self._address.password)
        if self._trust:
            client.tls_set_context(self._trust)
        client.max_inflight_messages_set(IN_FLIGHT)
        client.will_set(str(self._topic(Channel.STATUS)), self._status(online=False), qos=1, retain=True)
        client.on_socket_open = _without_delay
        client.on_pre_connect = lambda *_: self._silence.owed()
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._silence.heard(still_owed=self._handed > self._taken)
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: mqtt.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        self._silence.heard(still_owed=not reason.is_failure)
        if reason.is_failure:
            if str(reason) == UNSUPPORTED_VERSION and self._protocol == mqtt.MQTTv5:
                self._fall_back()
            else:
                self._complain(f"refuses this cart: {str(reason).lower()}")
            return
        wanted = [Channel.ACK, Channel.COMMAND, *((Channel.GALLERY, Channel.PART) if self._gallery else ())]
        client.subscribe([(str(self._topic(channel)), 1) for channel in wanted])
        self._sent = {}
        self._status_at = 0.0
        self._connected = True
        self._hung_up = 0
        self._complained = False
        self._wake.set()
        log.info("connected to broker %s", self._address)

    def _on_connect_fail(self, _: mqtt.Client, __: Any) -> None:
        """Call it while handling the error that prevented the connection."""
        self._silence.gone()
        error = sys.exception()
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"shows a certificate that is not trusted ({error.verify_message}); is this machine's clock right?"
        elif isinstance(error, ssl.SSLError):
            why = f"does not speak TLS with this cart ({error.reason})"
        elif isinstance(error, TimeoutError):
            why = NO_ANSWER
        else:
            why = "cannot be reached"
        self._complain(why)

    def _complain(self, why: str) -> None:
        if not self._complained:
            log.warning("broker %s %s; events wait in the outbox, trying again", self._address, why)
        self._complained = True

    def _fall_back(self) -> None:
        """The broker speaks MQTT 3.1.1 only: reconnects with that. Called by the client that is being replaced."""
        if self._falling_back:
            return
        self._falling_back = True
        threading.Thread(target=self._start_over, name="courier-fallback", daemon=True).start()

    def _start_over(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._protocol = mqtt.MQTTv311
        self._client = self._make_client()
        if not self._stopping:
            self._connect()

    def _on_disconnect(self, _: mqtt.Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self._silence.gone()
        if self._connected and not self._stopping:
            if self._twins.dropped(str(reason)):
                log.error(
                    "another machine uses this cart's name, %s/%s, or the broker ends every connection: stop one of "
                    "the two, or give it a bundle of its own",
                    self._identity.store,
                    self._identity.cart,
                )
            log.warning("broker %s disconnected (%s); events wait in the outbox", self._address, reason)
        elif not self._stopping:
            self._hung_up += 1
            if self._hung_up == HANG_UPS and self._protocol == mqtt.MQTTv5:
                self._fall_back()
            elif self._hung_up > HANG_UPS and self._trust:
                self._complain("hangs up: has this cart's certificate expired, or was it revoked?")
        self._connected = False

    def _on_message(self, _: mqtt.Client, __: Any, message: mqtt.MQTTMessage) -> None:
        """The only retained message from the server is the pointer to a gallery; any other comes from somebody else."""
        try:
            if self._gallery is not None and message.topic == str(self._topic(Channel.GALLERY)):
                self._gallery.point(bytes(message.payload))
            elif message.retain:
                log.warning("a retained message on %s is ignored", message.topic)
            elif message.topic == str(self._topic(Channel.COMMAND)):
                self._on_command(parse_command(bytes(message.payload)))
            elif message.topic == str(self._topic(Channel.ACK)):
                self._acks.append(parse_ack(bytes(message.payload)))
            elif self._gallery is not None and message.topic == str(self._topic(Channel.PART)):
                self._gallery.take(bytes(message.payload))
        except ContractError as error:
            log.warning("message on %s is discarded: %s", message.topic, error.reason)
        except OutboxError as error:
            log.error("%s", error)
        except Exception:  # no error may end paho's thread
            log.exception("message on a topic of this cart")
        self._wake.set()

    def _topic(self, channel: Channel) -> Topic:
        return Topic(store=self._identity.store, cart=self._identity.cart, channel=channel)


def _without_delay(_: mqtt.Client, __: Any, sock: Any) -> None:
    """Sends small packets at once; otherwise an event waits some 40 ms at every hop."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
