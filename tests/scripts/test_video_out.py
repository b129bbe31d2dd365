"""An annotated video of frames that are not all of one size."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.edge.capture.image_folder import ImageFolder
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Step
from smartcart.edge.vision.zone import DEFAULT_ZONE
from smartcart.scripts.video_out import VideoWriter


@pytest.mark.parametrize("name", ["seen.webm", "seen.mp4"])
def test_no_frame_is_lost_where_pictures_are_of_mixed_sizes(tmp_path: Path, name: str) -> None:
    for number, (height, width) in enumerate([(120, 160), (160, 120), (60, 300), (120, 160)]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((height, width, 3), 200, np.uint8))
    folder = ImageFolder(tmp_path)
    with VideoWriter(tmp_path / name, folder, DEFAULT_ZONE, Judge(DEFAULT_ZONE)) as writer:
        for frame in folder:
            writer.write(Step(frame=frame, detections=(), tracks=(), decisions=()))
    written = cv2.VideoCapture(str(tmp_path / name))
    seen = []
    while (read := written.read())[0]:
        seen.append(read[1])
    assert [image.shape for image in seen] == [(120, 160, 3)] * 4
    assert seen[1][:, :20].mean() < 40 < seen[1][:, 70:90].mean(), "a tall picture stands in the middle"
