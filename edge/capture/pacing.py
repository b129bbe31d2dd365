"""Paces frames: a recording no faster than it was filmed, a camera always at its newest frame."""

import threading
import time
from collections.abc import Iterable, Iterator

from smartcart.edge.capture.frames import Frame, FrameSource


def real_time(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames of a recording, each no earlier than its media time after the first."""
    start = time.monotonic()
    for frame in frames:
        ahead = start + frame.time - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        yield frame


def newest(source: FrameSource) -> Iterator[Frame]:
    """The newest frame of a camera each time one is requested; frames that came in between are dropped.

    Raises:
        SourceError: raised by the source.
    """
    news = threading.Condition()
    latest: list[Frame] = []
    failure: list[BaseException] = []
    ended = threading.Event()

    def read() -> None:
        try:
            for frame in source:
                with news:
                    latest[:] = [frame]
                    news.notify()
                if ended.is_set():
                    break
        except Exception as error:  # handed over to the iterating thread
            failure.append(error)
        ended.set()
        with news:
            news.notify()

    threading.Thread(target=read, name="camera", daemon=True).start()
    try:
        while True:
            with news:
                news.wait_for(lambda: bool(latest) or ended.is_set())
                if not latest:
                    break
                frame = latest.pop()
            yield frame
        if failure:
            raise failure[0]
    finally:
        ended.set()
        source.close()


def thinned(frames: Iterable[Frame], fps: float) -> Iterator[Frame]:
    """At most ``fps`` frames a second of media time; the others are dropped."""
    due: float | None = None
    for frame in frames:
        if due is None or frame.time >= due - 1e-6:
            due = frame.time + 1 / fps if due is None or frame.time > due + 1 / fps else due + 1 / fps
            yield frame
