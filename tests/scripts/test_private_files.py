"""What the server and the cart write, no other user of the machine may read."""

import logging
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import SMARTCART, free_port, wait_until

from smartcart.scripts.private_files import warn_of_readers

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of this kind are POSIX's")
CLIP = Path(__file__).parents[2] / "datasets" / "demo" / "demo.mp4"
BROKER = f"mqtt://127.0.0.1:{free_port()}"
COMMANDS = {
    "server": ["server", "--port", "0", "--broker", BROKER, "--ledger", "sqlite:///made.sqlite"],
    "edge": ["edge", "--broker", BROKER, "--outbox", "made.sqlite", "--source", str(CLIP)],
}


@pytest.fixture(params=COMMANDS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A command that writes into the folder, from a shell whose own files everybody may read."""
    pipe = subprocess.PIPE
    words = [SMARTCART, *COMMANDS[request.param]]
    process = subprocess.Popen(words, cwd=tmp_path, umask=0o022, stdout=pipe, stderr=subprocess.STDOUT, text=True)
    yield process
    process.kill()
    process.communicate()


def test_its_database_and_all_beside_it_are_its_owners_alone(running: "subprocess.Popen[str]", tmp_path: Path) -> None:
    wait_until(lambda: (tmp_path / "made.sqlite-shm").exists() or running.poll() is not None, timeout=120)
    time.sleep(0.2)
    rights = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in tmp_path.iterdir()}
    assert {"made.sqlite", "made.sqlite-wal", "made.sqlite-shm"} <= rights.keys()
    assert set(rights.values()) == {"600"}, rights


def test_an_older_file_that_others_may_read_is_told_with_what_mends_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, beside = tmp_path / "old ledger.sqlite", tmp_path / "old ledger.sqlite-wal"
    for path in (old, beside):
        path.touch(0o644)
    with caplog.at_level(logging.WARNING):
        warn_of_readers(old)
    (said,) = caplog.messages
    subprocess.run(said.partition(": ")[2], shell=True, check=True)
    assert [f"{path.stat().st_mode & 0o777:o}" for path in (old, beside)] == ["600", "600"]
    caplog.clear()
    warn_of_readers(old)
    assert not caplog.messages


def test_a_folder_in_which_others_may_replace_it_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tmp_path.chmod(0o777)
    warn_of_readers(tmp_path / "ledger.sqlite")
    assert f"chmod 700 {tmp_path}" in caplog.text
    caplog.clear()
    tmp_path.chmod(0o1777)  # as /tmp: nobody removes another's file
    warn_of_readers(tmp_path / "ledger.sqlite")
    assert not caplog.messages
