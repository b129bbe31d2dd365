"""Messages for ``smartcart chaos --fuzz``, each with its expected fate, mixed with valid events."""

import json
import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from smartcart.edge.contract.events import EVENT, EVENT_FIELDS, PREFIX, STATUS, ContractError, check, encode
from smartcart.scripts.chaos.schema_fuzz import breaking, satisfying

STORE: Final = "fuzz"
CARTS: Final = 20
LABELS: Final = (
    "apple",
    "can",
    "'; DROP TABLE events; --",
    "<img src=x onerror=alert(1)>",
    "\U0001f34e\u202e",
    "a" * 64,
)
SESSION_EVENTS: Final = 30
POOL: Final = 2000


class Fate(StrEnum):
    """The expected fate of a message; an *unnamed* one is refused without an answer, since it has no readable id."""

    NEW = "new"
    KNOWN = "known"
    REFUSED = "refused"
    UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One message and its fate; ``letter`` is the key under which a refused one is kept, once."""

    topic: str
    payload: bytes
    fate: Fate
    retain: bool = False
    letter: tuple[str, ...] | None = None


@dataclass(slots=True)
class _Trip:
    """An open session: its contents, and its events that are created but not sent yet, to be shuffled."""

    cart: str
    session: str
    seq: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    ready: list[bytes] = field(default_factory=list)


class Shots:
    """An endless stream of messages from a seed; ``baskets`` are the result of all valid events sent so far."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._trips: dict[str, _Trip] = {}
        self._sent: deque[Shot] = deque(maxlen=POOL)
        self._refused: deque[Shot] = deque(maxlen=POOL)
        self.baskets: dict[tuple[str, str], Counter[str]] = {}

    def __iter__(self) -> Iterator[Shot]:
        ways = {
            self._true: 30,
            self._replayed: 10,
            self._refused_again: 5,
            self._broken_field: 20,
            self._broken_sense: 10,
            self._stolen_place: 5,
            self._foreign: 5,
            self._junk: 10,
            self._broken_status: 3,
            self._bad_topic: 2,
        }
        choices, weights = list(ways), list(ways.values())
        while True:
            shot = self._rng.choices(choices, weights)[0]()
            if shot is not None:
                yield shot

    def _true(self) -> Shot:
        """The next event of some cart's session, a few of them in any order."""
        cart = f"cart-{self._rng.randrange(CARTS)}"
        trip = self._trips.get(cart)
        if trip is None or (not trip.ready and trip.seq >= SESSION_EVENTS):
            trip = self._trips[cart] = _Trip(cart=cart, session=satisfying(EVENT_FIELDS["session"], self._rng))
            self.baskets[cart, trip.session] = trip.counts
        if not trip.ready:
            trip.ready = [self._next(trip) for _ in range(self._rng.randint(1, 10))]
            self._rng.shuffle(trip.ready)
        shot = Shot(topic=_events(cart), payload=trip.ready.pop(), fate=Fate.NEW, retain=self._rng.random() < 0.02)
        self._sent.append(shot)
        return shot

    def rest(self) -> Iterator[Shot]:
        """The valid events held back for shuffling: after them every session is without gaps."""
        for cart, trip in self._trips.items():
            while trip.ready:
                yield Shot(topic=_events(cart), payload=trip.ready.pop(), fate=Fate.NEW)

    def _next(self, trip: _Trip) -> bytes:
        trip.seq += 1
        if trip.seq == 1:
            return encode(self._event(trip, "session_started") | {"initial": {}})
        label = self._rng.choice(LABELS)
        kind = "item_removed" if trip.counts[label] > 0 and self._rng.random() < 0.4 else "item_added"
        trip.counts[label] += 1 if kind == "item_added" else -1
        return encode(self._event(trip, kind) | self._item(label) | {"unknown": satisfying(EVENT, self._rng)})

    def _event(self, trip: _Trip, kind: str) -> dict[str, Any]:
        event: dict[str, Any] = {name: satisfying(of, self._rng) for name, of in EVENT_FIELDS.items()}
        event |= dict.fromkeys(("label", "sku", "quantity", "confidence", "candidates", "box", "evidence"))
        for name in ("initial", "products", "gallery", "source"):
            del event[name]
        return event | {
            "store": STORE,
            "cart": trip.cart,
            "session": trip.session,
            "seq": trip.seq,
            "type": kind,
        }

    @staticmethod
    def _item(label: str) -> dict[str, Any]:
        return {"label": label, "quantity": 1, "confidence": 1, "candidates": [["added", label, 1]]}

    def _replayed(self) -> Shot | None:
        if not self._sent:
            return None
        shot = self._rng.choice(self._sent)
        return Shot(topic=shot.topic, payload=shot.payload, fate=Fate.KNOWN)

    def _refused_again(self) -> Shot | None:
        return self._rng.choice(self._refused) if self._refused else None

    def _spoilt(self) -> dict[str, Any] | None:
        """A valid event that was sent, under a fresh id."""
        if not self._sent:
            return None
        event: dict[str, Any] = json.loads(self._rng.choice(self._sent).payload)
        return event | {"id": satisfying(EVENT_FIELDS["id"], self._rng)}

    def _broken_field(self) -> Shot | None:
        event = self._spoilt()
        if event is None:
            return None
        schema = EVENT | {"properties": {n: of for n, of in EVENT_FIELDS.items() if n != "initial"}}
        broken = breaking(schema, event, self._rng)
        return self._refusal(broken, event["cart"])

    def _broken_sense(self) -> Shot | None:
        """Each field is well-formed, but the event makes no sense."""
        event = self._spoilt()
        if event is None:
            return None
        wrong: dict[str, Any] = self._rng.choice(
            (
                {"schema": "smartcart.event/2"},
                {"type": "item_eaten"},
                {"type": "session_ended", "label": "can"},
                {"type": "item_added", "label": None},
                {"type": "item_added", "initial": {}},
                {"label": "\ud800"},
                self._item("can") | {"type": "item_added", "evidence": {"text": "x" * 9000}},
                {"store": "other"},
            )
        )
        return self._refusal(event | wrong, event["cart"])

    def _stolen_place(self) -> Shot | None:
        """The id or place of another event: the id with another seq, or the seq with another id."""
        event = self._spoilt()
        if event is None:
            return None
        if self._rng.random() < 0.5:
            old = json.loads(self._rng.choice(self._sent).payload)
            event = old | {"seq": old["seq"] + 10**6}
        return self._refusal(event, event["cart"])

    def _foreign(self) -> Shot | None:
        """A valid event on another cart's topic."""
        event = self._spoilt()
        return None if event is None else self._refusal(event, "intruder")

    def _refusal(self, message: Any, cart: str) -> Shot:
        payload = json.dumps(message).encode()
        named = isinstance(message, dict) and _fits(message.get("id"), "id") and len(payload) <= 32 * 1024
        if not named:
            return Shot(topic=_events(cart), payload=payload, fate=Fate.UNNAMED)
        session = message.get("session")
        letter = (cart, session, message["id"]) if _fits(session, "session") else None
        shot = Shot(topic=_events(cart), payload=payload, fate=Fate.REFUSED, letter=letter)
        self._refused.append(shot)
        return shot

    def _junk(self) -> Shot:
        rng = self._rng
        text = self._sent[0].payload if self._sent else b"{}"
        payload = rng.choice(
            (
                rng.randbytes(rng.randint(1, 200)),
                b"",
                b"[" * rng.choice((10, 5000)),
                b'{"id":' * 3000,
                text[: rng.randrange(len(text))],
                text[:-1] + b',"x":NaN}',
                text.replace(b"smartcart", b"\xff\xfe", 1),
                b" " * rng.randint(40_000, 150_000) + text,
                rng.choice((b"null", b"1", b'"x"', b"[]", b"{}", b"1e999", b"\xef\xbb\xbf{}")),
            )
        )
        return Shot(topic=_events(f"cart-{rng.randrange(CARTS)}"), payload=payload, fate=Fate.UNNAMED)

    def _broken_status(self) -> Shot:
        schema = {"type": "object", "required": STATUS["required"], "properties": STATUS["properties"]}
        good = satisfying(schema, self._rng) | {"schema": "smartcart.status/1"}
        payload = json.dumps(breaking(schema, good, self._rng)).encode()
        return Shot(topic=f"{PREFIX}/{STORE}/intruder/status", payload=payload, fate=Fate.UNNAMED)

    def _bad_topic(self) -> Shot | None:
        event = self._spoilt()
        if event is None:
            return None
        name = self._rng.choice(("", "a b", "\U0001f6d2", "x" * 65, "..", "-x", "%2e"))
        return Shot(topic=f"{PREFIX}/{STORE}/{name}/events", payload=json.dumps(event).encode(), fate=Fate.UNNAMED)


def _events(cart: str) -> str:
    return f"{PREFIX}/{STORE}/{cart}/events"


def _fits(value: Any, name: str) -> bool:
    try:
        check(value, EVENT_FIELDS[name], name)
    except ContractError:
        return False
    return value is not None
