"""Frame sources on real files and a real HTTP camera that goes away and comes back."""

import contextlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame, SourceError
from smartcart.edge.capture.pacing import newest, thinned
from smartcart.edge.capture.sources import ImageFolder, LiveCamera, VideoFile, is_live, open_source


def picture(level: int) -> np.ndarray:
    image = np.full((120, 160, 3), 40, np.uint8)
    cv2.circle(image, (20 + level % 120, 60), 15, (200, 180, 90), -1)
    return image


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, (160, 120))
    for i in range(40):
        writer.write(picture(i))
    writer.release()
    return path


def test_a_video_file_gives_every_frame_with_its_own_time(video: Path) -> None:
    frames = list(VideoFile(video))
    assert len(frames) == 40
    assert [f.index for f in frames] == list(range(40))
    assert frames[0].time == 0
    assert frames[20].time == pytest.approx(1.0, abs=0.01)


def test_a_truncated_video_says_so_and_keeps_what_it_had(video: Path, tmp_path: Path) -> None:
    whole = video.with_suffix(".avi")
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (160, 120))
    for i in range(40):
        writer.write(picture(i))
    writer.release()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    seen: list[Frame] = []
    with pytest.raises(SourceError, match=r"cut\.avi"):
        seen.extend(VideoFile(cut))


def test_a_video_cut_off_at_its_head_is_refused(video: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[:400])
    with pytest.raises(SourceError, match="is not a video"):
        open_source(str(cut))


def test_a_file_that_is_no_video_and_one_that_is_not_there_are_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "shopping.mp4"
    text.write_text("milk, eggs")
    with pytest.raises(SourceError, match=r"shopping\.mp4: is not a video"):
        open_source(str(text))
    with pytest.raises(SourceError, match="no such video file"):
        open_source(str(tmp_path / "none.mp4"))


def test_a_folder_of_pictures_goes_by_name(tmp_path: Path) -> None:
    for i in (2, 0, 1):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((20, 20, 3), 50 * i, np.uint8))
    frames = list(ImageFolder(tmp_path, fps=5))
    assert [int(f.image.mean()) for f in frames] == [0, 50, 100]
    assert [f.time for f in frames] == [0, 0.2, 0.4]


def test_a_folder_goes_as_people_count_and_leaves_hidden_files_out(tmp_path: Path) -> None:
    for i in (1, 2, 10):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((20, 20, 3), 20 * i, np.uint8))
    (tmp_path / "._1.png").write_bytes(b"what a Mac leaves behind")
    assert [int(f.image.mean()) for f in ImageFolder(tmp_path)] == [20, 40, 200]


def test_a_picture_in_which_nothing_can_be_seen_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "strip.png"), np.zeros((4000, 3, 3), np.uint8))
    with pytest.raises(SourceError, match=r"strip\.png: is a picture of 3 x 4000 pixels"):
        list(ImageFolder(tmp_path))


def test_an_empty_folder_and_a_broken_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="contains no picture"):
        open_source(str(tmp_path))
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(SourceError, match=r"a\.png: not a picture"):
        list(open_source(str(tmp_path)))


def test_a_camera_that_is_not_there_says_what_to_try(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match=r"camera 97 does not answer.*(There (is|are) |This machine|Try 0)"):
        open_source("97")
    assert capfd.readouterr() == ("", ""), "OpenCV's own lines stay out"


@pytest.mark.parametrize("word", ["100", "99999999999999999999"])
def test_a_number_that_no_camera_has_is_not_there(word: str) -> None:
    with pytest.raises(SourceError, match=f"camera {word} does not answer"):
        open_source(word)


def test_an_empty_source_is_not_the_folder_where_one_stands() -> None:
    with pytest.raises(SourceError, match="no source given"):
        open_source("")


def test_a_name_that_is_no_text_is_refused_before_opencv_sees_it(video: Path, tmp_path: Path) -> None:
    strange = video.rename(os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.mp4"))
    with pytest.raises(SourceError, match="are not valid text; rename it"):
        open_source(str(strange))
    folder = tmp_path / "pictures"
    folder.mkdir()
    Path(os.fsdecode(bytes(folder) + b"/\xff.png")).write_bytes(cv2.imencode(".png", picture(1))[1].tobytes())
    with pytest.raises(SourceError, match="are not valid text; rename it"):
        list(open_source(str(folder)))


@pytest.mark.parametrize("name", ["a:b.mp4", "take %03d.mp4", "new\nline.mp4", "it's.mp4"])
def test_a_video_of_any_other_name_is_read(
    video: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    video.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(list(open_source(name))) == 40


def test_folders_and_pipes_are_no_pictures_and_a_broken_link_is_told(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), picture(1))
    (tmp_path / "2.png").mkdir()
    os.mkfifo(tmp_path / "3.png")
    assert len(list(open_source(str(tmp_path)))) == 1
    (tmp_path / "4.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"4\.png: not a picture"):
        list(open_source(str(tmp_path)))


def test_a_picture_larger_than_any_camera_gives_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "poster.png"), np.zeros((2000, 17_000), np.uint8))
    with pytest.raises(SourceError, match=r"17000 x 2000 pixels; at most 16383"):
        list(open_source(str(tmp_path)))


class HttpCamera:
    """A network camera: motion JPEG over HTTP; ``breaks_after`` frames it hangs up."""

    def __init__(self, breaks_after: int) -> None:
        camera = self
        self.visits = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.visits += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # the watcher may leave first
                    for i in range(breaks_after):
                        jpeg = cv2.imencode(".jpg", picture(i))[1].tobytes()
                        self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
                        self.wfile.write(f"Content-Length: {len(jpeg)}\r\n\r\n".encode() + jpeg + b"\r\n")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/live.mjpg"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def http_camera() -> Iterator[HttpCamera]:
    camera = HttpCamera(breaks_after=30)
    yield camera
    camera.server.shutdown()
    camera.server.server_close()


def test_a_network_camera_that_hangs_up_is_opened_again(http_camera: HttpCamera) -> None:
    told: list[bool] = []
    source = LiveCamera(http_camera.url, on_presence=told.append)
    times: list[float] = []
    for frame in source:
        times.append(frame.time)
        if len(told) >= 2 and told[-1]:
            source.close()
    assert http_camera.visits >= 2
    assert told[:2] == [False, True]
    assert len(times) > 20
    assert times == sorted(times)


def test_a_stream_that_does_not_answer_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError, match="does not answer") as caught:
        open_source("http://user:secret@127.0.0.1:9/live.mjpg")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("word", ["/dev/video97", "/dev/v4l/by-id/usb-none"])
def test_a_device_is_a_camera_not_a_file(word: str) -> None:
    assert is_live(word)
    with pytest.raises(SourceError, match=f"camera {word} does not answer"):
        open_source(word)


@pytest.mark.parametrize(
    "word",
    [
        "HTTP://127.0.0.1:9/cgi?user=a&pwd=secret",
        "rtsp://admin:secret@127.0.0.1:9/live",
        "rtsp://admin:a/secret@127.0.0.1:9/live",
        "rtmp://127.0.0.1:9/live/secret",
        "srt://127.0.0.1:9?passphrase=secret",
        "http://[",
        "ftp://anna:secret@127.0.0.1/clip.mp4",
        "anna:secret@127.0.0.1/clip.mp4",
        "rtsp:/127.0.0.1/secret",
        "HTTP:127.0.0.1/live?key=secret",
    ],
)
def test_no_secret_of_an_address_is_told(word: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(word)
    assert "no such video file" not in str(caught.value)
    said = "".join((str(caught.value), *capfd.readouterr()))
    assert "secret" not in said


def test_thinning_keeps_at_most_so_many_frames_a_second(video: Path) -> None:
    kept = list(thinned(VideoFile(video), 5))
    assert len(kept) == 10


def test_the_newest_frame_is_taken_and_a_failure_handed_over(tmp_path: Path) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), picture(i))
    (tmp_path / "3.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match=r"3\.png"):
        list(newest(ImageFolder(tmp_path)))
