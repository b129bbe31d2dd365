"""One session in order, for a person who wants to know how its basket came about. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from smartcart.edge.contract.events import ITEM_TYPES, Candidate, CorrectionSource, Outcome
from smartcart.server.basket.effective_corrections import SHOPPER, taken_back
from smartcart.server.basket.fold import gaps
from smartcart.server.basket.records import Fault, SessionRecords, StoredCorrection, StoredEvent
from smartcart.server.carts.review_items import UNKNOWN_ITEM

Kind = Literal["added", "removed", "uncertain", "started", "ended", "gap", "refused", "by_hand", "closed"]
_KINDS = {"item_added": "added", "item_removed": "removed", "item_uncertain": "uncertain"}
_SESSION_KINDS = {"session_started": "started", "session_ended": "ended"}
_LONGEST = 60
_MOST_FACTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person's correction of an event, ``source`` how it was named; ``taken_back`` by whom, if it was."""

    id: str
    by: str
    time: str
    action: Outcome
    name: str
    quantity: int
    taken_back: str | None = None
    source: CorrectionSource | None = None

    @property
    def by_shopper(self) -> bool:
        return self.by == SHOPPER


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStep:
    """One step of a session. ``said`` are corrections of it, the oldest first; ``confidence`` is a fraction.

    ``facts`` are the grounds of the decision, in words; a gap is from ``seq`` to ``last_seq``.
    """

    kind: Kind
    id: str
    seq: int | None = None
    last_seq: int | None = None
    time: str | None = None
    name: str = ""
    label: str | None = None
    quantity: int = 1
    confidence: float | None = None
    candidates: tuple[Candidate, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    said: tuple[Said, ...] = ()
    late: bool = False
    reason: str = ""

    @property
    def reading(self) -> Said | None:
        """The correction that counts; None if the cart's event does."""
        return next((word for word in reversed(self.said) if word.taken_back is None), None)

    @property
    def origin(self) -> str:
        """The source of its item: a person, or the camera and its confidence."""
        if self.reading is not None:
            return self.reading.by
        return "the camera" if self.confidence is None else f"the camera, {self.confidence:.0%}"

    @property
    def was_taken_out(self) -> bool:
        """True if something went out, according to the last author."""
        if self.reading is not None:
            return self.reading.action == "removed"
        return self.kind == "removed" or {c.outcome for c in self.candidates} - {"none"} == {"removed"}

    @property
    def settleable(self) -> bool:
        """True if a person can correct it."""
        return self.kind in ("added", "removed", "uncertain", "refused", "by_hand")


def timeline(records: SessionRecords) -> list[TimelineStep]:
    """Everything that happened in one session, the oldest first."""
    events, words, closing = records.events, records.corrections, records.closing
    by_hand = [word for word in words if word.correction.corrects is None]
    readings: dict[str, list[Said]] = {}
    for word, said in zip(words, _said(words), strict=True):
        readings.setdefault(word.correction.corrects or word.correction.id, []).append(said)
    refused = [fault for fault in records.faults if fault.event_id not in {s.event.id for s in events}]
    steps: list[tuple[int, int, TimelineStep]] = [(s.event.seq, 0, _of_event(s, readings)) for s in events]
    steps += [(fault.seq or 0, 1, _of_fault(fault, readings)) for fault in refused]
    seqs = [s.event.seq for s in events] + [fault.seq for fault in refused if fault.seq is not None]
    steps += [
        (first, 0, TimelineStep(kind="gap", id=f"gap-{first}", seq=first, last_seq=last)) for first, last in gaps(seqs)
    ]
    steps += [(word.after, 2, _of_hand(word, readings)) for word in by_hand]
    told = [moment for _, _, moment in sorted(steps, key=lambda step: step[:2])]
    if closing is not None:
        told.append(TimelineStep(kind="closed", id=closing.id, time=closing.time, name=closing.by or ""))
    return told


def _of_event(stored: StoredEvent, readings: dict[str, list[Said]]) -> TimelineStep:
    event = stored.event
    is_item = event.type in ITEM_TYPES
    kind: Any = (_KINDS if is_item else _SESSION_KINDS)[str(event.type)]
    return TimelineStep(
        kind=kind,
        id=event.id,
        seq=event.seq,
        time=stored.stored_at,
        name=stored.match.name or event.label or UNKNOWN_ITEM,
        label=event.label,
        quantity=event.quantity or 1,
        confidence=event.confidence,
        candidates=tuple(sorted(event.candidates or (), key=lambda c: -c.probability)),
        facts=facts_of(event.evidence or {}),
        said=tuple(readings.get(event.id, [])),
        late=stored.late,
    )


def _of_fault(fault: Fault, readings: dict[str, list[Said]]) -> TimelineStep:
    return TimelineStep(
        kind="refused",
        id=fault.event_id,
        seq=fault.seq,
        name="A refused event",
        reason=fault.reason,
        said=tuple(readings.get(fault.event_id, [])),
    )


def _of_hand(word: StoredCorrection, readings: dict[str, list[Said]]) -> TimelineStep:
    said = word.correction
    return TimelineStep(
        kind="by_hand",
        id=said.id,
        time=said.time,
        name=word.match.name or said.label or "something",
        label=said.label,
        quantity=said.quantity,
        said=tuple(readings[said.id]),
    )


def _said(words: Sequence[StoredCorrection]) -> list[Said]:
    back = {name: word.correction.by or "somebody" for name, word in taken_back(words).items()}
    return [
        Said(
            id=word.correction.id,
            by=word.correction.by or "somebody",
            time=word.correction.time,
            action=word.correction.action,
            name=word.match.name or word.correction.label or "",
            quantity=word.correction.quantity,
            taken_back=back.get(word.correction.id),
            source=word.correction.source,
        )
        for word in words
    ]


def facts_of(evidence: Any) -> tuple[tuple[str, str], ...]:
    """The grounds of a decision, as (name, value) in words; a cart made them, so long or deep values are cut.

    >>> facts_of({"carried": True, "seen": 0.5, "visit": [1.0, 2.25], "deep": {"a": 1}})
    (('carried', 'yes'), ('seen', '0.5'), ('visit', '1 to 2.25'))
    """
    told = [(str(name).replace("_", " ")[:_LONGEST], _in_words(value)) for name, value in evidence.items()]
    return tuple((name, value[:_LONGEST]) for name, value in told if value)[:_MOST_FACTS]


def _in_words(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:g}"
        case str():
            return value
        case [int() | float() as first, int() | float() as last]:
            return f"{first:g} to {last:g}"
        case _:
            return ""
