"""How a command is stopped: softly by the first SIGINT or SIGTERM, at once by the second."""

import signal
from collections.abc import Callable
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


def stop_on_sigterm() -> None:
    """Turns SIGTERM into KeyboardInterrupt, so that every ``with`` block closes what it holds."""
    signal.signal(signal.SIGTERM, _interrupt)


def stop_softly(stop: Callable[[], None]) -> None:
    """Lets the first SIGINT or SIGTERM call ``stop``, so that nothing is cut in two; a second one interrupts."""

    def first(number: int, frame: FrameType | None) -> None:
        for one in STOPPING:
            signal.signal(one, _interrupt)
        stop()

    for one in STOPPING:
        signal.signal(one, first)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
