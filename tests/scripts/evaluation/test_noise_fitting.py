"""What a detection is called when a noise is fitted, and that a sighting comes back with the share it was told with."""

import pytest

from smartcart.edge.tracking.naming import joined
from smartcart.edge.vision.detection import Box, Detection
from smartcart.models.evaluation.detector_noise import Sighting
from smartcart.scripts.evaluation.noise_fitting import named
from smartcart.scripts.evaluation.observations import Observation, detection_of

PLACE = Box(0.4, 0.4, 0.6, 0.6)
READ = {"can": 0.95, "jar": 0.05}


def look(time: float, label: str = "tub", named: dict[str, float] | None = None) -> Observation:
    return Observation(time=time, detections=[Detection(label=label, confidence=0.8, box=PLACE, named=named)])


def test_a_reading_holds_at_its_place_until_it_is_forgotten() -> None:
    said = named([look(0.0), look(0.1, named=READ), look(0.2), look(1.9), look(2.3)])
    assert [frame[0].label for frame in said] == ["tub", "can", "can", "can", "tub"]
    assert said[1][0].rivals == ("jar", "tub")
    assert said[1][0].share == pytest.approx(joined({"tub": 0.8}, READ)["can"] / 0.8)


def test_a_hand_is_not_called_what_was_read_under_it() -> None:
    said = named([look(0.0, named=READ), look(0.1, "hand")])
    assert (said[1][0].label, said[1][0].rivals) == ("hand", ())


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_a_sighting_is_called_with_the_share_it_was_told_with(share: float) -> None:
    told = Sighting(label="can", confidence=0.8, box=(0.4, 0.4, 0.6, 0.6), share=share, rivals=("jar", "tub"))
    found = detection_of(told)
    votes = joined({found.label: found.confidence}, found.named or {})
    assert votes["can"] == pytest.approx(0.8 * share)
    assert votes.get("jar", 0.0) == pytest.approx(2 * votes.get("tub", 0.0))
