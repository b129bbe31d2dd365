"""One visit of every situation, replayed from recorded detections: no model, no video.

The recordings are true boxes of simulated visits with a tenth of them missed and every side a little off.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Pipeline
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.recorded import RecordedDetector
from smartcart.edge.vision.zone import Zone
from smartcart.models.dataset.truth import SITUATIONS, read_truth

RECORDINGS = Path(__file__).parents[1] / "recordings"
NOTHING = np.zeros((1, 1, 3), np.uint8)


def replay(recording: Path, zone: Zone) -> list[Decision]:
    times = [json.loads(line)["time"] for line in recording.read_text().splitlines()]
    frames = (Frame(index=i, time=time, image=NOTHING) for i, time in enumerate(times))
    pipeline = Pipeline(detector=RecordedDetector(recording), tracker=CartTracker(), judge=Judge(zone))
    return [decision for step in pipeline.run(frames) for decision in step.decisions]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_is_told_right(situation: str) -> None:
    recording = RECORDINGS / f"{situation}.jsonl"
    truth = read_truth(recording.with_suffix(".truth.json"))
    told = sorted(replay(recording, Zone(truth.zone)), key=lambda d: (d.type, d.label))
    events = sorted(truth.events, key=lambda e: (e.type, e.label))
    assert [(d.type, d.label) for d in told] == [(f"item_{e.type}", e.label) for e in events]
    for decision, event in zip(told, events, strict=True):
        assert event.start - 1 <= decision.media_time <= event.end + 2


def test_a_track_that_a_hand_takes_along_leaves_the_thing_where_it_stands() -> None:
    """As the shipped eye and recogniser saw the demo's can come in over the carton: the carton's track went with it."""
    recording = RECORDINGS / "track_taken_along.jsonl"
    truth = read_truth(Path(__file__).parents[3] / "datasets" / "demo" / "demo.truth.json")
    told = replay(recording, Zone(truth.zone))
    assert [(d.type, d.label) for d in told] == [("item_added", "can")]
    assert told[0].evidence["after"] == {"bottle": 1, "can": 1, "carton": 1}


def test_the_recordings_are_small() -> None:
    assert sum(path.stat().st_size for path in RECORDINGS.iterdir()) < 600_000
