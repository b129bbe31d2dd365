"""``smartcart bench pages`` on a few pages."""

import json
import subprocess

import pytest
from processes import MOSQUITTO, SMARTCART


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_every_page_sees_every_event() -> None:
    run = [SMARTCART, "bench", "pages", "--pages", "5", "--carts", "3", "--seconds", "2", "--json"]
    told = subprocess.run([*run, "--require", "missed == 0"], capture_output=True, text=True, timeout=200)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["seen"] == 5 * figures["events"] > 0
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["max"]
