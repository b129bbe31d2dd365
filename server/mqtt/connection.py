"""The connection to the broker, kept up: a lost one is replaced by the next, until it is stopped."""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.server.carts.twins import Turns
from smartcart.server.mqtt.link import BrokerLink, Delivery, LinkError

IN_FLIGHT: Final = 1000
_TICK_SECONDS: Final = 0.2
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_TWIN: Final = "again and again: another server may use the same ledger; stop one of them, or start both with --shared"

log = logging.getLogger(__name__)


class ConnectionLost:
    """Placed in the inbox after the last message of a connection."""


class Connection:
    """Messages are put into ``inbox``, in order; while nobody takes them out, the broker is slowed down.

    Args:
        name: our client id at the broker.
        group: the name of several servers that share the work.
        pictures: whether pictures are wanted.
        sights: whether what was seen of events' items is wanted.
        on_change: called when a connection came about, was lost, or does not come about for another reason.
    """

    def __init__(
        self,
        address: BrokerAddress,
        name: str,
        *,
        group: str | None = None,
        pictures: bool = False,
        sights: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.inbox: queue.Queue[Delivery | ConnectionLost] = queue.Queue(maxsize=IN_FLIGHT)
        self.trouble: str | None = "not connected yet"
        self._address = address
        self._group = group
        self._wanted = {"pictures": pictures, "sights": sights}
        self._on_change = on_change
        self._link: BrokerLink | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="connection", daemon=True)

    @property
    def is_alive(self) -> bool:
        """True while the thread is working; not before the start, after the stop, or after a fault."""
        return self._thread.is_alive()

    @property
    def is_open(self) -> bool:
        """True if there is a connection to publish on."""
        return self._link is not None

    def start(self) -> None:
        """Connects; an unreachable broker is retried until it answers."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnects; unacknowledged messages come again with the next connection."""
        self._stopping.set()
        self._thread.join()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Sends if there is a connection; a cart whose answer is lost asks again."""
        link = self._link
        if link is not None:
            link.publish(topic, payload, retain=retain)

    def _keep(self) -> None:
        pause, version, spoken = _FIRST_PAUSE, 5, False
        turns = Turns()
        while not self._stopping.is_set():
            link = BrokerLink(self._address, self.name, version, IN_FLIGHT, self._group, **self._wanted)
            try:
                self._link = link  # before it opens, since an answer may be due at once
                link.open(self._receive, self._stopping)
                self._say(None)
                pause, spoken = _FIRST_PAUSE, True
                turns.came(time.monotonic())
                reason = link.wait(self._stopping)
                if turns.words(time.monotonic()):
                    reason = f"{reason}, {_TWIN}"
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
            self._say(reason)
            self._stopping.wait(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _receive(self, delivery: Delivery | ConnectionLost) -> None:
        """Called in the link's own thread; waits while the inbox is full."""
        while not self._stopping.is_set():
            try:
                self.inbox.put(delivery, timeout=_TICK_SECONDS)
            except queue.Full:
                continue
            return

    def _say(self, trouble: str | None) -> None:
        before, self.trouble = self.trouble, trouble
        if trouble is None:
            log.info("connected to the broker %s", self._address)
        elif trouble != before:
            log.warning("broker %s: %s; trying again", self._address, trouble)
            self._receive(ConnectionLost())
        if trouble != before:
            self._on_change()
