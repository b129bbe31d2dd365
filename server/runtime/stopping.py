"""Waiting until somebody wants the process to stop."""

import signal
import threading
from types import FrameType


def wait_for_stop() -> None:
    """Returns on Ctrl-C or SIGTERM; to be called in the main thread.

    It wakes twice a second, since on Windows a plain wait would not hear Ctrl-C.
    """
    stop = threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stop.wait(0.5):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
