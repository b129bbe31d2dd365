"""The calibration window on a virtual screen, clicked by another program."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import SMARTCART, wait_until

from smartcart.edge.vision.zone import read_zone

DEMO = Path(__file__).parents[3] / "datasets" / "demo" / "demo.mp4"
WANTED = ("Xvfb", "xdotool")

pytestmark = pytest.mark.skipif(not all(map(shutil.which, WANTED)), reason="Xvfb or xdotool is not installed")


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24"]  # it picks a free display and says which
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout
    environment = os.environ | {"DISPLAY": f":{server.stdout.readline().strip()}"}
    wait_until(lambda: xdotool(environment, "getmouselocation") is not None)
    yield environment
    server.terminate()
    server.communicate(timeout=10)


def xdotool(environment: dict[str, str], *words: str) -> str | None:
    done = subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def test_clicks_and_enter_write_the_zone(screen: dict[str, str], tmp_path: Path) -> None:
    zone = tmp_path / "zone.toml"
    calibrate = subprocess.Popen(
        [SMARTCART, "calibrate", "--source", str(DEMO), "--zone", str(zone)],
        env=screen,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: xdotool(screen, "search", "--name", "smartcart"), timeout=60)
    window = str(xdotool(screen, "search", "--name", "smartcart")).splitlines()[-1]
    for x, y in ((120, 100), (520, 100), (300, 60), (520, 400), (120, 400)):
        xdotool(screen, "mousemove", "--window", window, str(x), str(y), "sleep", "0.3", "click", "1", "sleep", "0.3")
        if (x, y) == (300, 60):  # a slip: take it back
            xdotool(screen, "key", "--window", window, "BackSpace", "sleep", "0.3")
    xdotool(screen, "key", "--window", window, "Return")
    _, errors = calibrate.communicate(timeout=30)
    assert calibrate.returncode == 0, errors
    polygon = read_zone(zone).polygon
    assert len(polygon) == 4
    (x1, y1), (x2, _), _, (_, y4) = polygon
    assert x2 - x1 == pytest.approx(400 / 639, abs=0.02)
    assert y4 - y1 == pytest.approx(300 / 479, abs=0.02)
