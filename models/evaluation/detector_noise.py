"""A real detector's errors on true boxes: misses, shifted boxes, wrong classes, duplicate and invented boxes.

Every disturbance is a random process in media time, so that clips of 10 and of 30 frames/s are disturbed alike. A miss
is a two-state Markov chain whose long-run share follows a logistic regression on the visible properties. Confidences
and sides of boxes are quantile tables driven by an Ornstein-Uhlenbeck process (a Gaussian copula). An object has its
own bias, since a detector that fails on an item fails on it again.
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

from smartcart.models.dataset.frame_truth import Corners, TrueFrame, TrueThing, iou
from smartcart.models.errors import MALFORMED, ModelsError
from smartcart.models.labels import HAND

SCHEMA: Final = "smartcart.noise/2"
FEATURES: Final = ("one", "held", "under_0.3", "under_0.6", "under_0.85", "log_size", "at_border")
SAME: Final = 0.4  # the overlap (IoU) from which a box counts as around an object
BORDER: Final = 0.01
TYPICAL_SIZE: Final = 0.15

Table = tuple[float, ...]


class NoiseError(ModelsError, ValueError):
    """A noise file is unusable; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How often something happens to an object.

    Logistic weights of ``FEATURES``, an offset per class, the spread of the objects' own biases (in logits), and the
    seconds within which one state is forgotten.
    """

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
    """A box around nothing, as observed at one place of a rendered clip.

    ``seconds`` is the time from its first to its last frame, ``seen`` the share of the frames between in which it was
    there, ``memory`` the time constant of its presence in seconds; ``stays`` says that it was there for most of the
    clip.
    """

    label: str
    box: Corners
    seconds: float
    seen: float
    memory: float
    confidence: float
    stays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """An additional box around an object, as observed.

    Whether it has the same class, the offset of its sides from the first one's (shares of its width and height), and
    its confidence as a share of the first one's.
    """

    same: bool
    apart: Corners
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorNoise:
    """The noise of one detector, as ``fit`` finds it and JSON stores it.

    Tables contain equally spaced quantiles. ``shift`` is the offset of a side, as a share of the box's width or height.
    ``double`` is how often there is an additional box, and ``doubles`` are examples of it. ``own`` is the share of a
    shift's variance that stays with an object. ``confusion`` maps a class to the shares of the classes that it is
    mostly taken for; ``rivals`` to those of the others that single frames report or come near to. ``flicker`` is how
    often they report them, and ``flicker_mistaken`` the same for an object that is mostly taken for another; ``doubt``
    is how many standard deviations less sure the detector is of such an object. ``naming`` are the shares of the
    reported class, for objects that are ``right``, for those ``mistaken``, and if a frame ``flickers``. Phantoms that
    stay are there from a trip's first frame on.
    """

    model: str
    miss: Chance
    miss_hand: Chance
    flicker: Chance
    flicker_mistaken: Chance
    double: Chance
    confidence: Mapping[str, Table]
    shift: Mapping[str, Table]
    doubles: Sequence[Double]
    shift_memory: float
    own: float
    confusion: Mapping[str, Mapping[str, float]]
    rivals: Mapping[str, Mapping[str, float]]
    doubt: float
    naming: Mapping[str, Table]
    phantoms_a_second: float
    phantoms_a_clip: float
    phantoms: Sequence[Phantom]

    def write(self, path: Path) -> None:
        """Writes the file that ``read_noise`` reads."""
        path.write_text(json.dumps({"schema": SCHEMA, **_rounded(asdict(self))}, indent=1) + "\n", encoding="utf-8")


def read_noise(path: Path) -> DetectorNoise:
    """Reads a noise model.

    Raises:
        NoiseError: the file is missing or malformed.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop("schema") != SCHEMA:
            raise NoiseError(f"{path}: not a noise model of schema {SCHEMA}")
        for name in ("miss", "miss_hand", "flicker", "flicker_mistaken", "double"):
            raw[name] = Chance(**raw[name])
        raw["doubles"] = [Double(**double) for double in raw["doubles"]]
        raw["phantoms"] = [Phantom(**phantom) for phantom in raw["phantoms"]]
        return DetectorNoise(**raw)
    except OSError as error:
        raise NoiseError(f"{path}: cannot be read: {error.strerror}; fit one with --fit-noise") from error
    except MALFORMED as error:
        raise NoiseError(f"{path}: not a noise model: {error!r}") from error


def features(thing: TrueThing) -> Table:
    """The variables of the probabilities, in the order of ``FEATURES``."""
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
    """The disturbed detector's output for one object in one frame: a class, a confidence in [0, 1] and a box.

    ``share`` is the class's part of that confidence; the rest belongs to the ``rivals``, each twice the next.
    """

    label: str
    confidence: float
    box: Corners
    share: float = 1.0
    rivals: tuple[str, ...] = ()


@dataclass(slots=True)
class _Mind:
    """The detector's lasting errors on one object."""

    bias: float
    own: NDArray[np.float64]
    mood: NDArray[np.float64]
    taken_for: str
    mistaken: bool
    flicker_for: str
    third: str
    seen_at: float
    double: Double | None
    missed: bool | None = None
    flickers: bool | None = None
    doubled: bool | None = None


@dataclass(slots=True)
class _Haunt:
    """An active phantom; ``there`` is None before its first frame."""

    phantom: Phantom
    end: float
    there: bool | None = None


class NoisyDetector:
    """Produces, frame by frame, the output of a detector with this noise; feed it the frames in order.

    The same noise, seed and frames give the same output.
    """

    def __init__(self, noise: DetectorNoise, seed: int) -> None:
        self._noise = noise
        self._rng = np.random.default_rng([seed, 17])
        self._minds: dict[str, _Mind] = {}
        self._phantoms: list[_Haunt] = []
        self._time: float | None = None

    def look(self, frame: TrueFrame) -> list[Sighting]:
        """The output for one frame, best first."""
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
        flicker = noise.flicker_mistaken if mind.mistaken else noise.flicker
        mind.flickers = self._next(flicker, thing, mind, elapsed, mind.flickers)
        mind.doubled = self._next(noise.double, thing, mind, elapsed, mind.doubled)
        kept = math.exp(-elapsed / noise.shift_memory)
        mind.mood = kept * mind.mood + math.sqrt(1 - kept * kept) * self._rng.standard_normal(6)
        if mind.missed:
            return []
        label, rival = mind.taken_for, mind.flicker_for
        if mind.flickers:
            label, rival = rival, label
        sureness, box, share = self._sureness(thing, mind), self._box(thing, mind), self._share(mind)
        rivals = tuple(name for name in dict.fromkeys((rival, mind.third)) if name != label)
        seen = [Sighting(label=label, confidence=sureness, box=box, share=share, rivals=rivals)]
        if mind.doubled and mind.double is not None:
            name = label if mind.double.same else rival
            box = _moved(box, mind.double.apart)
            seen.append(Sighting(label=name, confidence=min(1.0, mind.double.confidence * sureness), box=box))
        return seen

    def _first_sight(self, time: float, thing: TrueThing) -> _Mind:
        itself = {thing.label: 1.0}
        taken_for, doubles = self._drawn(self._noise.confusion.get(thing.label, itself)), self._noise.doubles
        rivals = {la: share for la, share in self._noise.rivals.get(thing.label, {}).items() if la != taken_for}
        return _Mind(
            bias=float(self._rng.standard_normal()),
            own=self._rng.standard_normal(6),
            mood=self._rng.standard_normal(6),
            taken_for=taken_for,
            mistaken=taken_for != thing.label,
            flicker_for=self._drawn(rivals or itself),
            third=self._drawn(rivals or itself),
            seen_at=time,
            double=doubles[int(self._rng.integers(len(doubles)))] if doubles else None,
        )

    def _drawn(self, shares: Mapping[str, float]) -> str:
        weights = np.array(list(shares.values()))
        return str(self._rng.choice(list(shares), p=weights / weights.sum()))

    def _next(self, chance: Chance, thing: TrueThing, mind: _Mind, elapsed: float, now: bool | None) -> bool:
        return self._step(chance.share(thing, mind.bias), chance.memory, elapsed, now)

    def _step(self, share: float, memory: float, elapsed: float, now: bool | None) -> bool:
        """A step of a two-state Markov chain over some elapsed time."""
        kept = 0.0 if now is None else math.exp(-elapsed / memory)
        return bool(self._rng.random() < share + (float(bool(now)) - share) * kept)

    def _mixed(self, mind: _Mind) -> NDArray[np.float64]:
        own = self._noise.own
        return np.asarray(math.sqrt(own) * mind.own + math.sqrt(1 - own) * mind.mood)

    def _sureness(self, thing: TrueThing, mind: _Mind) -> float:
        mood = float(self._mixed(mind)[4]) - self._noise.doubt * mind.mistaken
        return _quantile(self._noise.confidence[kind_of(thing)], mood)

    def _share(self, mind: _Mind) -> float:
        kind = "flickers" if mind.flickers else "mistaken" if mind.mistaken else "right"
        return _quantile(self._noise.naming[kind], float(self._mixed(mind)[5]))

    def _box(self, thing: TrueThing, mind: _Mind) -> Corners:
        """The box; offsets of sides that would invert it are reduced."""
        table, drive = self._noise.shift[kind_of(thing)], self._mixed(mind)[:4]
        boxes = (_shifted(thing.box, table, drive * part) for part in (1.0, 0.7, 0.4))
        return next((box for box in boxes if iou(box, thing.box) >= SAME), thing.box)

    def _invent(self, time: float) -> list[Sighting]:
        elapsed = 0.0 if self._time is None else time - self._time
        if self._time is None:
            self._phantoms += self._born(time, self._noise.phantoms_a_clip, stays=True)
        self._phantoms += self._born(time, self._noise.phantoms_a_second * elapsed, stays=False)
        self._phantoms = [haunt for haunt in self._phantoms if haunt.end >= time]
        for haunt in self._phantoms:
            haunt.there = self._step(haunt.phantom.seen, haunt.phantom.memory, elapsed, haunt.there)
        there = (haunt.phantom for haunt in self._phantoms if haunt.there)
        return [Sighting(label=p.label, confidence=p.confidence, box=p.box) for p in there]

    def _born(self, time: float, expected: float, *, stays: bool) -> list[_Haunt]:
        known = [phantom for phantom in self._noise.phantoms if phantom.stays == stays]
        born = min(int(self._rng.poisson(expected)), len(known))
        chosen = self._rng.choice(len(known), size=born, replace=False).tolist() if born else []
        return [_Haunt(phantom=known[k], end=math.inf if stays else time + known[k].seconds) for k in chosen]


def kind_of(thing: TrueThing) -> str:
    """The table that an object belongs to."""
    return HAND if thing.label == HAND else "held" if thing.held else "hidden" if thing.visible < 0.6 else "resting"


def _shifted(box: Corners, table: Table, drive: NDArray[np.float64]) -> Corners:
    """A box with each side moved by the share of its width or height that the table has for a normal deviate."""
    a, b, c, d = (_quantile(table, float(u)) for u in drive)
    return _moved(box, (a, b, c, d))


def _moved(box: Corners, shares: Corners) -> Corners:
    """A box with each side moved by a share of its width or height, within the picture."""
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    a, b, c, d = shares
    x1, x2 = sorted((min(1, max(0, x1 + a * width)), min(1, max(0, x2 + c * width))))
    y1, y2 = sorted((min(1, max(0, y1 + b * height)), min(1, max(0, y2 + d * height))))
    return x1, y1, x2, y2


def _quantile(table: Table, normal: float) -> float:
    """The table's value at the quantile of a normal deviate."""
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
