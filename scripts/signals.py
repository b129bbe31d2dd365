"""How a command is stopped: gracefully by the first SIGINT or SIGTERM, at once by the second."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


def stop_on_sigterm() -> None:
    """Turns SIGTERM into KeyboardInterrupt, so that every ``with`` block closes its resources."""
    signal.signal(signal.SIGTERM, _interrupt)


def stop_softly(stop: Callable[[], None]) -> None:
    """Lets the first SIGINT or SIGTERM call ``stop``, so that work is finished cleanly; a second one interrupts."""

    def first(number: int, frame: FrameType | None) -> None:
        for one in STOPPING:
            signal.signal(one, _interrupt)
        stop()

    for one in STOPPING:
        signal.signal(one, first)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays SIGINT and SIGTERM until the end, so that a child is known before anything ends its parent.

    In any thread but the main one it does nothing: signals are not handled there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: list[tuple[int, FrameType | None]] = []
    before = {one: signal.signal(one, lambda *signalled: kept.append(signalled)) for one in STOPPING}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        if kept and callable(handler := before[signal.Signals(kept[0][0])]):
            handler(*kept[0])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
