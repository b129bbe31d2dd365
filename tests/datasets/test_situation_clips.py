"""The short clips that the tests carry: one visit of every situation, with products that no training picture shows."""

from pathlib import Path

import cv2
import pytest

from smartcart.models.dataset.truth import SITUATIONS, read_truth

CLIPS = sorted((Path(__file__).parent / "clips").glob("*.truth.json"))
CHANGE_NOTHING = {"touch", "rearrange", "hesitate", "empty_hand", "cart_moved"}


def test_every_situation_has_a_clip_and_all_are_small():
    truths = [read_truth(path) for path in CLIPS]
    told = {e.situation for t in truths for e in t.events} | {d.situation for t in truths for d in t.distractors}
    assert told == set(SITUATIONS)
    assert sum(path.stat().st_size for path in CLIPS[0].parent.iterdir()) < 6_000_000


@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.name.partition("_test_")[0])
def test_it_plays_and_its_truth_fits_it(path):
    truth = read_truth(path)
    video = cv2.VideoCapture(str(path.with_name(truth.video)))
    frames = 0
    while video.read()[0]:
        frames += 1
    video.release()
    situation = path.name.partition("_test_")[0]
    assert bool(truth.events) == (situation not in CHANGE_NOTHING)
    assert all(count > 0 for count in truth.final().values())
    for part in (*truth.events, *truth.distractors):
        assert 0 <= part.start <= part.end <= frames / truth.fps + 0.2
        assert part.situation == situation
