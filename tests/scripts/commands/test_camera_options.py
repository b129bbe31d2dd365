"""What may be asked of a webcam, as the commands read it."""

import pytest

from smartcart.edge.capture.webcam import CameraMode
from smartcart.scripts.main import parser
from smartcart.scripts.pipeline import camera_mode


@pytest.mark.parametrize("command", ["edge", "demo", "calibrate --source 0 --zone z.toml"])
def test_size_rate_and_format_reach_the_camera(command: str) -> None:
    args = parser().parse_args([*command.split(), "--size", "1280x720", "--fps", "30", "--format", "mjpg"])
    assert camera_mode(args) == CameraMode(size=(1280, 720), fps=30, format="MJPG")
    assert camera_mode(parser().parse_args(command.split())) == CameraMode()


@pytest.mark.parametrize(
    "words", ["--size 1280", "--size 0x9", "--size widexhigh", "--format JPEGS", "--fps 0", "--fps nan", "--fps inf"]
)
def test_what_no_camera_can_give_is_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["edge", *words.split()])
    assert words.split()[1] in capsys.readouterr().err
