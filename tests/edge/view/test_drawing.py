"""The annotated picture during a lesson: the product in a box, whose colour says whether a new view was taken."""

import numpy as np
import pytest
from scenes import ZONE
from turned_packs import AT, view

from smartcart.edge.gallery.teacher import Taught
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Step
from smartcart.edge.view.drawing import AMBER, GREEN, Annotator


@pytest.mark.parametrize(("said", "colour"), [("taken", GREEN), ("blurred", AMBER)])
def test_what_is_taught_is_drawn(said: str, colour: tuple[int, int, int]) -> None:
    taught = Taught(box=AT, said=said)  # type: ignore[arg-type]
    step = Step(frame=view(1), detections=(), tracks=(), decisions=(), taught=taught)
    drawn = Annotator(ZONE, Judge(ZONE)).draw(step)
    height, width = drawn.shape[:2]
    side = drawn[round((AT.y1 + AT.y2) / 2 * height), round(AT.x1 * width)]
    assert np.array_equal(side, colour)
