"""Truth files of no sense: each is refused by its name, in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from smartcart.models.dataset.frame_truth import read_frames
from smartcart.models.dataset.truth import SCHEMA, TruthError, read_truth
from smartcart.models.evaluation.detector_noise import NoiseError, read_noise

EVENT: dict[str, Any] = {"type": "added", "label": "can", "t": 1.0, "from": 0.5, "to": 1.5}
GOOD: dict[str, Any] = {
    **{"schema": SCHEMA, "video": "a.mp4", "fps": 10, "size": [320, 240], "initial": {"cup": 1}, "events": [EVENT]},
    **{"zone": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]], "distractors": [{"from": 2, "to": 3}]},
}
ENDLESS, NO_NUMBER = float("inf"), float("nan")


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial": {"can": ENDLESS}},
        {"initial": {"can": -3}},
        {"initial": {"can": 1.7}},
        {"initial": {"can": 10**12}},
        {"initial": [1]},
        {"initial": None},
        {"size": [ENDLESS, 5]},
        {"fps": 0},
        {"fps": NO_NUMBER},
        {"events": [EVENT | {"t": NO_NUMBER}]},
        {"events": [EVENT | {"t": -5}]},
        {"events": [EVENT | {"from": 5, "to": 1}]},
        {"events": ["added"]},
        {"events": None},
        {"distractors": "ab"},
        {"note": {"a": 1}},
        {"video": None},
        {"video": ""},
    ],
    ids=str,
)
def test_a_field_that_cannot_be_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "a.truth.json"
    path.write_text(json.dumps(GOOD))
    assert read_truth(path).final() == {"can": 1, "cup": 1}
    path.write_text(json.dumps(GOOD | wrong))
    with pytest.raises(TruthError, match=r"a\.truth\.json: a field is missing or wrong"):
        read_truth(path)


def test_what_is_nested_without_end_is_refused_whatever_it_should_be(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(TruthError, match=r"deep\.json: cannot be read"):
        read_truth(path)
    with pytest.raises(TruthError, match=r"deep\.json, line 1"):
        read_frames(path)
    with pytest.raises(NoiseError, match=r"deep\.json: not a noise model"):
        read_noise(path)
