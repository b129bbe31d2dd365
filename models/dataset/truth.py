"""The labelled-clip format: ``NAME.mp4`` with ``NAME.truth.json`` beside it.

One truth file contains the basket's place in the picture, its contents at the start, and the changes of every visit.
The simulator and people who label a recording by hand write the same format.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from smartcart.models.errors import MALFORMED, ModelsError
from smartcart.models.labels import LABELS

SCHEMA: Final = "smartcart.truth/1"
SUFFIX: Final = ".truth.json"
SITUATIONS: Final = (
    "single_add",
    "single_remove",
    "swap",
    "two_at_once",
    "same_twice",
    "touch",
    "rearrange",
    "hesitate",
    "empty_hand",
    "thrown_in",
    "covered",
    "full_basket",
    "half_out",
    "second_hand",
    "cart_moved",
)

MOST_ITEMS: Final = 1000
LEAST_FPS: Final = 0.001

Change = Literal["added", "removed"]
Point = tuple[float, float]


class TruthError(ModelsError, ValueError):
    """A truth file is unusable; the message names the file and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthEvent:
    """One item put in or taken out.

    ``t`` is the moment of release in the basket (added) or of leaving the zone (removed); ``start`` and ``end`` bound
    the visit (``from`` and ``to`` in the file). All in seconds of media time. ``product`` is the item's product name,
    if known.
    """

    type: Change
    label: str
    t: float
    start: float
    end: float
    item: str | None = None
    product: str | None = None
    situation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distractor:
    """A visit that changes nothing, in seconds of media time."""

    situation: str | None
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A clip's contents: size in pixels (width, height), zone as a normalised polygon, initial count, events."""

    video: str
    fps: float
    size: tuple[int, int]
    zone: tuple[Point, ...]
    initial: Mapping[str, int]
    events: tuple[TruthEvent, ...]
    distractors: tuple[Distractor, ...] = ()
    note: str | None = None

    def final(self) -> dict[str, int]:
        """The true basket at the end: the initial count plus every event; labels with a count of 0 are left out."""
        count = dict(self.initial)
        for event in self.events:
            count[event.label] = count.get(event.label, 0) + (1 if event.type == "added" else -1)
        return {label: n for label, n in sorted(count.items()) if n}


def read_truth(path: Path) -> Truth:
    """Reads one truth file.

    Raises:
        TruthError: the file is missing, is not JSON, has another schema, a field is missing or wrong, or an item is
            removed that is not in the basket.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TruthError(f"{path}: cannot be read as a truth file: {error}") from error
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise TruthError(f"{path}: not a truth file of schema {SCHEMA}")
    try:
        truth = _truth(cast("dict[str, Any]", raw))
    except MALFORMED as error:
        raise TruthError(f"{path}: a field is missing or wrong: {error!r}") from error
    _check_removals(path, truth)
    return truth


def find_truth(paths: Iterable[Path]) -> list[Path]:
    """Every truth file under the paths: truth files, clips that have one beside them, folders (searched recursively).

    Raises:
        TruthError: a path does not exist, or there is no truth file under any of them.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.rglob(f"*{SUFFIX}"))
        elif path.name.endswith(SUFFIX) and path.exists():
            found.append(path)
        elif path.exists():
            beside = path.with_name(path.stem + SUFFIX)
            if not beside.exists():
                raise TruthError(f"{path}: no {beside.name} beside it; evaluate needs a labelled clip")
            found.append(beside)
        else:
            raise TruthError(f"{path}: no such file or folder")
    if not found:
        raise TruthError(f"no *{SUFFIX} under " + ", ".join(map(str, paths)))
    return found


def write_truth(path: Path, truth: Truth) -> None:
    """Writes a truth file in the published form."""
    events = [
        {
            "type": e.type,
            "label": e.label,
            "t": round(e.t, 3),
            "from": round(e.start, 3),
            "to": round(e.end, 3),
            **({"item": e.item} if e.item else {}),
            **({"product": e.product} if e.product else {}),
            **({"situation": e.situation} if e.situation else {}),
        }
        for e in truth.events
    ]
    distractors = [
        {
            **({"situation": d.situation} if d.situation else {}),
            "from": round(d.start, 3),
            "to": round(d.end, 3),
        }
        for d in truth.distractors
    ]
    document = {
        "schema": SCHEMA,
        "video": truth.video,
        "fps": truth.fps,
        "size": list(truth.size),
        "zone": [[round(x, 4), round(y, 4)] for x, y in truth.zone],
        "initial": dict(truth.initial),
        "events": events,
        "distractors": distractors,
        **({"note": truth.note} if truth.note else {}),
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _truth(raw: dict[str, Any]) -> Truth:
    width, height = raw["size"]
    return Truth(
        video=_text(raw["video"]),
        fps=_number(raw["fps"], least=LEAST_FPS),
        size=(int(width), int(height)),
        zone=tuple((float(x), float(y)) for x, y in raw["zone"]),
        initial={_label(k): _count(v) for k, v in raw.get("initial", {}).items()},
        events=tuple(
            TruthEvent(
                type=_change(e["type"]),
                label=_label(e["label"]),
                t=_number(e["t"]),
                start=_number(e["from"]),
                end=_number(e["to"], least=_number(e["from"])),
                item=e.get("item"),
                product=e.get("product"),
                situation=_situation(e.get("situation")),
            )
            for e in raw["events"]
        ),
        distractors=tuple(
            Distractor(
                situation=_situation(d.get("situation")),
                start=_number(d["from"]),
                end=_number(d["to"], least=_number(d["from"])),
            )
            for d in raw.get("distractors", [])
        ),
        note=None if raw.get("note") is None else _text(raw["note"]),
    )


def _check_removals(path: Path, truth: Truth) -> None:
    count = dict(truth.initial)
    for event in sorted(truth.events, key=lambda e: e.t):
        count[event.label] = count.get(event.label, 0) + (1 if event.type == "added" else -1)
        if count[event.label] < 0:
            raise TruthError(
                f"{path}: at {event.t:g} s a {event.label} is removed that is not in the basket; add it to "
                "'initial', or correct the event"
            )


def _number(value: Any, least: float = 0.0) -> float:
    number = float(value)
    if not least <= number < math.inf:
        raise ValueError(f"{value!r} is not a number from {least:g} on")
    return number


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= MOST_ITEMS:
        raise ValueError(f"{value!r} is not a count from 0 to {MOST_ITEMS}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not text")
    return value


def _change(value: str) -> Change:
    if value not in get_args(Change):
        raise ValueError(f"event type {value!r} is neither added nor removed")
    return cast("Change", value)


def _label(value: str) -> str:
    if value not in LABELS:
        raise ValueError(f"label {value!r} is not in the class list")
    return value


def _situation(value: str | None) -> str | None:
    if value is not None and value not in SITUATIONS:
        raise ValueError(f"situation {value!r} is unknown")
    return value
