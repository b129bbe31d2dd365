"""The fold: from a cart's events and people's corrections to its basket, without clock or I/O.

The same entries give the same basket in whatever order and however often they arrive: events are ordered by ``seq``,
corrections by number, and an id counts once. Contradictions are kept and shown, never guessed away. All times of a
basket are the server's own: a cart's clock may be wrong.

A correction replaces the event it names, at that event's place; one made by hand comes after the highest ``seq`` that
was stored when it was made. An event's last effective correction counts. Neither changes the price of a product that is
not itself corrected.
"""

import logging
from collections.abc import Iterable
from typing import Final

from smartcart.edge.contract.events import EventType, Outcome
from smartcart.server.basket.basket import Basket, Uncertain
from smartcart.server.basket.effective_corrections import effective_corrections, to_confirm
from smartcart.server.basket.records import Fault, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.basket.tally import Entry, Tally
from smartcart.server.catalogue.catalogue import Match

_UNKNOWN: Final = Match()

log = logging.getLogger(__name__)


def fold(records: SessionRecords) -> Basket:
    """The basket of one session from all its records in the ledger, in any order."""
    unique = {s.event.id: s for s in records.events}
    ordered = sorted(unique.values(), key=lambda s: (s.event.seq, s.event.id))
    taken = {(s.event.id, s.event.seq) for s in ordered}
    refused = sorted(
        {f.event_id: f for f in records.faults if (f.event_id, f.seq) not in taken}.values(),
        key=lambda f: (f.seq or 0, f.event_id),
    )
    words = sorted({c.correction.id: c for c in records.corrections}.values(), key=lambda c: c.number)
    standing = effective_corrections(words)
    tally = _walk(ordered, refused, standing)
    lines = tuple(line.freeze() for line in tally.lines if line.quantity)
    currency = next((line.currency for line in lines if line.price is not None), None)
    counted = [line for line in lines if line.total is not None and line.currency == currency]
    problems = tally.problems + [
        f"{line.name} is priced in {line.currency}, the basket in {currency}: not included in the total"
        for line in lines
        if line.total is not None and line.currency != currency
    ]
    return Basket(
        store=records.key.store,
        cart=records.key.cart,
        session=records.key.session,
        state="ended" if tally.ended_at or records.closing else "open",
        lines=lines,
        total_minor=sum(line.total or 0 for line in counted),
        currency=currency,
        unpriced=sum(line.quantity for line in lines if line.total is None),
        discrepancies=tuple(tally.discrepancies),
        uncertain=tuple(tally.uncertain),
        missing=gaps([s.event.seq for s in ordered] + [f.seq for f in refused if f.seq is not None]),
        problems=tuple(problems),
        started_at=tally.started_at,
        ended_at=tally.ended_at,
        closed_at=records.closing.time if records.closing else None,
        events=len(ordered),
        corrections=len(words),
        to_confirm=len(to_confirm(standing).keys() & (unique.keys() | {word.correction.id for word in standing})),
    )


def fold_or_fault(records: SessionRecords) -> Basket:
    """As ``fold``, but never fails.

    A session that cannot be folded, for whatever reason, becomes an empty basket with that as its problem, so that it
    does not break the page of the others.
    """
    try:
        return fold(records)
    except Exception as error:
        key = records.key
        log.exception("store %s, cart %s, session %s cannot be folded", key.store, key.cart, key.session)
        problem = Fault(event_id="", seq=None, reason=f"the session cannot be folded ({error}); its events are kept")
        return fold(SessionRecords(key=key, faults=[problem], closing=records.closing))


def gaps(seqs: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The missing ranges from 1 on, both ends included.

    >>> gaps([2, 3, 7])
    ((1, 1), (4, 6))
    """
    found: list[tuple[int, int]] = []
    last = 0
    for seq in sorted(set(seqs)):
        if seq > last + 1:
            found.append((last + 1, seq - 1))
        last = seq
    return tuple(found)


def _fault_text(fault: Fault) -> str:
    which = f"event {fault.seq}" if fault.seq is not None else "an event"
    return f"{which} was refused: {fault.reason}"


def _walk(events: list[StoredEvent], faults: list[Fault], words: list[StoredCorrection]) -> Tally:
    """Processes events, faults and corrections by hand, each at its place and corrected."""
    tally = Tally()
    by_hand = [word for word in words if word.correction.corrects is None]
    readings: dict[str, list[StoredCorrection]] = {}
    for word in words:
        if word.correction.corrects is not None:
            readings.setdefault(word.correction.corrects, []).append(word)
    steps: list[tuple[int, int, StoredEvent | StoredCorrection | Fault]] = [(s.event.seq, 0, s) for s in events]
    steps += [(f.seq or readings[f.event_id][0].after, 1, f) for f in faults if f.event_id in readings]
    steps += [(word.after, 2, word) for word in by_hand]
    for seq, _, step in sorted(steps, key=lambda s: s[:2]):  # stable: entries at one place keep their order
        match step:
            case StoredEvent():
                _take(tally, step, readings.get(step.event.id, []))
            case Fault():
                tally.take(_reading(readings[step.event_id][-1], None, _UNKNOWN, source=step.event_id, seq=seq))
            case StoredCorrection(correction=said):
                last = readings.get(said.id, [step])[-1]
                tally.take(_reading(last, said.label, step.match, source=said.id, seq=seq))
    tally.problems += [_fault_text(fault) for fault in faults if fault.event_id not in readings]
    known = {s.event.id for s in events} | {f.event_id for f in faults} | {w.correction.id for w in by_hand}
    tally.problems += [
        f"a correction names {name}, which is not in this session" for name in readings if name not in known
    ]
    return tally


def _take(tally: Tally, stored: StoredEvent, readings: list[StoredCorrection]) -> None:
    event = stored.event
    if tally.ended_at is not None and not stored.late and not readings:
        tally.problems.append(f"event {event.seq} ({event.type}) came after the session's end")
    match event.type:
        case EventType.SESSION_STARTED:
            _start(tally, stored, readings)
        case EventType.SESSION_ENDED:
            tally.ended_at = tally.ended_at or stored.stored_at
        case _ if readings:
            tally.take(_reading(readings[-1], event.label, stored.match, source=event.id, seq=event.seq))
        case _ if stored.late:
            tally.late(_entry(stored, "none", event.label or "something"))
        case EventType.ITEM_ADDED:
            tally.take(_entry(stored, "added", event.label or ""))
        case EventType.ITEM_REMOVED:
            tally.take(_entry(stored, "removed", event.label or ""))
        case EventType.ITEM_UNCERTAIN:
            tally.uncertain.append(_doubt(stored))


def _entry(stored: StoredEvent, action: Outcome, label: str) -> Entry:
    event = stored.event
    return Entry(
        source=event.id,
        seq=event.seq,
        time=stored.stored_at,
        action=action,
        label=label,
        quantity=event.quantity or 1,
        match=stored.match,
    )


def _reading(word: StoredCorrection, label: str | None, match: Match, *, source: str, seq: int) -> Entry:
    """The result of correcting an entry of this label and match; the same product keeps its price, if it had one."""
    said = word.correction
    same = said.label == label and said.sku in (None, match.sku) and not match.to_weigh
    return Entry(
        source=source,
        seq=seq,
        time=said.time,
        action=said.action,
        label=said.label or "",
        quantity=said.quantity,
        match=match if same else word.match,
    )


def _start(tally: Tally, stored: StoredEvent, readings: list[StoredCorrection]) -> None:
    """The initial contents are unpriced until a person has identified them, label by label."""
    event = stored.event
    if event.seq != 1:
        tally.problems.append(f"event {event.seq} starts a session that is already open")
        return
    tally.started_at = stored.stored_at
    settled = {word.correction.label: word for word in readings}
    for label, count in sorted((event.initial or {}).items()):
        if not count or label in settled:
            continue
        if stored.late:
            tally.late(
                Entry(
                    source=event.id,
                    seq=event.seq,
                    time=stored.stored_at,
                    action="none",
                    label=label,
                    quantity=count,
                    match=stored.match,
                )
            )
        else:
            tally.stood(event.id, label, count)
    for word in settled.values():
        tally.take(_reading(word, None, stored.match, source=event.id, seq=event.seq))


def _doubt(stored: StoredEvent) -> Uncertain:
    event = stored.event
    candidates = sorted(event.candidates or (), key=lambda c: -c.probability)
    return Uncertain(
        event_id=event.id,
        seq=event.seq,
        time=stored.stored_at,
        label=event.label,
        candidates=tuple((c.outcome, c.label, c.probability) for c in candidates),
    )
