"""A store at work, staged for looking at its pages: carts in every state, and a morning behind them."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
from wire_events import Trip, new_id

from smartcart.edge.contract.events import CameraHealth, Candidate, Channel, Correction, Event, Picture
from smartcart.edge.contract.times import rfc3339
from smartcart.edge.delivery.evidence import crop_of
from smartcart.server.basket.records import StoredEvent
from smartcart.server.catalogue.catalogue import Catalogue, Match
from smartcart.server.ledger.port import Ledger, session_of

CLIP = Path(__file__).parents[1] / "datasets" / "demo" / "demo.mp4"
SHOTS = {
    "carton": (22.0, (0.33, 0.27, 0.46, 0.54)),
    "can": (26.0, (0.42, 0.58, 0.52, 0.77)),
    "bottle": (15.0, (0.55, 0.33, 0.70, 0.60)),
}
"""What the clip shows: at which second, and where."""
FACTS = {"carried": True, "brought": True, "touched": True, "seen": 0.82, "visit": [12.4, 15.1]}
LABELS = ("bottle", "can", "carton", "apple", "banana", "box", "jar", "bread", "tomato", "bag")
HOURS = (4, 7, 12, 19, 23, 21, 26, 18, 15, 9)
"""How many items went in, hour by hour."""


def ago(minutes: float) -> str:
    return rfc3339(datetime.now(UTC) - timedelta(minutes=minutes))


def could_be(*readings: tuple[Any, str | None, float]) -> tuple[Candidate, ...]:
    return tuple(Candidate(outcome=o, label=label, probability=p) for o, label, p in readings)


def carts_at_work(make: Callable[..., Any]) -> dict[str, str]:
    """Seven carts, as they tell it themselves; gives the session of each that has one."""
    trips = {name: Trip(cart=name) for name in ("cart-03", "cart-07", "cart-12", "cart-16", "cart-21", "cart-24")}
    carts = {name: make(cart=name) for name in (*trips, "cart-18")}
    for name, cart in carts.items():
        cart.status(camera=CameraHealth.COVERED if name == "cart-12" else CameraHealth.OK)
    for name, told in (
        ("cart-03", _closing_soon(trips["cart-03"])),
        ("cart-07", _in_doubt(trips["cart-07"])),
        ("cart-12", [_begun(trips["cart-12"], 41), trips["cart-12"].add("bottle", time=ago(40))]),
        ("cart-16", [_begun(trips["cart-16"], 60), trips["cart-16"].add("bottle", 6, time=ago(50))]),
        ("cart-21", _with_a_gap(trips["cart-21"])),
        ("cart-24", _lost(trips["cart-24"])),
    ):
        carts[name].send_until_answered(*told)
        for event in told:
            if event.label in SHOTS:
                shown = Picture(event_id=event.id, jpeg=seen(event.label))
                carts[name].raw(shown.to_bytes(), carts[name].topic(Channel.EVIDENCE))
    carts["cart-12"].send_until_answered(trips["cart-12"].remove("apple", time=ago(30)))
    carts["cart-24"].vanish()
    return {name: trip.session for name, trip in trips.items()}


def _begun(trip: Trip, minutes: float) -> Event:
    return replace(trip.start(), time=ago(minutes))


def _closing_soon(trip: Trip) -> list[Event]:
    return [_begun(trip, 6), trip.add("apple", 3, time=ago(5)), trip.add("carton", time=ago(4))]


def _in_doubt(trip: Trip) -> list[Event]:
    told = [_begun(trip, 18)]
    for step, (label, quantity) in enumerate([("bottle", 2), ("carton", 1), ("apple", 1), ("can", 1), ("box", 1)]):
        told.append(trip.add(label, quantity, time=ago(17 - 2 * step), confidence=0.93 - 0.05 * step, evidence=FACTS))
    told.append(trip.remove("can", time=ago(6), confidence=0.88, evidence=FACTS))
    doubt = could_be(("added", "can", 0.52), ("added", "jar", 0.31), ("none", None, 0.17))
    told.append(trip.doubt("can", time=ago(3), confidence=0.52, candidates=doubt, evidence=FACTS))
    told.append(trip.add("banana", time=ago(1), confidence=0.97, evidence=FACTS))
    return told


def _with_a_gap(trip: Trip) -> list[Event]:
    first = [_begun(trip, 12), trip.add("box", time=ago(10))]
    trip.add("can")  # on the way still
    return [*first, trip.add("jar", time=ago(8), confidence=0.8)]


def _lost(trip: Trip) -> list[Event]:
    doubt = could_be(("removed", "can", 0.44), ("removed", "bottle", 0.3), ("none", None, 0.26))
    told = [_begun(trip, 22), trip.add("carton", 2, time=ago(20))]
    return [*told, trip.doubt("can", time=ago(11), confidence=0.44, candidates=doubt, evidence=FACTS)]


def seen(label: str) -> bytes:
    """What the camera of the demo's clip saw of an item, as a cart sends it."""
    second, box = SHOTS[label]
    clip = cv2.VideoCapture(str(CLIP))
    clip.set(cv2.CAP_PROP_POS_MSEC, second * 1000)
    there, image = clip.read()
    clip.release()
    assert there
    return bytes(cv2.imencode(".jpg", crop_of(image, box), [cv2.IMWRITE_JPEG_QUALITY, 80])[1])


def a_morning(ledger: Ledger, catalogue: Catalogue) -> None:
    """Ten hours of earlier sessions, always the same, in which staff settled what the carts could not decide."""
    chance = random.Random(7)
    for back, count in zip(range(len(HOURS), 0, -1), HOURS, strict=True):
        for trip, minutes in _sessions(chance, back, count):
            _tell(ledger, catalogue, trip, minutes, chance)


def _sessions(chance: random.Random, back: int, count: int) -> Iterator[tuple[Trip, list[float]]]:
    """The sessions of one hour: when each tells of an item, in minutes ago."""
    minutes = sorted((60 * back + chance.uniform(0, 55) for _ in range(count)), reverse=True)
    carts = itertools.cycle(chance.sample(["cart-03", "cart-07", "cart-12", "cart-16", "cart-21", "cart-24"], 6))
    for at, cart in zip(range(0, count, 5), carts, strict=False):
        yield Trip(cart=cart), minutes[at : at + 5]


def _tell(ledger: Ledger, catalogue: Catalogue, trip: Trip, minutes: list[float], chance: random.Random) -> None:
    told: list[tuple[Event, float]] = [(_begun(trip, minutes[0]), minutes[0])]
    for when in minutes:
        label, kind = chance.choices(LABELS, range(len(LABELS), 0, -1))[0], chance.random()
        make = trip.doubt if kind < 0.06 else trip.remove if kind < 0.2 else trip.add
        told.append((make(label, time=ago(when)), when))
    told.append((replace(trip.end(), time=ago(minutes[-1])), minutes[-1]))
    ledger.commit(
        [StoredEvent(event=event, match=_match(catalogue, event.label), stored_at=ago(when)) for event, when in told]
    )
    for event, when in told:
        if event.type == "item_uncertain":
            later = ago(when - chance.uniform(0.2, 1.5))
            said = Correction(
                **{"id": new_id(), "corrects": event.id, "action": "added", "label": event.label, "sku": None},
                **{"quantity": 1, "by": "anna", "time": later},
            )
            ledger.correct(session_of(event), said, _match(catalogue, event.label))


def _match(catalogue: Catalogue, label: str | None) -> Match:
    return catalogue.match(label, None) if label else Match()
