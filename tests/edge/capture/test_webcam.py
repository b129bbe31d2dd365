"""What a webcam is asked for, on a camera that does what USB cameras do, and which cameras Linux tells of."""

import sys
from pathlib import Path

import cv2
import pytest

from smartcart.edge.capture.webcam import CameraMode, ask, known_cameras


class UsbCamera:
    """Gives 1280x720 at 30 frames/s when compressed, at 10 when not, and nothing larger."""

    def __init__(self) -> None:
        self.values = {
            cv2.CAP_PROP_FRAME_WIDTH: 640.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 480.0,
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"YUYV")),
        }

    def set(self, property: int, value: float, /) -> bool:
        most = {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720, cv2.CAP_PROP_FPS: 30}
        self.values[property] = min(value, most.get(property, value))
        return True

    def get(self, property: int, /) -> float:
        plain = self.values[cv2.CAP_PROP_FOURCC] != cv2.VideoWriter.fourcc(*"MJPG")
        large = self.values[cv2.CAP_PROP_FRAME_WIDTH] > 640
        slow = property == cv2.CAP_PROP_FPS and plain and large
        return 10.0 if slow else self.values[property]

    @property
    def format(self) -> str:
        return int(self.values[cv2.CAP_PROP_FOURCC]).to_bytes(4, "little").decode()


def test_a_camera_that_gives_what_it_is_asked_for_keeps_its_format() -> None:
    camera = UsbCamera()
    assert ask(camera, CameraMode(size=(640, 480), fps=30)) == ""
    assert camera.format == "YUYV"


def test_compressed_pictures_are_asked_for_where_size_and_rate_need_them() -> None:
    camera = UsbCamera()
    assert ask(camera, CameraMode(size=(1280, 720), fps=30)) == ""
    assert camera.format == "MJPG"


def test_what_a_camera_cannot_give_is_said() -> None:
    assert "delivers 1280x720 at 30 frames/s as MJPG" in ask(UsbCamera(), CameraMode(size=(1920, 1080)))
    named = ask(UsbCamera(), CameraMode(size=(1280, 720), fps=30, format="YUYV"))
    assert "delivers 1280x720 at 10 frames/s as YUYV" in named


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of its cameras in files")
def test_cameras_are_known_by_number_and_name(tmp_path: Path) -> None:
    for device, index, name in (("video2", 0, "C920"), ("video3", 1, "C920"), ("video0", 0, "Integrated Camera")):
        (tmp_path / device).mkdir()
        (tmp_path / device / "index").write_text(f"{index}\n")
        (tmp_path / device / "name").write_text(f"{name}\n")
    assert known_cameras(tmp_path) == [(0, "Integrated Camera"), (2, "C920")]
    assert known_cameras(tmp_path / "nowhere") == []
