"""A periodic task: repeats one action in its own thread, such as looking for changes by other servers."""

import logging
import threading
from collections.abc import Callable

from smartcart.server.errors import ServerError

log = logging.getLogger(__name__)


class PeriodicTask:
    """Does its work every ``seconds``, from ``start`` to ``stop``.

    While the database cannot be reached, that is logged once, and the next round tries again.

    Args:
        work: the action; it may raise a ServerError, for example if the ledger cannot be reached.
        meanwhile: the effect while it fails, in words for the log.
    """

    def __init__(self, name: str, work: Callable[[], None], *, seconds: float, meanwhile: str) -> None:
        self._work = work
        self._seconds = seconds
        self._meanwhile = meanwhile
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name=name, daemon=True)

    def start(self) -> None:
        """The first round comes after the first pause."""
        self._thread.start()

    def stop(self) -> None:
        """Lets a round under way finish."""
        self._stopping.set()
        self._thread.join()

    def _go(self) -> None:
        in_trouble = False
        while not self._stopping.wait(self._seconds):
            try:
                self._work()
            except ServerError as error:
                if not in_trouble:
                    log.warning("%s; %s", error, self._meanwhile)
                in_trouble = True
            else:
                in_trouble = False
