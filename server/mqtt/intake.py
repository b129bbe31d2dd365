"""The intake: a message on a topic becomes an event to store, or a dead letter with the reason. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from smartcart.edge.contract.events import (
    EVENT_FIELDS,
    ITEM_TYPES,
    MAX_EVENT_BYTES,
    ContractError,
    EventType,
    Status,
    Topic,
    check,
    parse_event,
    parse_status,
    parse_topic,
)
from smartcart.server.basket.records import StoredEvent
from smartcart.server.catalogue.catalogue import CatalogueMatching, Match
from smartcart.server.ledger.port import KEPT_BYTES, DeadLetter

MAX_REASON: Final = 500
MOST_EVENTS: Final = 2000
"""Maximum number of events of a session, so that none is too long to be kept in memory or shown.

The edge ends a session at half of that, so no honest cart is ever refused.
"""
_TOO_LONG: Final = f"a session has at most {MOST_EVENTS} events: end it and begin another"


def take_in(topic: str, payload: bytes, catalogue: CatalogueMatching, now: str) -> StoredEvent | DeadLetter:
    """Reads one message of an ``events`` topic; its product gets the price now in force.

    A message on a cart's topic is that cart's doing, whatever its contents claim: its fault is that cart's.
    """
    at: Topic | None = None
    try:
        at = parse_topic(topic)
        event = parse_event(payload, at)
        if event.seq > MOST_EVENTS:
            raise ContractError(_TOO_LONG, event.id)
    except ContractError as error:
        return _dead_letter(topic, at, payload, error, now)
    weight = event.weight_g if event.type is EventType.ITEM_ADDED and event.quantity == 1 else None
    match = catalogue.match(event.label, event.sku, weight) if event.type in ITEM_TYPES else Match()
    return StoredEvent(event=event, match=match, stored_at=now, message=payload)


def take_in_status(topic: str, payload: bytes, now: str) -> tuple[Topic, Status] | DeadLetter:
    """Reads one message of a ``status`` topic."""
    try:
        return parse_topic(topic), parse_status(payload)
    except ContractError as error:
        return _dead_letter(topic, None, payload, error, now)


def _dead_letter(topic: str, at: Topic | None, payload: bytes, error: ContractError, now: str) -> DeadLetter:
    session, seq = _claimed_place(payload) if at and error.event_id else (None, None)
    return DeadLetter(
        topic=_printable(topic)[:512],
        reason=_printable(error.reason)[:MAX_REASON],
        payload=payload[:KEPT_BYTES],
        size=len(payload),
        received_at=now,
        store=at.store if at else None,
        cart=at.cart if at else None,
        event_id=error.event_id,
        session=session,
        seq=seq,
    )


def _claimed_place(payload: bytes) -> tuple[str | None, int | None]:
    """Session and seq of a refused message, as far as they are readable and possible."""
    if len(payload) > MAX_EVENT_BYTES:
        return None, None
    raw: Mapping[str, Any] = json.loads(payload)  # an id was read from it, so it is a JSON object
    session = raw.get("session")
    if not _fits(session, "session"):
        return None, None
    seq: Any = raw.get("seq")
    return session, seq if _fits(seq, "seq") and seq <= MOST_EVENTS else None


def _fits(value: Any, name: str) -> bool:
    try:
        check(value, EVENT_FIELDS[name], name)
    except ContractError:
        return False
    return True


def _printable(text: str) -> str:
    return re.sub(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]", "?", text)
