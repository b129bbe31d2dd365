"""``smartcart bench pages`` on a few pages."""

import json
import shutil
import subprocess

import pytest
from processes import MOSQUITTO, SMARTCART


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_every_page_sees_every_event() -> None:
    run = [SMARTCART, "bench", "pages", "--pages", "5", "--carts", "3", "--seconds", "2", "--loads", "1", "--json"]
    told = subprocess.run([*run, "--require", "missed == 0"], capture_output=True, text=True, timeout=200)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["seen"] == 5 * figures["events"] > 0
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["max"]
    if shutil.which("chromium"):
        assert figures["drawn"] == figures["events"]
        assert figures["latency_ms"]["p50"] < figures["drawn_ms"]["p50"]
        first = figures["first_page"]
        assert 0 < first["usable_ms"]["p50"] < first["live_ms"]["p50"]
        assert 10_000 < first["transferred_bytes"] < 100_000
