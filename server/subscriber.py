"""From the broker into the ledger, and the answer back; and from the ledger to the pages.

A message is acknowledged to the broker, and its event to the cart, only after the ledger has committed it. Whatever
dies in between, the cart sends the event again and the ledger knows its id.
"""

import logging
import queue
import random
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smartcart.edge.events import Ack, Channel, ContractError, Topic, parse_topic
from smartcart.server.basket import StoredEvent
from smartcart.server.broker_address import BrokerAddress
from smartcart.server.broker_link import BrokerLink, Delivery, LinkError
from smartcart.server.carts import Carts
from smartcart.server.catalogue import Matching
from smartcart.server.clock import utc_now
from smartcart.server.commands import CartKey, Commands
from smartcart.server.evidence import EvidenceBox
from smartcart.server.intake import take_in, take_in_status
from smartcart.server.ledger import DeadLetter, Ledger, LedgerError, Outcome, Verdict
from smartcart.server.watch import Watch

BATCH: Final = 200
BATCH_SECONDS: Final = 0.02
IN_FLIGHT: Final = 1000
FOLLOW_SECONDS: Final = 0.05
"""How soon what another server, or a command, has written into the ledger is seen here."""
_TICK_SECONDS: Final = 0.2
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the server's two sides do; ``broker`` and ``ledger`` say what is wrong, None when nothing is."""

    broker: str | None
    ledger: str | None

    @property
    def ok(self) -> bool:
        return self.broker is None and self.ledger is None


class ConnectionLost:
    """Stands in the inbox behind the last message of a connection."""


class Subscriber:
    """Three threads: one keeps the connection to the broker, one writes batches to the ledger, one reads its news.

    Args:
        evidence: where pictures go; None takes none.
        group: the name of several servers that share the work, and one ledger.
    """

    def __init__(
        self,
        *,
        address: BrokerAddress,
        ledger: Ledger,
        catalogue: Matching,
        carts: Carts,
        commands: Commands,
        watch: Watch,
        evidence: EvidenceBox | None = None,
        group: str | None = None,
    ) -> None:
        self._address = address
        self._group = group
        self._name = f"smartcart-server-{ledger.identity[:13]}" + (f"-{uuid.uuid4().hex[:8]}" if group else "")
        self._ledger = ledger
        self._catalogue = catalogue
        self._carts = carts
        self._commands = commands
        self._watch = watch
        self._evidence = evidence
        self._inbox: queue.Queue[Delivery | ConnectionLost] = queue.Queue(maxsize=IN_FLIGHT)
        self._stopping = threading.Event()
        self._stored = threading.Event()
        self._link: BrokerLink | None = None
        self._broker_trouble: str | None = "not connected yet"
        self._ledger_trouble: str | None = None
        self._threads: list[threading.Thread] = []

    @property
    def health(self) -> Health:
        """How both sides do now."""
        if not self._stopping.is_set() and not all(thread.is_alive() for thread in self._threads):
            return Health(broker=self._broker_trouble, ledger="the server has a fault: restart it and report its log")
        return Health(broker=self._broker_trouble, ledger=self._ledger_trouble)

    def start(self) -> None:
        """Connects and takes in from now on; a broker that is away is tried again until it comes."""
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in (
                (self._keep_connected, "subscriber"),
                (self._write, "ledger-writer"),
                (self._follow, "ledger-reader"),
            )
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Disconnects; what was not committed is not acknowledged, and comes again."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    # --- the connection -------------------------------------------------------------------------------------------

    def _keep_connected(self) -> None:
        pause, version, spoken = _FIRST_PAUSE, 5, False
        while not self._stopping.is_set():
            pictures = self._evidence is not None and self._evidence.is_on
            link = BrokerLink(self._address, self._name, version, IN_FLIGHT, self._group, pictures=pictures)
            try:
                self._link = link  # before it opens, since an answer may be due at once
                link.open(self._receive, self._stopping)
                self._say_broker(None)
                pause, spoken = _FIRST_PAUSE, True
                reason = link.wait(self._stopping)
            except LinkError as error:
                reason = str(error)
                if error.version == "refused" or (error.version == "no sign" and not spoken):
                    version = 9 - version
                    if version == 4:
                        continue
            finally:
                self._link = None
                link.close()
            if self._stopping.is_set():
                return
            self._say_broker(reason)
            self._stopping.wait(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _receive(self, delivery: Delivery | ConnectionLost) -> None:
        """Called in the connection's thread; waits when the ledger does not keep up, and so slows the broker down."""
        while not self._stopping.is_set():
            try:
                self._inbox.put(delivery, timeout=_TICK_SECONDS)
            except queue.Full:
                continue
            return

    def _say_broker(self, trouble: str | None) -> None:
        before, self._broker_trouble = self._broker_trouble, trouble
        if trouble is None:
            log.info("connected to the broker %s", self._address)
        elif trouble != before:
            log.warning("broker %s: %s; trying again", self._address, trouble)
            self._receive(ConnectionLost())
        if trouble != before:
            self._carts.touch()

    # --- the batches ----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        while not self._stopping.is_set():
            self._send_commands()
            batch = self._next_batch()
            if batch:
                self._take(batch)

    def _next_batch(self) -> list[Delivery | ConnectionLost]:
        """Waits for a delivery, and takes what else is there already; a quiet moment ends it at once."""
        try:
            batch = [self._inbox.get(timeout=_TICK_SECONDS)]
        except queue.Empty:
            return []
        deadline = time.monotonic() + BATCH_SECONDS
        while len(batch) < BATCH and time.monotonic() < deadline:
            try:
                batch.append(self._inbox.get_nowait())
            except queue.Empty:
                break
        return batch

    def _take(self, batch: list[Delivery | ConnectionLost]) -> None:
        now = utc_now()
        taken = [self._read(delivery, now) for delivery in batch]
        events = [entry for entry in taken if isinstance(entry, StoredEvent)]
        letters = [entry for entry in taken if isinstance(entry, DeadLetter)]
        verdicts = self._commit(events, letters) if events or letters else []
        if verdicts is None:
            return
        for delivery in batch:
            if isinstance(delivery, Delivery):
                delivery.acknowledge()
        self._answer(events, verdicts, letters)
        if events or letters:
            self._stored.set()
            now_s = time.monotonic()
            pairs = zip(batch, taken, strict=True)
            lags = [now_s - sent.arrived for sent, entry in pairs if isinstance(sent, Delivery) and entry is not None]
            self._watch.committed(events, verdicts, letters, lags)

    def _read(self, delivery: Delivery | ConnectionLost, now: str) -> StoredEvent | DeadLetter | None:
        if isinstance(delivery, ConnectionLost):
            self._carts.forget_statuses()
            return None
        if delivery.topic.endswith(f"/{Channel.STATUS}"):
            return self._take_status(delivery, now)
        if delivery.topic.endswith(f"/{Channel.EVIDENCE}"):
            self._take_picture(delivery)
            return None
        return take_in(delivery.topic, delivery.payload, self._catalogue, now)

    def _follow(self) -> None:
        """Brings the ledger's news to the carts: at once after a batch of our own, and soon after anybody else's."""
        failed = False
        while not self._stopping.is_set():
            self._stored.wait(FOLLOW_SECONDS)
            self._stored.clear()
            try:
                self._carts.refresh()
            except LedgerError as error:
                self._say_ledger(str(error))
                failed = True
                self._stopping.wait(_FIRST_PAUSE)
            else:
                if failed:
                    self._say_ledger(None)
                failed = False

    def _commit(self, events: list[StoredEvent], letters: list[DeadLetter]) -> list[Verdict] | None:
        """Tries until it is committed; None when the server stops before."""
        pause = _FIRST_PAUSE
        while True:
            try:
                verdicts = self._ledger.commit(events, letters)
            except LedgerError as error:
                self._say_ledger(str(error))
                if self._stopping.wait(pause):
                    return None
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._say_ledger(None)
                return verdicts

    def _say_ledger(self, trouble: str | None) -> None:
        before, self._ledger_trouble = self._ledger_trouble, trouble
        if trouble == before:
            return
        if trouble:
            log.error("%s", trouble)
        else:
            log.info("the ledger takes events again")
        self._carts.touch()

    def _take_status(self, delivery: Delivery, now: str) -> DeadLetter | None:
        if not delivery.payload:
            return None  # a retained status that was cleared
        taken = take_in_status(delivery.topic, delivery.payload, now)
        if isinstance(taken, DeadLetter):
            return taken if delivery.alone else None
        topic, status = taken
        if delivery.everybody:
            self._carts.tell_status((topic.store, topic.cart), status)
        return None

    def _take_picture(self, delivery: Delivery) -> None:
        """One that cannot be taken is kept nowhere, not even as a dead letter."""
        if self._evidence is None:
            return
        try:
            topic = parse_topic(delivery.topic)
            self._evidence.take(topic, delivery.payload)
        except ContractError as error:
            log.warning("a picture on %s is passed over: %s", delivery.topic[:200], error.reason)
        else:
            self._carts.touch((topic.store, topic.cart))

    # --- the answers ----------------------------------------------------------------------------------------------

    def _answer(
        self, events: Iterable[StoredEvent], verdicts: Iterable[Verdict], letters: Iterable[DeadLetter]
    ) -> None:
        committed: dict[CartKey, list[str]] = {}
        rejected: dict[CartKey, list[tuple[str, str]]] = {}
        for stored, verdict in zip(events, verdicts, strict=True):
            key = (stored.event.store, stored.event.cart)
            if verdict.outcome is Outcome.REFUSED:
                rejected.setdefault(key, []).append((stored.event.id, verdict.reason or ""))
            else:
                committed.setdefault(key, []).append(stored.event.id)
        for letter in letters:
            if letter.store and letter.cart and letter.event_id:
                rejected.setdefault((letter.store, letter.cart), []).append((letter.event_id, letter.reason))
        for key in committed.keys() | rejected.keys():
            ack = Ack(committed=tuple(committed.get(key, ())), rejected=tuple(rejected.get(key, ())))
            self._publish(key, Channel.ACK, ack.to_bytes())

    def _send_commands(self) -> None:
        if self._link is not None:
            for key, command in self._commands.due(time.monotonic()):
                self._publish(key, Channel.COMMAND, command.to_bytes())

    def _publish(self, key: CartKey, channel: Channel, payload: bytes) -> None:
        """Sends if there is a connection; a lost answer is asked for again by the cart."""
        link = self._link
        if link is not None:
            link.publish(str(Topic(store=key[0], cart=key[1], channel=channel)), payload)
