"""Waits until the process is asked to stop."""

import signal
import threading
from types import FrameType


def wait_for_stop() -> None:
    """Returns on Ctrl-C or SIGTERM; call it in the main thread.

    It wakes twice a second, since a plain wait on Windows would not notice Ctrl-C.
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
