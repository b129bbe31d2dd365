"""Fits the noise of a detector on simulated clips: its output for each frame compared with the truth."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smartcart.models.dataset.frame_truth import Corners, TrueFrame, TrueThing, iou
from smartcart.models.evaluation.detector_noise import (
    SAME,
    Chance,
    DetectorNoise,
    Double,
    Phantom,
    Sighting,
    Table,
    features,
    kind_of,
)
from smartcart.models.labels import HAND

PART: Final = 0.6
RIDGE: Final = 1.0
LABEL_RIDGE: Final = 6.0
TELLING: Final = 100
QUANTILES: Final = 33
MOST_PHANTOMS: Final = 80
MOST_DOUBLES: Final = 160
STAYING: Final = 0.6
LEAST_SIGHTS: Final = 6
LEAST_SECONDS: Final = 0.5
SHORTEST_MEMORY: Final = 0.01
LONGEST_MEMORY: Final = 2.0
KINDS: Final = ("resting", "hidden", "held", HAND)

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitClip:
    """A clip's true frames, and the detector's output for each."""

    frames: Sequence[TrueFrame]
    said: Sequence[Sequence[Sighting]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One object in one frame; ``best`` is None if it was missed, ``more`` are additional boxes around it or in it."""

    t: float
    thing: TrueThing
    best: Sighting | None
    more: tuple[Sighting, ...]


_Life = list[_Look]
_Chain = list[tuple[float, Sighting]]


def fit(clips: Sequence[FitClip], model: str) -> DetectorNoise:
    """Returns the noise that explains the clips.

    Args:
        clips: at least one clip in which the detector saw something.
        model: the detector's name, stored with the result.

    Raises:
        ValueError: nothing was seen at all.
    """
    lives: list[_Life] = []
    strays: list[tuple[FitClip, list[_Chain]]] = []
    for clip in clips:
        looks, unclaimed = _matched(clip)
        lives += looks
        strays.append((clip, _chains(unclaimed)))
    items = [life for life in lives if life[0].thing.label != HAND]
    seen = [[look for look in life if look.best is not None] for life in lives]
    seen_items = [life for life in seen if life and life[0].thing.label != HAND]
    if not seen_items:
        raise ValueError("the detector saw no item in any of these clips: there is nothing to fit a noise model on")
    hands = [life for life in lives if life[0].thing.label == HAND]
    taken = [_mostly(life) for life in seen_items]
    right = [(life, most) for life, most in _zip(seen_items, taken) if most == life[0].thing.label]
    mistaken = [(life, most) for life, most in _zip(seen_items, taken) if most != life[0].thing.label]
    shifts = {kind: _shifts(seen, kind) for kind in KINDS}
    own, memory = _persistence(seen_items)
    confusion, rivals = _confusions(seen_items, taken)
    known = [life for life, _ in right] + [life for life in seen if life and life[0].thing.label == HAND]
    confidence = {kind: _table(_confidences(known, kind) or _confidences(seen, kind)) for kind in KINDS}
    phantoms, rate, stay = _phantoms(strays)
    return DetectorNoise(
        model=model,
        miss=_chance(items, [[look.best is None for look in life] for life in items]),
        miss_hand=_chance(hands, [[look.best is None for look in life] for life in hands]),
        flicker=_flicker(right),
        flicker_mistaken=_flicker(mistaken),
        double=_chance(seen_items, [[bool(look.more) for look in life] for life in seen_items]),
        confidence=confidence,
        shift={kind: _table(values) for kind, values in shifts.items()},
        doubles=_doubles(seen_items),
        shift_memory=memory,
        own=own,
        confusion=confusion,
        rivals=rivals,
        naming=_naming(right, mistaken),
        doubt=_doubt([life for life, _ in mistaken], confidence),
        phantoms_a_second=rate,
        phantoms_a_clip=stay,
        phantoms=phantoms,
    )


def _zip(lives: Sequence[_Life], taken: Sequence[str]) -> Iterable[tuple[_Life, str]]:
    return zip(lives, taken, strict=True)


def _matched(clip: FitClip) -> tuple[list[_Life], list[tuple[float, list[Sighting]]]]:
    """Assigns each detection to the object that it fits best or is a part of; returns the histories and the rest."""
    lives: dict[str, _Life] = defaultdict(list)
    unclaimed: list[tuple[float, list[Sighting]]] = []
    for frame, said in zip(clip.frames, clip.said, strict=True):
        given: dict[str, list[Sighting]] = defaultdict(list)
        parts: dict[str, list[Sighting]] = defaultdict(list)
        strays: list[Sighting] = []
        for sighting in said:
            same = [thing for thing in frame.things if (thing.label == HAND) == (sighting.label == HAND)]
            best = max(same, key=lambda thing: iou(thing.box, sighting.box), default=None)
            if best is not None and iou(best.box, sighting.box) >= SAME:
                given[best.id].append(sighting)
            elif (
                whole := max(same, key=lambda thing: _within(sighting.box, thing.box), default=None)
            ) is not None and (_within(sighting.box, whole.box) >= PART):
                parts[whole.id].append(sighting)
            else:
                strays.append(sighting)
        for thing in frame.things:
            ranked = sorted(given[thing.id], key=lambda s: -s.confidence)
            best_of = ranked[0] if ranked else None
            more = (*ranked[1:], *parts[thing.id])
            lives[thing.id].append(_Look(t=frame.t, thing=thing, best=best_of, more=more))
        unclaimed.append((frame.t, strays))
    return list(lives.values()), unclaimed


def _within(box: Corners, other: Corners) -> float:
    """The share of a box that lies in another, in [0, 1]."""
    width, height = min(box[2], other[2]) - max(box[0], other[0]), min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, width) * max(0.0, height) / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


def _memory(lives: Sequence[_Life], rests: Sequence[Numbers]) -> float:
    """The time constant, in seconds, of a process's deviation from its mean.

    It is that of an exponential decay with the observed products of neighbouring values. Clips of different frame rates
    can be combined.
    """
    elapsed = np.concatenate([np.diff([look.t for look in life]).repeat(r[0].size) for life, r in _both(lives, rests)])
    then = np.concatenate([r[:-1].ravel() for r in rests])
    shared = float(np.dot(np.concatenate([r[1:].ravel() for r in rests]), then))
    low, high = SHORTEST_MEMORY, LONGEST_MEMORY
    for _ in range(30):
        middle = (low + high) / 2
        told = float(np.dot(then**2, np.exp(-elapsed / middle)))
        low, high = (middle, high) if told < shared else (low, middle)
    return (low + high) / 2


def _both(lives: Sequence[_Life], rests: Sequence[Numbers]) -> Iterable[tuple[_Life, Numbers]]:
    return zip(lives, rests, strict=True)


def _chance(lives: Sequence[_Life], happened: Sequence[Sequence[bool]]) -> Chance:
    """Logistic regression with ridge and class offsets (Newton's method), then the objects' spread and the memory.

    The frames of one object are much alike: however many, they count as ``TELLING`` at most.
    """
    rows = [features(look.thing) for life in lives for look in life]
    if not rows:
        return Chance(weights=(-30.0, *[0.0] * (len(features(_ANY)) - 1)))
    labels = sorted({life[0].thing.label for life in lives})
    names = [look.thing.label for life in lives for look in life]
    hot = np.array([[float(name == label) for label in labels] for name in names])
    x, y = np.hstack([np.array(rows), hot]), np.array([float(v) for life in happened for v in life])
    ridge = np.array([0.1] + [RIDGE] * (x.shape[1] - 1 - len(labels)) + [LABEL_RIDGE] * len(labels))
    weight = np.concatenate([np.full(len(life), min(1.0, TELLING / len(life))) for life in lives])
    w = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (y - p)) - ridge * w
        w = w + np.linalg.solve((x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(ridge), gradient)
    p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
    spread, memory = _spread_and_memory(lives, p, y)
    w *= math.sqrt(1 + 0.346 * spread**2)  # from the mean over objects to the single object (Zeger and others, 1988)
    free = x.shape[1] - len(labels)
    return Chance(
        weights=tuple(map(float, w[:free])),
        by_label={label: float(v) for label, v in zip(labels, w[free:], strict=True)},
        spread=spread,
        memory=memory,
    )


def _spread_and_memory(lives: Sequence[_Life], p: Numbers, y: Numbers) -> tuple[float, float]:
    """The standard deviation of the objects' biases in logits, and how long a state lasts, in seconds."""
    biases, noise, steady, rests = [], [], [], []
    start = 0
    for life in lives:
        own = slice(start, start + len(life))
        start += len(life)
        if len(life) < LEAST_SIGHTS or life[-1].t - life[0].t < LEAST_SECONDS:
            continue
        share, expected, n = float(y[own].mean()), float(p[own].mean()), len(life)
        variance = max(expected * (1 - expected), 1e-3)
        biases.append(math.log((share * n + 0.5) / (n - share * n + 0.5)) - math.log(expected / (1 - expected)))
        noise.append(4 / (n * variance))
        steady.append(life)
        rests.append(y[own] - share)
    if len(biases) < 3:
        return 0.0, 0.1
    spread = math.sqrt(max(0.0, float(np.median(np.abs(biases)) * 1.4826) ** 2 - float(np.median(noise))))
    return min(spread, 2.5), _memory(steady, rests)


def _flicker(lives: Sequence[tuple[_Life, str]]) -> Chance:
    """How often single frames give an object another class than most of them do."""
    return _chance(
        [life for life, _ in lives],
        [[look.best is not None and look.best.label != most for look in life] for life, most in lives],
    )


def _naming(right: Sequence[tuple[_Life, str]], mistaken: Sequence[tuple[_Life, str]]) -> dict[str, Table]:
    """The share of the reported class in an object's confidence."""
    shares: dict[str, list[float]] = {"right": [], "mistaken": [], "flickers": []}
    for kind, lives in (("right", right), ("mistaken", mistaken)):
        for life, most in lives:
            for best in (look.best for look in life if look.best is not None):
                shares[kind if best.label == most else "flickers"].append(best.share)
    return {kind: _table(values) if values else (1.0, 1.0) for kind, values in shares.items()}


def _doubt(mistaken: Sequence[_Life], confidence: Mapping[str, Table]) -> float:
    """How many standard deviations less sure the detector is of objects that it takes for another class."""
    ranks = [_rank(look, confidence) for life in mistaken for look in life]
    if not ranks:
        return 0.0
    return max(0.0, -math.sqrt(2) * NormalDist().inv_cdf(float(np.mean(ranks))))  # E F(Z - d) = F(-d / sqrt 2)


def _rank(look: _Look, confidence: Mapping[str, Table]) -> float:
    """The share of the detections of that kind of which the detector is less sure; never exactly 0 or 1."""
    assert look.best is not None
    table = confidence[kind_of(look.thing)]
    below, up_to = (np.searchsorted(table, look.best.confidence, side) for side in ("left", "right"))
    return float(np.clip((below + up_to) / 2 / len(table), 0.01, 0.99))


def _mostly(life: _Life) -> str:
    votes: Counter[str] = Counter()
    for look in life:
        if look.best is not None:
            votes[look.best.label] += round(1000 * look.best.confidence)
    return votes.most_common(1)[0][0]


def _confusions(
    lives: Sequence[_Life], taken: Sequence[str]
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """The class that objects of a class are mostly taken for, and the other classes in single frames."""
    mostly: dict[str, Counter[str]] = defaultdict(Counter)
    other: dict[str, Counter[str]] = defaultdict(Counter)  # in hundredths of a detection
    for life, most in _zip(lives, taken):
        label = life[0].thing.label
        mostly[label][most] += 1
        for look in life:
            for sighting in (look.best, *look.more):
                if sighting is None:
                    continue
                if sighting.label != most:
                    other[label][sighting.label] += 100
                for rank, rival in enumerate(sighting.rivals):
                    weight = round(100 * (1 - sighting.share) / (1 + rank))
                    if rival != most and weight:
                        other[label][rival] += weight
    whole = sum((other[label] for label in other), Counter[str]())
    confusion = {la: _shares(row + Counter({la: 1})) for la, row in sorted(mostly.items())}
    rivals = {la: _shares((row or whole) or Counter({la: 1})) for la, row in sorted(other.items())}
    return confusion, rivals


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {label: n / total for label, n in sorted(counts.items())}


def _sides(look: _Look) -> Corners:
    assert look.best is not None
    return _off(look.best.box, look.thing.box)


def _doubles(lives: Sequence[_Life]) -> list[Double]:
    """Examples of additional boxes around an object, evenly picked."""
    found = [double for life in lives for look in life for double in _doubled(look)]
    step = max(1, math.ceil(len(found) / MOST_DOUBLES))
    return sorted(found, key=lambda d: (d.same, d.apart))[step // 2 :: step]


def _doubled(look: _Look) -> list[Double]:
    assert look.best is not None
    return [
        Double(
            same=more.label == look.best.label,
            apart=_off(more.box, look.best.box),
            confidence=more.confidence / look.best.confidence,
        )
        for more in look.more
        if look.best.confidence > 0
    ]


def _off(box: Corners, true: Corners) -> Corners:
    """The offsets of a box's sides from those of another, as shares of the other's width and height."""
    width, height = max(true[2] - true[0], 1e-3), max(true[3] - true[1], 1e-3)
    x1, y1, x2, y2 = np.subtract(box, true).tolist()
    return x1 / width, y1 / height, x2 / width, y2 / height


def _shifts(seen: Sequence[_Life], kind: str) -> list[float]:
    return [v for life in seen for look in life if kind_of(look.thing) == kind for v in _sides(look)]


def _confidences(seen: Sequence[_Life], kind: str) -> list[float]:
    return [look.best.confidence for life in seen for look in life if look.best and kind_of(look.thing) == kind]


def _persistence(lives: Sequence[_Life]) -> tuple[float, float]:
    """The share of a side's variance that stays with an object, and the memory of the rest in seconds."""
    between, within, steady, rests = [], [], [], []
    for life in lives:
        resting = [look for look in life if kind_of(look.thing) == "resting"]
        if len(resting) < LEAST_SIGHTS:
            continue
        off = np.clip(np.array([_sides(look) for look in resting]), -0.3, 0.3)
        between.append(off.mean(0))
        within.append(off.var(0).mean())
        steady.append(resting)
        rests.append(off - off.mean(0))
    if len(between) < 3:
        return 0.3, 0.1
    spread = float(np.var(np.array(between), axis=0).mean())
    return min(0.9, spread / max(spread + float(np.mean(within)), 1e-9)), _memory(steady, rests)


def _table(values: Sequence[float]) -> Table:
    return tuple(map(float, np.quantile(values, np.linspace(0, 1, QUANTILES)))) if values else (0.0, 0.0)


def _chains(unclaimed: Sequence[tuple[float, list[Sighting]]]) -> list[_Chain]:
    """Detections of nothing, linked to earlier ones at the same place."""
    chains: list[_Chain] = []
    for t, strays in unclaimed:
        for sighting in strays:
            free = [c for c in chains if c[-1][0] < t and (c[-1][1].label == HAND) == (sighting.label == HAND)]
            same = max(free, key=lambda c: iou(c[-1][1].box, sighting.box), default=None)
            if same is not None and iou(same[-1][1].box, sighting.box) >= SAME:
                same.append((t, sighting))
            else:
                chains.append([(t, sighting)])
    return chains


def _phantoms(strays: Sequence[tuple[FitClip, Sequence[_Chain]]]) -> tuple[list[Phantom], float, float]:
    """Examples of invented boxes, evenly picked; how many begin per second, and how many stay for a clip."""
    found = [_phantom(clip, chain) for clip, chains in strays for chain in chains]
    staying, passing = ([p for p in found if p.stays == stays] for stays in (True, False))
    total = sum(clip.frames[-1].t - clip.frames[0].t for clip, _ in strays)
    examples = []
    for phantoms in (staying, passing):
        step = max(1, math.ceil(len(phantoms) / MOST_PHANTOMS))
        examples += sorted(phantoms, key=lambda p: (p.seconds, p.confidence))[step // 2 :: step]
    return examples, len(passing) / total if total > 0 else 0.0, len(staying) / len(strays)


def _phantom(clip: FitClip, chain: _Chain) -> Phantom:
    first, last = chain[0][0], chain[-1][0]
    times = [frame.t for frame in clip.frames if first <= frame.t <= last]
    sights = {t for t, _ in chain}
    there = np.array([t in sights for t in times], float)
    changes = int(np.abs(np.diff(there)).sum())
    share = len(sights) / len(times)
    return Phantom(
        label=Counter(s.label for _, s in chain).most_common(1)[0][0],
        box=chain[len(chain) // 2][1].box,
        seconds=last - first,
        seen=share,
        memory=max(SHORTEST_MEMORY, 2 * share * (1 - share) * (last - first) / max(changes, 1)),
        confidence=float(np.mean([s.confidence for _, s in chain])),
        stays=last > first and last - first >= STAYING * (clip.frames[-1].t - clip.frames[0].t),
    )


_ANY: Final = TrueThing(id="", label="box", box=(0.0, 0.0, 1.0, 1.0), visible=1.0, held=False)
