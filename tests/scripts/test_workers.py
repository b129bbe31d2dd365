"""Workers end with the command that they work for, even when it is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import os, time
from smartcart.scripts.workers import workers

if __name__ == "__main__":
    with workers(2) as pool:
        print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
        pool.submit(time.sleep, 300)
        time.sleep(300)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="this system has no /proc")
def test_a_killed_command_leaves_no_worker(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    started = [int(word) for word in command.stdout.readline().split()]
    assert started
    assert all(map(alive, started))
    command.send_signal(signal.SIGKILL)
    command.wait()
    deadline = time.monotonic() + 30
    while any(map(alive, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, started))
    command.stdout.close()
