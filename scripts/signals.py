"""SIGTERM stops a command the way Ctrl-C does."""

import signal
from types import FrameType


def stop_on_sigterm() -> None:
    """Turns SIGTERM into KeyboardInterrupt, so that every ``with`` block closes what it holds."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
