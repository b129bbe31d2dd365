"""``smartcart bench``: a short load on the real server, and its arithmetic."""

import json
import os
import subprocess
import sys

import pytest
from processes import MOSQUITTO, SMARTCART

from smartcart.scripts.bench.load import percentiles
from smartcart.scripts.process_use import growth_per_hour, use_of


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_short_load_is_answered_to_the_last_event() -> None:
    words = ["--carts", "50", "--rate", "1", "--minutes", "0.1", "--echo-seconds", "3", "--ledger-events", "400"]
    needs = "lost == 0 and unanswered == 0 and rejected == 0 and sent > 200"
    run = [SMARTCART, "bench", "server", *words, "--json", "--require", needs]
    told = subprocess.run(run, capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures["stored"] == figures["sent"] == figures["answered"]
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"] <= figures["latency_ms"]["max"]
    assert figures["server_memory_mib"]["most"] > 20
    assert figures["p99_ms"] == figures["latency_ms"]["p99"]
    assert figures["ratio_raw"] == pytest.approx(figures["events_per_s"] / figures["raw_sqlite_events_per_s"], rel=0.05)


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_a_short_load_over_tls_is_answered_to_the_last_event() -> None:
    words = ["--carts", "10", "--rate", "2", "--minutes", "0.05", "--echo-seconds", "1", "--ledger-events", "200"]
    needs = "tls and lost == 0 and unanswered == 0 and rejected == 0 and sent > 20"
    run = [SMARTCART, "bench", "server", "--tls", *words, "--require", needs]
    told = subprocess.run(run, capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stdout + told.stderr


def test_percentiles_are_of_all_values() -> None:
    assert percentiles([float(i) for i in range(1000)]) == {"p50": 500.0, "p95": 950.0, "p99": 990.0, "max": 999.0}
    assert percentiles([])["p99"] == 0.0


def test_growth_is_told_of_a_run_that_is_long_enough() -> None:
    flat = [(float(t), 100.0 + t % 2) for t in range(400)]
    growing = [(float(t), 100.0 + t / 360) for t in range(400)]
    assert abs(growth_per_hour(flat) or 0.0) < 1
    assert growth_per_hour(growing) == pytest.approx(10)
    assert growth_per_hour(growing[:200]) is None


def test_what_a_process_uses_is_told_until_it_is_gone() -> None:
    assert use_of(os.getpid()).rss_mib > 10
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert use_of(gone.pid).rss_mib == 0


@pytest.mark.parametrize("words", [["--carts", "0"], ["--minutes", "0"], ["--rate", "-1"]])
def test_what_makes_no_load_is_refused(words: list[str]) -> None:
    told = subprocess.run([SMARTCART, "bench", "server", *words], capture_output=True, text=True, timeout=60)
    assert told.returncode == 2
    assert "above 0" in told.stderr
