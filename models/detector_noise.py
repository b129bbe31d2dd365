"""What a real detector makes of true boxes: misses, shifted boxes, wrong classes, doubled and invented boxes.

Every disturbance is a random process in media time, so that a clip of 10 frames/s and one of 30 are disturbed alike:
a miss is a two-state Markov chain whose long-run share follows a logistic regression on what is seen; confidences and
sides of boxes are quantile tables driven by an Ornstein-Uhlenbeck process (a Gaussian copula); a thing has a bias of
its own, since a detector that fails on an item fails on it again.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.frame_truth import Corners, TrueFrame, TrueThing
from smartcart.models.labels import HAND

SCHEMA: Final = "smartcart.noise/1"
FEATURES: Final = ("one", "held", "under_0.3", "under_0.6", "under_0.85", "log_size", "at_border")
BORDER: Final = 0.01
TYPICAL_SIZE: Final = 0.15

Table = tuple[float, ...]


class NoiseError(ValueError):
    """A file of detector noise cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How often something happens to a thing: logistic weights of ``FEATURES``, an offset a class, the spread of the
    things' own biases (in logits), and the seconds within which one state is forgotten."""

    weights: Table
    by_label: Mapping[str, float] = field(default_factory=dict)
    spread: float = 0.0
    memory: float = 0.1

    def share(self, thing: TrueThing, bias: float) -> float:
        """The long-run share of frames in which it happens."""
        logit = sum(w * x for w, x in zip(self.weights, features(thing), strict=True))
        logit += self.by_label.get(thing.label, 0.0) + self.spread * bias
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """A box around nothing, as one was seen in a rendered clip: how long, how steadily, and how sure."""

    label: str
    box: Corners
    seconds: float
    seen: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorNoise:
    """The noise of one detector, as ``fit`` finds it and JSON keeps it.

    Tables hold equally spaced quantiles. ``shift`` is how far a side lies off, as a share of the box's width or height;
    ``apart`` how far the sides of a further box around the same thing lie off the first one's; ``own`` the share of a
    shift's variance that stays with a thing; ``confusion`` maps a class to the shares of the classes that a thing of it
    is mostly taken for; ``rivals`` to those of the others that single frames tell, which ``flicker`` says how often.
    """

    model: str
    miss: Chance
    miss_hand: Chance
    flicker: Chance
    double: Chance
    confidence: Mapping[str, Table]
    shift: Mapping[str, Table]
    apart: Table
    shift_memory: float
    own: float
    confusion: Mapping[str, Mapping[str, float]]
    rivals: Mapping[str, Mapping[str, float]]
    phantoms_a_second: float
    phantoms: Sequence[Phantom]

    def write(self, path: Path) -> None:
        """Writes the file that ``read_noise`` reads."""
        path.write_text(json.dumps({"schema": SCHEMA, **_rounded(asdict(self))}, indent=1) + "\n", encoding="utf-8")


def read_noise(path: Path) -> DetectorNoise:
    """Reads a noise model.

    Raises:
        NoiseError: the file is missing or not of this form.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("schema") != SCHEMA:
            raise NoiseError(f"{path}: is not a noise model of schema {SCHEMA}")
        for name in ("miss", "miss_hand", "flicker", "double"):
            raw[name] = Chance(**raw[name])
        raw["phantoms"] = [Phantom(**phantom) for phantom in raw["phantoms"]]
        return DetectorNoise(**raw)
    except OSError as error:
        raise NoiseError(f"{path}: cannot be read: {error.strerror}; fit one with --fit-noise") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoiseError(f"{path}: is not a noise model: {error!r}") from error


def features(thing: TrueThing) -> Table:
    """What the chances depend on, in the order of ``FEATURES``."""
    x1, y1, x2, y2 = thing.box
    at_border = min(x1, y1) < BORDER or max(x2, y2) > 1 - BORDER
    v = thing.visible
    return (
        1.0,
        float(thing.held),
        float(v < 0.3),
        float(v < 0.6),
        float(v < 0.85),
        math.log(max(thing.size, 0.01) / TYPICAL_SIZE),
        float(at_border),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the disturbed detector says of one frame: a class, a confidence in [0, 1] and a box."""

    label: str
    confidence: float
    box: Corners


@dataclass(slots=True)
class _Mind:
    """What the detector keeps making of one thing."""

    bias: float
    own: NDArray[np.float64]
    mood: NDArray[np.float64]
    double: NDArray[np.float64]
    taken_for: str
    flicker_for: str
    seen_at: float
    missed: bool | None = None
    flickers: bool = False
    doubled: bool = False


class NoisyEye:
    """Tells frame after frame what a detector with this noise would; feed it the frames in order.

    The same noise, seed and frames give the same sightings.
    """

    def __init__(self, noise: DetectorNoise, seed: int) -> None:
        self._noise = noise
        self._rng = np.random.default_rng([seed, 17])
        self._minds: dict[str, _Mind] = {}
        self._phantoms: list[tuple[float, Phantom]] = []
        self._time: float | None = None

    def look(self, frame: TrueFrame) -> list[Sighting]:
        """The sightings of one frame, best first."""
        found = [s for thing in frame.things for s in self._see(frame.t, thing)]
        found += self._invent(frame.t)
        self._time = frame.t
        return sorted(found, key=lambda s: -s.confidence)

    def _see(self, time: float, thing: TrueThing) -> list[Sighting]:
        noise, mind = self._noise, self._minds.get(thing.id)
        if mind is None:
            mind = self._minds[thing.id] = self._first_sight(time, thing)
        elapsed, mind.seen_at = time - mind.seen_at, time
        miss = noise.miss_hand if thing.label == HAND else noise.miss
        mind.missed = self._next(miss, thing, mind, elapsed, mind.missed)
        mind.flickers = self._next(noise.flicker, thing, mind, elapsed, mind.flickers)
        mind.doubled = self._next(noise.double, thing, mind, elapsed, mind.doubled)
        kept = math.exp(-elapsed / noise.shift_memory)
        mind.mood = kept * mind.mood + math.sqrt(1 - kept * kept) * self._rng.standard_normal(5)
        if mind.missed:
            return []
        label = mind.flicker_for if mind.flickers else mind.taken_for
        seen = [Sighting(label=label, confidence=self._sureness(thing, mind), box=self._box(thing, mind))]
        if mind.doubled:
            other = mind.taken_for if mind.flickers else mind.flicker_for
            drive = math.sqrt(noise.own) * mind.double + math.sqrt(1 - noise.own) * self._rng.standard_normal(4)
            box = _shifted(seen[0].box, noise.apart, drive)
            seen.append(Sighting(label=other, confidence=0.6 * seen[0].confidence, box=box))
        return seen

    def _first_sight(self, time: float, thing: TrueThing) -> _Mind:
        itself = {thing.label: 1.0}
        return _Mind(
            bias=float(self._rng.standard_normal()),
            own=self._rng.standard_normal(5),
            mood=self._rng.standard_normal(5),
            double=self._rng.standard_normal(4),
            taken_for=self._drawn(self._noise.confusion.get(thing.label, itself)),
            flicker_for=self._drawn(self._noise.rivals.get(thing.label, itself)),
            seen_at=time,
        )

    def _drawn(self, shares: Mapping[str, float]) -> str:
        weights = np.array(list(shares.values()))
        return str(self._rng.choice(list(shares), p=weights / weights.sum()))

    def _next(self, chance: Chance, thing: TrueThing, mind: _Mind, elapsed: float, now: bool | None) -> bool:
        """A step of a two-state Markov chain over some elapsed time."""
        share = chance.share(thing, mind.bias)
        kept = 0.0 if now is None else math.exp(-elapsed / chance.memory)
        return bool(self._rng.random() < share + (float(bool(now)) - share) * kept)

    def _mixed(self, mind: _Mind) -> NDArray[np.float64]:
        own = self._noise.own
        return np.asarray(math.sqrt(own) * mind.own + math.sqrt(1 - own) * mind.mood)

    def _sureness(self, thing: TrueThing, mind: _Mind) -> float:
        tables = self._noise.confidence
        return _quantile(tables[kind_of(thing)], float(self._mixed(mind)[4]))

    def _box(self, thing: TrueThing, mind: _Mind) -> Corners:
        return _shifted(thing.box, self._noise.shift[kind_of(thing)], self._mixed(mind)[:4])

    def _invent(self, time: float) -> list[Sighting]:
        elapsed = 0.0 if self._time is None else time - self._time
        born = self._rng.poisson(self._noise.phantoms_a_second * elapsed) if self._noise.phantoms else 0
        for _ in range(int(born)):
            phantom = self._noise.phantoms[int(self._rng.integers(len(self._noise.phantoms)))]
            self._phantoms.append((time + phantom.seconds, phantom))
        self._phantoms = [(end, phantom) for end, phantom in self._phantoms if end >= time]
        return [
            Sighting(label=p.label, confidence=p.confidence, box=p.box)
            for _, p in self._phantoms
            if self._rng.random() < p.seen
        ]


def kind_of(thing: TrueThing) -> str:
    """Which of the tables a thing belongs to."""
    return HAND if thing.label == HAND else "held" if thing.held else "hidden" if thing.visible < 0.6 else "resting"


def _shifted(box: Corners, table: Table, drive: NDArray[np.float64]) -> Corners:
    """A box with each side moved by the share of its width or height that the table has for a normal deviate."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    a, b, c, d = (_quantile(table, float(u)) for u in drive)
    x1, x2 = sorted((min(1, max(0, x1 + a * width)), min(1, max(0, x2 + c * width))))
    y1, y2 = sorted((min(1, max(0, y1 + b * height)), min(1, max(0, y2 + d * height))))
    return x1, y1, x2, y2


def _quantile(table: Table, normal: float) -> float:
    """The table's value at the share that a normal deviate stands for."""
    at = NormalDist().cdf(normal) * (len(table) - 1)
    low = min(int(at), len(table) - 2)
    return table[low] + (table[low + 1] - table[low]) * (at - low)


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 4)
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_rounded(inner) for inner in value]
        case _:
            return value
