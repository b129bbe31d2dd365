"""Reports each committed batch: counted for the metrics, and logged by event id."""

import logging
from collections.abc import Sequence
from typing import Final

from smartcart.server.basket.records import StoredEvent
from smartcart.server.ledger.port import DeadLetter, Outcome, Verdict, dead_letter_of
from smartcart.server.runtime.metrics import Metrics

SHOWN: Final = 10
"""Number of ids of a batch that a warning names."""

log = logging.getLogger(__name__)


class CommitReporter:
    """Called by the subscriber."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def committed(
        self,
        events: Sequence[StoredEvent],
        verdicts: Sequence[Verdict],
        letters: Sequence[DeadLetter],
        lags: Sequence[float],
    ) -> None:
        """Reports one batch; ``lags`` are the seconds from each message's arrival to now."""
        refused = [
            dead_letter_of(stored, verdict.reason or "")
            for stored, verdict in zip(events, verdicts, strict=True)
            if verdict.outcome is Outcome.REFUSED
        ]
        self._metrics.committed([verdict.outcome for verdict in verdicts], len(letters) + len(refused), lags)
        self._warn([*letters, *refused])
        if events and log.isEnabledFor(logging.DEBUG):
            log.debug("committed", extra={"facts": {"events": [stored.event.id for stored in events]}})

    @staticmethod
    def _warn(letters: Sequence[DeadLetter]) -> None:
        """One line per batch, so that a flood of invalid messages does not become a flood of lines."""
        if not letters:
            return
        carts = sorted({f"{letter.store}/{letter.cart}" for letter in letters if letter.cart})
        events = [letter.event_id for letter in letters if letter.event_id]
        facts = {"count": len(letters), "carts": carts[:SHOWN], "events": events[:SHOWN], "reason": letters[0].reason}
        log.warning("messages were set aside", extra={"facts": facts})
