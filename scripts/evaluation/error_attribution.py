"""Attributes errors to components: the same clip is decided again with more and more of the truth.

With true boxes and true identities only the judge can be wrong; with true boxes, the tracker too; with true boxes under
the detector's classes, the class vote too. An event that is right there but wrong with the detector is the detector's
error.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from smartcart.models.dataset.frame_truth import TrueFrame
from smartcart.models.evaluation.event_metrics import AFTER, BEFORE, Prediction, Replayed, match
from smartcart.scripts.evaluation.observations import Observation, TrueTracker, judged, look_at_truth, with_true_boxes

ROOMS: Final = ("visit", "judge", "id_switch", "class", "detector")
NEAR_S: Final = 2.0


def attributed_errors(found: Replayed, frames: Sequence[TrueFrame], looks: Sequence[Observation]) -> Counter[str]:
    """Attributes every missed and every wrong event of a simulated clip to one component.

    A missed event and a wrong one of the same change count as one error.
    """
    errors = match(found.truth.events, found.predictions)
    if not errors.missed and not errors.wrong:
        return Counter()
    clip, truth, true = found.clip, found.truth, look_at_truth(frames)
    ladder = {
        "judge": judged(clip, truth, true, TrueTracker(frames)),
        "id_switch": judged(clip, truth, true),
        "class": judged(clip, truth, with_true_boxes(frames, looks)),
    }
    told: Counter[str] = Counter()
    wrong = list(errors.wrong)
    for i in errors.missed:
        event = truth.events[i]
        room = _first(ladder, partial(_misses, event=i))
        seen = any(s <= event.end + BEFORE and e >= event.start - BEFORE for s, e in found.visits)
        told["visit" if room in ("judge", "detector") and not seen else room] += 1
        twin = next((j for j in wrong if event.start - BEFORE <= found.predictions[j].t <= event.end + AFTER), None)
        if twin is not None:
            wrong.remove(twin)
    for j in wrong:
        told[_first(ladder, partial(_errs_near, wrong=found.predictions[j]))] += 1
    return told


def _first(ladder: Mapping[str, Replayed], errs: Callable[[Replayed], bool]) -> str:
    return next((room for room, step in ladder.items() if errs(step)), "detector")


def _misses(step: Replayed, event: int) -> bool:
    return event in match(step.truth.events, step.predictions).missed


def _errs_near(step: Replayed, wrong: Prediction) -> bool:
    """True if an event of that kind is reported wrongly there."""
    told = (step.predictions[j] for j in match(step.truth.events, step.predictions).wrong)
    return any(p.type == wrong.type and abs(p.t - wrong.t) <= NEAR_S for p in told)
