"""The scripts of the carts of ``smartcart chaos``: sessions made from a seed, and the expected baskets. Pure."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smartcart.edge.contract.events import Candidate, Event, EventType
from smartcart.edge.delivery.outbox import LastSession

STORE: Final = "chaos"
LABELS: Final = ("apple", "bottle", "can", "carton", "cup", "jar")
LONGEST: Final = 20
TIME: Final = "2026-01-02T03:04:05.678Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One event's content."""

    type: EventType
    label: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedSession:
    """One session: its id, and its acts from ``session_started`` to ``session_ended``; act ``i`` has seq ``i + 1``."""

    id: str
    acts: tuple[Act, ...]

    def basket(self) -> dict[str, int]:
        """The expected basket at the end, counted without the server's code."""
        counts: Counter[str] = Counter()
        for act in self.acts:
            if act.label and act.type is not EventType.ITEM_UNCERTAIN:
                counts[act.label] += (act.quantity or 0) * (1 if act.type is EventType.ITEM_ADDED else -1)
        return {label: count for label, count in sorted(counts.items()) if count}


def script(seed: int, cart: str, events: int) -> list[ScriptedSession]:
    """Sessions with exactly ``events`` events (at least 2) in total; nothing is removed that is not there."""
    rng = random.Random(f"{seed}/{cart}")
    sessions, left = [], events
    while left:
        longest = min(LONGEST, left)
        size = left if left <= 3 else rng.randint(2, longest)
        size = left if left - size == 1 else size
        sessions.append(ScriptedSession(id=str(uuid.UUID(int=rng.getrandbits(128))), acts=_acts(rng, size)))
        left -= size
    return sessions


def _acts(rng: random.Random, size: int) -> tuple[Act, ...]:
    held: Counter[str] = Counter()
    middle = [_item(rng, held) for _ in range(size - 2)]
    return Act(type=EventType.SESSION_STARTED), *middle, Act(type=EventType.SESSION_ENDED)


def _item(rng: random.Random, held: Counter[str]) -> Act:
    kind, there = rng.random(), sorted(held.elements())
    if kind < 0.05:
        return Act(type=EventType.ITEM_UNCERTAIN, label=rng.choice(LABELS), quantity=1)
    if there and kind < 0.4:
        label = rng.choice(there)
        held[label] -= 1
        return Act(type=EventType.ITEM_REMOVED, label=label, quantity=1)
    label, quantity = rng.choice(LABELS), rng.choice((1, 1, 1, 2))
    held[label] += quantity
    return Act(type=EventType.ITEM_ADDED, label=label, quantity=quantity)


def rest(sessions: list[ScriptedSession], last: LastSession | None) -> Iterator[tuple[ScriptedSession, int]]:
    """The rest after what the outbox has stored: session and number of the act, from 0."""
    begin, act = 0, 0
    if last is not None:
        begin = next(i for i, session in enumerate(sessions) if session.id == last.id)
        act = last.last_seq
    for session in sessions[begin:]:
        for number in range(act, len(session.acts)):
            yield session, number
        act = 0


def event_of(session: ScriptedSession, act: Act, cart: str, event_id: str, seq: int) -> Event:
    """The act as an event."""
    item = act.label is not None
    outcome = Candidate(outcome="none", label=act.label, probability=0.9)
    return Event(
        id=event_id,
        store=STORE,
        cart=cart,
        session=session.id,
        seq=seq,
        type=act.type,
        time=TIME,
        label=act.label,
        quantity=act.quantity,
        confidence=0.9 if item else None,
        candidates=(outcome,) if item else None,
        initial={} if act.type is EventType.SESSION_STARTED else None,
    )
