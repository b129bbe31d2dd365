"""From the broker to the ledger, and the answer back; and from the ledger to the pages.

A message is acknowledged to the broker, and its event to the cart, only after the ledger has committed it. If anything
dies in between, the cart sends the event again and the ledger knows its id.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import Ack, Channel, ContractError, Topic, parse_topic
from smartcart.server.basket.records import StoredEvent
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import CartKey, Commands
from smartcart.server.carts.scans import Scans
from smartcart.server.catalogue.catalogue import CatalogueMatching
from smartcart.server.gallery.lessons import Lessons
from smartcart.server.gallery.post import GalleryPost
from smartcart.server.ledger.port import DeadLetter, Ledger, LedgerError, Outcome, Verdict
from smartcart.server.mqtt.commit_reporter import CommitReporter
from smartcart.server.mqtt.connection import Connection, ConnectionLost
from smartcart.server.mqtt.evidence import EvidenceBox
from smartcart.server.mqtt.intake import take_in, take_in_status
from smartcart.server.mqtt.link import Delivery
from smartcart.server.runtime.clock import utc_now

BATCH: Final = 200
BATCH_SECONDS: Final = 0.02
FOLLOW_SECONDS: Final = 0.05
"""How soon changes by another server or a command in the ledger are seen here."""
_TICK_SECONDS: Final = 0.2
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the server's two sides; ``broker`` and ``ledger`` describe an error, None if there is none."""

    broker: str | None
    ledger: str | None

    @property
    def ok(self) -> bool:
        return self.broker is None and self.ledger is None


class Subscriber:
    """Two threads beside the connection's own: one writes batches to the ledger, one reads its news.

    Args:
        evidence: where pictures go; None takes none.
        sights: where what was seen of events' items goes; None takes none.
        galleries: what carts get to know products by; None has none.
        lessons: what carts are taught; None teaches nothing.
        scans: the codes that carts are asked to read; None asks for none.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        ledger: Ledger,
        catalogue: CatalogueMatching,
        carts: Carts,
        commands: Commands,
        watch: CommitReporter,
        evidence: EvidenceBox | None = None,
        sights: EvidenceBox | None = None,
        galleries: GalleryPost | None = None,
        lessons: Lessons | None = None,
        scans: Scans | None = None,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._catalogue = catalogue
        self._carts = carts
        self._commands = commands
        self._watch = watch
        self._evidence = evidence
        self._sights = sights
        self._galleries = galleries
        self._lessons = lessons
        self._scans = scans
        self._stopping = threading.Event()
        self._stored = threading.Event()
        self._ledger_trouble: str | None = None
        self._threads: list[threading.Thread] = []

    @property
    def health(self) -> Health:
        """The current state of both sides."""
        broker, at_work = self._connection.trouble, [thread.is_alive() for thread in self._threads]
        if self._threads and not self._stopping.is_set() and not all([*at_work, self._connection.is_alive]):
            return Health(broker=broker, ledger="the server has a fault: restart it and report its log")
        return Health(broker=broker, ledger=self._ledger_trouble)

    def start(self) -> None:
        """Connects and accepts messages from now on."""
        self._connection.start()
        self._threads = [
            threading.Thread(target=self._write, name="ledger-writer", daemon=True),
            threading.Thread(target=self._follow, name="ledger-reader", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Disconnects; uncommitted messages are not acknowledged, and come again."""
        self._stopping.set()
        self._connection.stop()
        for thread in self._threads:
            thread.join()

    # --- the batches ----------------------------------------------------------------------------------------------

    def _write(self) -> None:
        while not self._stopping.is_set():
            self._send_commands()
            batch = self._next_batch()
            if batch:
                self._take(batch)

    def _next_batch(self) -> list[Delivery | ConnectionLost]:
        """Waits for a message, and takes those that are already there; a quiet moment ends it at once."""
        try:
            batch = [self._connection.inbox.get(timeout=_TICK_SECONDS)]
        except queue.Empty:
            return []
        deadline = time.monotonic() + BATCH_SECONDS
        while len(batch) < BATCH and time.monotonic() < deadline:
            try:
                batch.append(self._connection.inbox.get_nowait())
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
        entry = self._read_message(delivery, now)
        if delivery.kept and isinstance(entry, DeadLetter) and self._is_known(entry):
            return None
        return entry

    def _is_known(self, letter: DeadLetter) -> bool:
        """The broker repeats retained messages with every connection; they are counted once."""
        try:
            return self._ledger.holds(letter)
        except LedgerError:
            return False  # the commit reports the error

    def _read_message(self, delivery: Delivery, now: str) -> StoredEvent | DeadLetter | None:
        if delivery.topic.endswith(f"/{Channel.STATUS}"):
            return self._take_status(delivery, now)
        if delivery.topic.endswith(f"/{Channel.EVIDENCE}"):
            self._take_evidence(self._evidence, delivery)
            return None
        if delivery.topic.endswith(f"/{Channel.SIGHTS}"):
            self._take_evidence(self._sights, delivery)
            return None
        if delivery.topic.endswith(f"/{Channel.FETCH}"):
            self._take_wish(delivery)
            return None
        if delivery.topic.endswith(f"/{Channel.LESSON}"):
            self._take_report(delivery)
            return None
        if delivery.topic.endswith(f"/{Channel.CODE}"):
            self._take_code(delivery)
            return None
        return take_in(delivery.topic, delivery.payload, self._catalogue, now)

    def _follow(self) -> None:
        """Brings the ledger's news to the carts: at once after our own batch, and soon after anybody else's."""
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
        """Retries until it is committed; None when the server stops before."""
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
            log.info("the ledger accepts events again")
        self._carts.touch()

    def _take_status(self, delivery: Delivery, now: str) -> DeadLetter | None:
        if not delivery.payload:
            return None  # a retained status that was cleared
        taken = take_in_status(delivery.topic, delivery.payload, now)
        if isinstance(taken, DeadLetter):
            return taken if delivery.alone else None
        topic, status = taken
        if delivery.everybody:
            self._carts.tell_status((topic.store, topic.cart), status, None if delivery.kept else now)
            if status.online and self._galleries is not None:
                self._galleries.heard((topic.store, topic.cart))
        return None

    def _take_evidence(self, box: EvidenceBox | None, delivery: Delivery) -> None:
        """What cannot be taken is kept nowhere, not even as a dead letter."""
        if box is None:
            return
        try:
            topic = parse_topic(delivery.topic)
            box.take(topic, delivery.payload)
        except ContractError as error:
            log.warning("evidence on %s is passed over: %s", delivery.topic[:200], error.reason)
        else:
            self._carts.touch((topic.store, topic.cart))

    def _take_wish(self, delivery: Delivery) -> None:
        try:
            topic = parse_topic(delivery.topic)
        except ContractError:
            return
        if self._galleries is not None:
            self._galleries.asked((topic.store, topic.cart), delivery.payload)

    def _take_report(self, delivery: Delivery) -> None:
        try:
            topic = parse_topic(delivery.topic)
        except ContractError:
            return
        if self._lessons is not None and not delivery.kept:
            self._lessons.take((topic.store, topic.cart), delivery.payload)

    def _take_code(self, delivery: Delivery) -> None:
        try:
            topic = parse_topic(delivery.topic)
        except ContractError:
            return
        if self._scans is not None and not delivery.kept:
            self._scans.take((topic.store, topic.cart), delivery.payload)

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
        if self._lessons is not None:
            self._lessons.look()
        if self._connection.is_open:
            lessons = self._lessons.due() if self._lessons else []
            scans = self._scans.due() if self._scans else []
            for key, command in (*self._commands.due(time.monotonic()), *lessons, *scans):
                self._publish(key, Channel.COMMAND, command.to_bytes())
            for key, channel, payload, retain in self._galleries.due() if self._galleries else ():
                self._publish(key, channel, payload, retain=retain)

    def _publish(self, key: CartKey, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        """If an answer is lost, the cart sends the event again."""
        topic = str(Topic(store=key[0], cart=key[1], channel=channel))
        self._connection.publish(topic, payload, retain=retain)
