"""Nothing of the machine is told to anybody: the runtime library's own telemetry is off."""

import os
import subprocess
import sys
from pathlib import Path

from smartcart.models.labels import DEFAULT_MODEL


def test_a_detector_at_work_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    program = f"""
import numpy as np
from pathlib import Path
from smartcart.edge.vision.detector import OnnxDetector
from smartcart.edge.capture.frames import Frame
OnnxDetector(Path({str(DEFAULT_MODEL)!r})).detect(Frame(image=np.zeros((48, 64, 3), np.uint8), index=0, time=0.0))
"""
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    kept = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", program], env=kept | home, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
