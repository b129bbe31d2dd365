"""``smartcart bench edge``: a short run over the bundled clip, and the full basket that it makes up."""

import json
import subprocess

from processes import SMARTCART

from smartcart.models.labels import HAND
from smartcart.scripts.bench.edge import CROWD, crowd


def test_a_short_run_tells_every_part() -> None:
    words = ["--frames", "14", "--runs", "1", "--json", "--require", "ratio_bare > 0.05 and crowd_ms > 0"]
    told = subprocess.run([SMARTCART, "bench", "edge", *words], capture_output=True, text=True, timeout=240)
    assert told.returncode == 0, told.stdout + told.stderr
    figures = json.loads(told.stdout.splitlines()[-1])
    assert set(figures["split_ms"]) == {"decode", "preprocess", "infer", "postprocess", "track", "judge"}
    assert all(ms >= 0 for ms in figures["split_ms"].values())
    assert figures["crowd_items"] == CROWD
    assert 0 < figures["witness_frame_ms"] < figures["witness_visit_ms"]


def test_too_few_frames_are_refused() -> None:
    run = [SMARTCART, "bench", "edge", "--frames", "3"]
    told = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert told.returncode == 2
    assert "more than" in told.stderr


def test_the_full_basket_has_its_items_in_every_frame_and_now_and_then_a_hand() -> None:
    frames = crowd()
    assert all(sum(d.label != HAND for d in seen) == CROWD for seen in frames)
    with_hand = sum(any(d.label == HAND for d in seen) for seen in frames)
    assert 0.3 < with_hand / len(frames) < 0.7
