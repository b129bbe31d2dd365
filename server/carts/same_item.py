"""Which shopper's additions may be items that the camera saw going in at about the same time. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import EventType, parse_time
from smartcart.server.basket.effective_corrections import SHOPPER, effective_corrections
from smartcart.server.basket.records import SessionRecords, StoredCorrection, StoredEvent

JUST_SECONDS: Final = 30.0
"""The largest difference, in seconds: about one visit and the time to reach for the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameItem:
    """An addition by the shopper, ``quantity`` of it, and an event that may be the same item."""

    added: StoredCorrection
    quantity: int
    stored: StoredEvent


def same_items(records: SessionRecords) -> list[SameItem]:
    """Every event with the last addition that may be the same item, the oldest first."""
    additions = list(additions_of(records))[::-1]
    found = []
    for stored in unsettled(records):
        for added, quantity in additions:
            near = seconds_between(stored.stored_at, added.correction.time) <= JUST_SECONDS
            if near and may_be(stored, added.correction.sku):
                found.append(SameItem(added=added, quantity=quantity, stored=stored))
                break
    return found


def additions_of(records: SessionRecords) -> Iterator[tuple[StoredCorrection, int]]:
    """Shopper's additions and their remaining quantity, unless staff have looked at them."""
    words = effective_corrections(records.corrections)
    for word in words:
        if word.correction.by != SHOPPER or word.correction.corrects is not None:
            continue
        said = [word, *(w for w in words if w.correction.corrects == word.correction.id)]
        last = said[-1].correction
        if last.action == "added" and all(w.correction.by == SHOPPER for w in said):
            yield word, last.quantity


def unsettled(records: SessionRecords) -> list[StoredEvent]:
    """Certain or possible additions that nobody has corrected."""
    named = {stored.correction.corrects for stored in effective_corrections(records.corrections)}
    return [stored for stored in records.events if stored.event.id not in named and _went_in(stored)]


def may_be(stored: StoredEvent, sku: str | None) -> bool:
    """True if an event may be this product: it is uncertain, or it is this one.

    An event that the camera named otherwise, and that has a price, is not.
    """
    if stored.event.type is EventType.ITEM_UNCERTAIN or (sku is not None and stored.match.sku == sku):
        return True
    return stored.match.price is None and stored.match.per_kg is None


def seconds_between(one: str, other: str) -> float:
    """The difference of two RFC 3339 times."""
    return abs((parse_time(one) - parse_time(other)).total_seconds())


def _went_in(stored: StoredEvent) -> bool:
    event = stored.event
    if event.type is EventType.ITEM_UNCERTAIN:
        told = {candidate.outcome for candidate in event.candidates or ()} - {"none"}
        return told != {"removed"}
    return event.type is EventType.ITEM_ADDED
