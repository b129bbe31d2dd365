"""A video's end is its decoder's word, not its header's: videos that people make, and what becomes of damaged ones."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.capture.frames import SourceError
from smartcart.edge.capture.video_file import VideoFile

av = pytest.importorskip("av")

Step = Callable[[int], int]
FRAMES = 60


def filmed(path: Path, codec: str, *, step: Step = lambda _: 50, start: int = 0, **options: str) -> Path:
    """60 frames of a patch that moves before noise, ``step`` ms apart, the first at ``start`` ms."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        at = start
        for number in range(FRAMES):
            image = noise.integers(40, 60, (240, 320, 3), np.uint8)
            image[60:120, 4 * number : 4 * number + 50] = 200
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            at += step(number)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def slows_down(number: int) -> int:
    return 20 if number < 40 else 300


@pytest.mark.parametrize(
    ("name", "codec", "step", "start"),
    [
        ("even.mp4", "mpeg4", lambda _: 50, 0),
        ("varying.mkv", "mpeg4", slows_down, 0),
        ("varying.webm", "libvpx", slows_down, 0),
        ("late.mkv", "mpeg4", lambda _: 50, 60_000),
        ("late.ts", "mpeg4", lambda _: 50, 60_000),
    ],
)
def test_a_whole_video_ends_without_a_word(tmp_path: Path, name: str, codec: str, step: Step, start: int) -> None:
    times = [frame.time for frame in VideoFile(filmed(tmp_path / name, codec, step=step, start=start))]
    assert len(times) == FRAMES
    assert times == sorted(times)
    assert times[0] == 0


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [("cut.mp4", "mpeg4", {"movflags": "faststart"}), ("cut.mkv", "mpeg4", {}), ("cut.webm", "libvpx", {})],
)
def test_a_video_that_was_cut_off_is_damaged(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    path = filmed(tmp_path / name, codec, **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    seen = []
    with pytest.raises(SourceError, match=rf"{name}: damaged after \d+ frames"):
        seen.extend(VideoFile(path))
    assert len(seen) > 10, "what can be seen is seen first"


def test_a_video_with_a_hole_is_damaged(tmp_path: Path) -> None:
    path = filmed(tmp_path / "hole.mp4", "mpeg4")
    whole = bytearray(path.read_bytes())
    begin, end = len(whole) * 4 // 10, len(whole) * 8 // 10
    whole[begin:end] = bytes(end - begin)
    path.write_bytes(whole)
    with pytest.raises(SourceError, match="could not be decoded"):
        list(VideoFile(path))


def test_a_codec_that_is_not_decoded_is_named_with_what_to_do() -> None:
    path = Path(__file__).with_name("av1.mp4")  # encoded beforehand: SVT-AV1 makes its process a real-time one
    with pytest.raises(SourceError, match=r"av1\.mp4: uses the codec AV1.*ffmpeg -i .*av1\.mp4 -c:v libx264"):
        VideoFile(path)
