"""Event and basket figures over labelled clips: how often events were reported correctly.

Definitions: a prediction is right if its type and label equal those of an unmatched true event and its media time lies
within [from - 1 s, to + 2 s]; matching is one to one, pairs taken by smallest time difference. Basket figures (cAcc,
ACD, mCCD, mCIoU) follow the RPC retail checkout benchmark (Wei et al., 2019, arXiv:1901.07249).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from smartcart.models.dataset.truth import Truth, TruthEvent

BEFORE: Final = 1.0
AFTER: Final = 2.0
SEEN_FRAMES: Final = 3

Json = dict[str, Any]
ErrorCause = Literal["detector", "id_switch", "visit", "class"]
CAUSES: Final[tuple[ErrorCause, ...]] = ("detector", "id_switch", "visit", "class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One decided event; ``type`` is None if it was left uncertain; ``t`` in seconds of media time."""

    type: Literal["added", "removed"] | None
    label: str | None
    t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The edge's result for one clip.

    ``visits`` are (start, end) in seconds; ``sights`` maps a label to the media times at which it was detected.
    """

    clip: str
    truth: Truth
    predictions: Sequence[Prediction]
    visits: Sequence[tuple[float, float]]
    sights: Mapping[str, Sequence[float]]

    def final(self) -> dict[str, int]:
        """The predicted basket at the end: initial count plus decided events, never below zero."""
        count = Counter(dict(self.truth.initial))
        for prediction in sorted((p for p in self.predictions if p.type and p.label), key=lambda p: p.t):
            label = str(prediction.label)
            count[label] = max(0, count[label] + (1 if prediction.type == "added" else -1))
        return {label: n for label, n in sorted(count.items()) if n}


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of indices (truth, prediction), and the rest of both sides."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    wrong: tuple[int, ...]


def match(events: Sequence[TruthEvent], predictions: Sequence[Prediction], *, with_label: bool = True) -> Matching:
    """Matches decided predictions to truth events; uncertain ones match nothing and are not wrong."""
    near = sorted(
        (abs(p.t - e.t), i, j)
        for i, e in enumerate(events)
        for j, p in enumerate(predictions)
        if p.type == e.type and (not with_label or p.label == e.label) and e.start - BEFORE <= p.t <= e.end + AFTER
    )
    truth_of: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in near:
        if i not in used and j not in truth_of:
            used.add(i)
            truth_of[j] = i
    return Matching(
        pairs=tuple(sorted((i, j) for j, i in truth_of.items())),
        missed=tuple(i for i in range(len(events)) if i not in used),
        wrong=tuple(j for j, p in enumerate(predictions) if p.type and j not in truth_of),
    )


def figures(clips: Sequence[Replayed], prices: Mapping[str, int] | None = None) -> Json:
    """Every figure of ``smartcart evaluate`` over the clips, pooled; a ratio with denominator 0 is None.

    Args:
        prices: label to price in minor units, for the money error; None omits it.
    """
    matched = [match(c.truth.events, c.predictions) for c in clips]
    loose = [match(c.truth.events, c.predictions, with_label=False) for c in clips]
    events = sum(len(c.truth.events) for c in clips)
    tp, fp, fn = _counts(matched)
    uncertain = sum(p.type is None for c in clips for p in c.predictions)
    per_clip = [
        {
            "clip": clip.clip,
            "tp": len(m.pairs),
            "fp": len(m.wrong),
            "fn": len(m.missed),
            "uncertain": sum(p.type is None for p in clip.predictions),
            "exact": clip.final() == clip.truth.final(),
            "basket": clip.final(),
            "expected": clip.truth.final(),
        }
        for clip, m in zip(clips, matched, strict=True)
    ]
    rates = _rates(tp, fp, fn)
    rates["intervals"]["cacc"] = wilson(sum(bool(clip["exact"]) for clip in per_clip), len(clips))
    return {
        "clips": len(clips),
        "events": events,
        **rates,
        "type_only": _rates(*_counts(loose)),
        "interventions_per_100": _ratio(100 * uncertain, events),
        "wrong_unmarked_per_100": _ratio(100 * fp, events),
        **basket_figures([c.final() for c in clips], [c.truth.final() for c in clips]),
        "money_error": None if prices is None else _money_error(clips, prices),
        "by_label": _by_label(clips, matched),
        "by_situation": _by_situation(clips, matched),
        "errors": _causes(clips, matched),
        "baselines": None,
        "per_clip": per_clip,
    }


def basket_figures(predicted: Sequence[Mapping[str, int]], true: Sequence[Mapping[str, int]]) -> Json:
    """Counting figures over final baskets (label to count), one pair a clip.

    >>> P = [dict(c=1), dict(c=2), dict(a=1, b=1, c=2), dict(a=2, b=3, c=3)]
    >>> G = [dict(c=1), dict(b=1, c=1), dict(a=1, c=2), dict(c=2)]
    >>> {k: round(v, 3) for k, v in basket_figures(P, G).items() if isinstance(v, float)}
    {'cacc': 0.25, 'acd': 2.25, 'mccd': 2.444, 'mciou': 0.361}
    """
    labels = sorted({label for basket in (*predicted, *true) for label in basket})
    pairs = list(zip(predicted, true, strict=True))
    distance = [sum(abs(p.get(k, 0) - g.get(k, 0)) for k in labels) for p, g in pairs]
    total = {k: sum(g.get(k, 0) for _, g in pairs) for k in labels}
    known = [k for k in labels if total[k]]
    ccd = [sum(abs(p.get(k, 0) - g.get(k, 0)) for p, g in pairs) / total[k] for k in known]
    iou = [
        sum(min(p.get(k, 0), g.get(k, 0)) for p, g in pairs) / sum(max(p.get(k, 0), g.get(k, 0)) for p, g in pairs)
        for k in known
    ]
    return {
        "cacc": _ratio(sum(d == 0 for d in distance), len(pairs)),
        "acd": _ratio(sum(distance), len(pairs)),
        "mccd": _ratio(sum(ccd), len(ccd)),
        "mciou": _ratio(sum(iou), len(iou)),
        "labels_left_out": [k for k in labels if not total[k]],
    }


def wilson(successes: int, total: int) -> tuple[float, float] | None:
    """The 95 % Wilson score interval of a share (Wilson, 1927); None without observations.

    >>> [round(v, 3) for v in wilson(4, 4)]
    [0.51, 1.0]
    """
    if total == 0:
        return None
    from scipy.stats import binomtest

    interval = binomtest(successes, total).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def _counts(matchings: Iterable[Matching]) -> tuple[int, int, int]:
    tp = fp = fn = 0
    for m in matchings:
        tp, fp, fn = tp + len(m.pairs), fp + len(m.wrong), fn + len(m.missed)
    return tp, fp, fn


def _rates(tp: int, fp: int, fn: int) -> Json:
    shares = {"precision": (tp, tp + fp), "recall": (tp, tp + fn), "event_accuracy": (tp, tp + fp + fn)}
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        **{name: _ratio(*share) for name, share in shares.items()},
        "f1": _ratio(tp, tp + (fp + fn) / 2),
        "intervals": {name: wilson(*share) for name, share in shares.items()},
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _by_label(clips: Sequence[Replayed], matched: Sequence[Matching]) -> Json:
    tally: dict[str, Counter[str]] = {}
    for clip, m in zip(clips, matched, strict=True):
        for i, _ in m.pairs:
            tally.setdefault(clip.truth.events[i].label, Counter())["tp"] += 1
        for i in m.missed:
            tally.setdefault(clip.truth.events[i].label, Counter())["fn"] += 1
        for j in m.wrong:
            tally.setdefault(str(clip.predictions[j].label), Counter())["fp"] += 1
    return {label: _rates(c["tp"], c["fp"], c["fn"]) for label, c in sorted(tally.items())}


def _by_situation(clips: Sequence[Replayed], matched: Sequence[Matching]) -> Json:
    tally: dict[str, Counter[str]] = {}
    for clip, m in zip(clips, matched, strict=True):
        for distractor in clip.truth.distractors:
            tally.setdefault(distractor.situation or "unknown", Counter())["visits"] += 1
        for kind, indices in (("tp", [i for i, _ in m.pairs]), ("fn", list(m.missed))):
            for i in indices:
                tally.setdefault(clip.truth.events[i].situation or "unknown", Counter())[kind] += 1
        for j in m.wrong:
            tally.setdefault(_situation_at(clip.truth, clip.predictions[j].t), Counter())["fp"] += 1
    return {
        name: _rates(c["tp"], c["fp"], c["fn"]) | ({"visits_without_change": c["visits"]} if c["visits"] else {})
        for name, c in sorted(tally.items())
    }


def _situation_at(truth: Truth, t: float) -> str:
    visits = [(e.start, e.end, e.situation) for e in truth.events]
    visits += [(d.start, d.end, d.situation) for d in truth.distractors]
    for start, end, situation in visits:
        if start - BEFORE <= t <= end + AFTER:
            return situation or "unknown"
    return "none"


def _causes(clips: Sequence[Replayed], matched: Sequence[Matching]) -> Json:
    """Attributes every error to one component.

    ``class``: right except for the label; a missed event and a wrong one of the same change count as one error.
        ``visit``: a visit was missed or invented. ``detector``: the item was detected in fewer than 3 frames of its
        visit. ``id_switch``: everything else, that is, item and visit were seen but put together wrongly.
    """
    causes: Counter[ErrorCause] = Counter()
    for clip, m in zip(clips, matched, strict=True):
        wrong = list(m.wrong)
        for i in m.missed:
            event = clip.truth.events[i]
            twin = next((j for j in wrong if _same_but_label(event, clip.predictions[j])), None)
            if twin is not None:
                wrong.remove(twin)
                causes["class"] += 1
            elif not any(s <= event.end + BEFORE and e >= event.start - BEFORE for s, e in clip.visits):
                causes["visit"] += 1
            elif _sights_in(clip, event) < SEEN_FRAMES:
                causes["detector"] += 1
            else:
                causes["id_switch"] += 1
        for j in wrong:
            inside = _situation_at(clip.truth, clip.predictions[j].t) != "none"
            causes["id_switch" if inside else "visit"] += 1
    return {cause: causes[cause] for cause in CAUSES}


def _same_but_label(event: TruthEvent, prediction: Prediction) -> bool:
    return prediction.type == event.type and event.start - BEFORE <= prediction.t <= event.end + AFTER


def _sights_in(clip: Replayed, event: TruthEvent) -> int:
    return sum(event.start - BEFORE <= t <= event.end + AFTER for t in clip.sights.get(event.label, ()))


def _money_error(clips: Sequence[Replayed], prices: Mapping[str, int]) -> Json:
    over = under = total = 0
    for clip in clips:
        charged = sum(prices.get(label, 0) * n for label, n in clip.final().items())
        due = sum(prices.get(label, 0) * n for label, n in clip.truth.final().items())
        over, under, total = over + max(0, charged - due), under + max(0, due - charged), total + due
    return {"share": _ratio(over + under, total), "over": over, "under": under, "due": total}
