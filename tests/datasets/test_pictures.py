"""Pictures are written whole or not at all, and a failure is told."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.datasets.pictures import write_jpeg

PICTURE = np.full((48, 64, 3), 120, np.uint8)


def test_a_picture_is_there_whole(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "one.jpg", PICTURE)
    assert np.abs(np.asarray(cv2.imread(str(tmp_path / "one.jpg")), int) - PICTURE).max() <= 2
    assert [file.name for file in tmp_path.iterdir()] == ["one.jpg"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_jpeg(tmp_path / "one.jpg", PICTURE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_jpeg(tmp_path / "gone" / "one.jpg", PICTURE)
