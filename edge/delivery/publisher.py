"""The publisher: wraps decisions into a session's events, hands them to a sink, and manages the session.

A session is opened at the start or on command. It is ended by command, after idle time, when it is too long for a
shopping trip, or when the edge stops. A session left open by a crash continues, and begins with an *uncertain* event
without a label, because nobody watched in between.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from smartcart.edge.contract.events import Event, EventType, ModelName
from smartcart.edge.contract.times import rfc3339
from smartcart.edge.delivery.identifiers import uuid7
from smartcart.edge.delivery.sink import Sink
from smartcart.edge.judge.decision import Decision

Clock = Callable[[], datetime]
IDLE_AFTER = 30 * 60.0
LONGEST_SESSION = 1000
"""Number of events in a session after which the next decision begins another; a server accepts twice as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The owner of the events."""

    store: str
    cart: str
    model: ModelName


class Publisher:
    """Publishes one cart's decisions.

    Args:
        idle_after: seconds without an event after which the session ends.
        on_decided: called with each decision that the sink accepted, and its event's id.
        clock: the time of day for events; steady: monotonic seconds, for idle time.
    """

    def __init__(
        self,
        sink: Sink,
        identity: Identity,
        *,
        idle_after: float = IDLE_AFTER,
        on_decided: Callable[[Decision, str], None] = lambda _, __: None,
        clock: Clock = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._identity = identity
        self._idle_after = idle_after
        self._on_decided = on_decided
        self._clock = clock
        self._steady = steady
        self._last = steady()
        self._seq = 0
        self.session: str | None = None

    def start(self, initial: Mapping[str, int] | None = None) -> None:
        """Opens a session, or continues the one that a crash left open.

        Args:
            initial: label to count of the items already in the basket.
        """
        left_open = self._sink.open_session()
        if left_open is None:
            self._open(initial or {})
            return
        self.session = left_open
        self._append(
            partial(
                self._event,
                left_open,
                EventType.ITEM_UNCERTAIN,
                quantity=1,
                confidence=0.0,
                candidates=(),
                evidence={"reason": "the edge was interrupted; what happened meanwhile was not seen"},
            )
        )

    def reopen(self, initial: Mapping[str, int]) -> None:
        """Opens another session after one has ended; does nothing while one is open."""
        if self.session is None:
            self._open(initial)

    def decided(self, decision: Decision, contents: Mapping[str, int]) -> None:
        """Publishes a decision; opens a session first if none is open or the open one has become too long.

        Args:
            contents: the basket's contents, with which such a session begins.

        Raises:
            SinkError: the sink accepts no more; nothing was stored.
        """
        if self._seq >= LONGEST_SESSION:
            self.end()
        if self.session is None:
            self._open(contents)
        event = self._append(
            partial(
                self._event,
                str(self.session),
                decision.type,
                media_time=decision.media_time,
                label=decision.label,
                quantity=decision.quantity,
                confidence=decision.confidence,
                candidates=decision.candidates,
                evidence=decision.evidence,
                box=tuple(decision.box) if decision.box else None,
                track=decision.track,
                sku=decision.sku,
                products=decision.products,
                gallery=decision.gallery,
                source=decision.source,
            )
        )
        self._on_decided(decision, event.id)

    def idle(self) -> None:
        """Ends the session if nothing was published for too long; call it now and then."""
        if self.session and self._steady() - self._last > self._idle_after:
            self.end()

    def end(self) -> None:
        """Ends the open session, if there is one."""
        if self.session is not None:
            self._sink.append(partial(self._event, self.session, EventType.SESSION_ENDED), ends=True)
            self.session = None

    def _open(self, initial: Mapping[str, int]) -> None:
        session = uuid7()
        event = self._sink.start_session(
            partial(self._event, session, EventType.SESSION_STARTED, initial=dict(initial))
        )
        self.session, self._seq, self._last = session, event.seq, self._steady()

    def _append(self, build: Callable[[str, int], Event]) -> Event:
        event = self._sink.append(build)
        self._seq, self._last = event.seq, self._steady()
        return event

    def _event(self, session: str, kind: EventType, event_id: str, seq: int, **fields: object) -> Event:
        return Event(
            id=event_id,
            store=self._identity.store,
            cart=self._identity.cart,
            session=session,
            seq=seq,
            type=kind,
            time=rfc3339(self._clock()),
            model=self._identity.model,
            **fields,  # type: ignore[arg-type]
        )
