"""Clips judged by product: right only under the product that the truth names."""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.capture.sources import open_source
from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.gallery_file import Enrolled, Floats, empty
from smartcart.edge.gallery.in_use import write_gallery
from smartcart.edge.vision.zone import Zone
from smartcart.models.dataset.truth import Change, Truth, TruthEvent, read_truth, write_truth
from smartcart.models.evaluation.event_metrics import figures
from smartcart.models.labels import DEFAULT_EMBEDDING, DEFAULT_MODEL, HAND
from smartcart.scripts.evaluation.by_product import judged_by_product, truth_by_product
from smartcart.scripts.evaluation.observations import Observation, look_at_video

CLIP = Path(__file__).parents[2] / "datasets" / "clips" / "single_add_test_000711.mp4"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """The clip's, with a product that is written and read."""
    known = read_truth(CLIP.with_suffix(".truth.json"))
    file = tmp_path_factory.mktemp("truth") / "clip.truth.json"
    write_truth(
        file, dataclasses.replace(known, events=[dataclasses.replace(e, product="SKU-1") for e in known.events])
    )
    return read_truth(file)


@pytest.fixture(scope="module")
def looks(truth: Truth) -> list[Observation]:
    options = argparse.Namespace(
        model=DEFAULT_MODEL, recogniser=None, threads=1, detections=None, hand_class=HAND, gallery=None, embedding=None
    )
    return look_at_video(CLIP, options, Zone(truth.zone))


@pytest.fixture(scope="module")
def views(truth: Truth, looks: list[Observation]) -> Floats:
    """What the item that is put in looks like to the embedding, where it is seen."""
    embedder, label, rows = OnnxEmbedder(DEFAULT_EMBEDDING), truth.events[0].label, []
    for frame, look in zip(open_source(str(CLIP)), looks, strict=False):
        if frame.time >= truth.events[0].start and frame.index % 3 == 0:
            boxes = [d.box for d in look.detections if d.label == label]
            rows += list(embedder.embed(frame.image, boxes))
    return np.array(rows)


def judged(tmp_path: Path, truth: Truth, looks: list[Observation], sku: str, prototypes: Floats) -> dict[str, int]:
    """How many events are right, and how many are told though not right, with one product enrolled."""
    embedder = OnnxEmbedder(DEFAULT_EMBEDDING)
    product = Enrolled(sku=sku, name=sku, labels=(truth.events[0].label,), prototypes=prototypes[:16])
    write_gallery(tmp_path / "g", empty("store-1", embedder.embedding).with_product(product).to_bytes())
    options = argparse.Namespace(gallery=tmp_path / "g", embedding=None, threads=1)
    replayed = judged_by_product(CLIP, truth, looks, options)
    assert replayed is not None
    clip = figures([replayed])["per_clip"][0]
    return {key: clip[key] for key in ("tp", "fp", "uncertain")}


def test_an_item_under_its_product_is_right(
    tmp_path: Path, truth: Truth, looks: list[Observation], views: Floats
) -> None:
    assert judged(tmp_path, truth, looks, "SKU-1", views) == {"tp": 1, "fp": 0, "uncertain": 0}


def test_an_item_under_another_product_is_wrong(
    tmp_path: Path, truth: Truth, looks: list[Observation], views: Floats
) -> None:
    assert judged(tmp_path, truth, looks, "SKU-2", views) == {"tp": 0, "fp": 1, "uncertain": 0}


def test_an_item_that_is_like_nothing_enrolled_is_left_uncertain(
    tmp_path: Path, truth: Truth, looks: list[Observation], views: Floats
) -> None:
    assert judged(tmp_path, truth, looks, "SKU-1", -views) == {"tp": 0, "fp": 0, "uncertain": 1}


def test_without_a_gallery_or_products_in_the_truth_nothing_is_told(truth: Truth, looks: list[Observation]) -> None:
    assert judged_by_product(CLIP, truth, looks, argparse.Namespace(gallery=None)) is None
    plain = read_truth(CLIP.with_suffix(".truth.json"))
    assert judged_by_product(CLIP, plain, looks, argparse.Namespace(gallery=Path("g"))) is None


def test_what_was_there_from_the_start_counts_under_its_product_once_its_removal_names_it() -> None:
    def golden(change: Change, t: float) -> TruthEvent:
        return TruthEvent(type=change, label="apple", product="golden", t=t, start=t, end=t)

    truth = Truth(
        video="clip.mp4",
        fps=12.0,
        size=(640, 480),
        zone=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        initial={"apple": 2, "can": 1},
        events=(
            golden("added", 1.0),
            golden("removed", 2.0),
            golden("removed", 3.0),
        ),
    )
    judged = truth_by_product(truth)
    assert judged.initial == {"apple": 1, "can": 1, "golden": 1}
    assert [event.label for event in judged.events] == ["golden"] * 3
    assert judged.final() == {"apple": 1, "can": 1}
