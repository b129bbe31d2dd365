"""Enrolment: varied sharp views are taken, what is wrong with the others is said, and the nearest products are told."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from turned_packs import AT, EMBEDDING, HAND, ITEM, Pixels, view

from smartcart.edge.capture.frames import Frame
from smartcart.edge.gallery.enrolment import ENOUGH, MOST, Enrolment, prototypes
from smartcart.edge.gallery.gallery_file import MAX_PROTOTYPES, Enrolled, GalleryError, empty
from smartcart.edge.gallery.nearest import nearest
from smartcart.edge.gallery.search import Index
from smartcart.edge.vision.detection import Box, Detection


def blurred(frame: Frame) -> Frame:
    return Frame(index=frame.index, time=frame.time, image=np.asarray(cv2.blur(frame.image, (95, 95)), np.uint8))


def enrolled(sku: str, seeds: Sequence[int]) -> Enrolled:
    enrolment = Enrolment(Pixels())
    for seed in seeds:
        enrolment.see(view(seed), [ITEM, HAND])
    return enrolment.enrolled(sku, sku.title())


def test_new_views_fill_the_ring_and_known_ones_do_not() -> None:
    enrolment = Enrolment(Pixels())
    assert [enrolment.see(view(seed), [ITEM, HAND]) for seed in (1, 1, 2)] == ["taken", "known view", "taken"]
    assert enrolment.views == 2
    assert enrolment.progress == 2 / ENOUGH
    for seed in range(3, 3 + 2 * MOST):
        enrolment.see(view(seed), [ITEM])
    assert enrolment.progress == 1.0
    assert enrolment.views == MOST
    assert enrolment.see(view(500), [ITEM]) == "full"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "no item"),
        ([HAND], "no item"),
        ([Detection(label="can", confidence=0.1, box=AT)], "no item"),
        ([ITEM, Detection(label="can", confidence=0.7, box=Box(0.72, 0.2, 0.99, 0.8))], "two items"),
        ([Detection(label="can", confidence=0.7, box=Box(0.5, 0.5, 0.54, 0.56))], "too small"),
    ],
    ids=["nothing", "an empty hand", "a doubtful thing", "two things", "a far thing"],
)
def test_what_cannot_be_taken_is_said(found: list[Detection], said: str) -> None:
    enrolment = Enrolment(Pixels())
    assert enrolment.see(view(1), found) == said
    assert enrolment.views == 0


def test_what_lies_beside_the_hand_is_not_what_is_shown() -> None:
    enrolment = Enrolment(Pixels())
    aside = Detection(label="can", confidence=0.9, box=Box(0.0, 0.0, 0.25, 0.5))
    assert enrolment.see(view(1), [ITEM, HAND, aside]) == "taken"
    assert enrolment.box == AT


def test_a_blurred_view_is_refused() -> None:
    enrolment = Enrolment(Pixels())
    assert enrolment.see(blurred(view(1)), [ITEM]) == "blurred"


def test_too_few_views_are_an_error_that_says_what_was_wrong() -> None:
    enrolment = Enrolment(Pixels())
    enrolment.see(view(1), [ITEM])
    for seed in range(2, 9):
        enrolment.see(view(seed), [])
    with pytest.raises(GalleryError, match=r"only 1 usable views of MILK .* no item: hold the product"):
        enrolment.enrolled("MILK", "Milk")


def test_a_catalogue_picture_is_taken_whole_where_nothing_is_found() -> None:
    enrolment = Enrolment(Pixels(), whole_pictures=True)
    assert enrolment.see(view(1), []) == "taken"


def test_a_product_has_few_prototypes_and_its_detectors_labels() -> None:
    product = enrolled("MILK", range(30))
    assert product.labels == ("carton",)
    assert 3 <= len(product.prototypes) <= MAX_PROTOTYPES
    assert np.allclose(np.linalg.norm(product.prototypes, axis=1), 1, atol=1e-5)
    rows = np.eye(3, dtype=np.float32)
    assert np.allclose(np.sort(prototypes(rows), axis=0), np.sort(rows, axis=0))


def test_the_nearest_products_are_told_with_what_to_do() -> None:
    gallery = empty("s", EMBEDDING)
    for sku, seeds in (
        ("OATS", range(100, 110)),
        ("TWIN", range(5)),
        ("RICE", range(200, 210)),
        ("PEAS", range(300, 310)),
    ):
        gallery = gallery.with_product(enrolled(sku, seeds))
    near = nearest(Index(gallery), enrolled("MILK", range(5)))
    assert len(near) == 3
    assert near[0].sku == "TWIN"
    assert near[0].too_close
    assert "is it the same product?" in near[0].advice
    assert "add the barcode" in near[0].advice
    assert not near[1].too_close
    assert "told apart" in near[1].advice


def test_a_product_that_is_enrolled_again_is_no_rival_of_itself() -> None:
    gallery = empty("s", EMBEDDING).with_product(enrolled("MILK", range(5)))
    assert nearest(Index(gallery), enrolled("MILK", range(5))) == ()
