"""What a view teaches: the product on a plain ground, and what a cart's camera will see of it."""

from dataclasses import replace

import cv2
import numpy as np
from turned_packs import AT, HAND, ITEM, Pixels, view

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.enrolment import Enrolment
from smartcart.edge.gallery.gallery_file import empty
from smartcart.edge.gallery.search import Index
from smartcart.edge.gallery.views import IN_CARTS, as_in_carts, product_on_plain_ground
from smartcart.edge.vision.detection import Box
from smartcart.models.labels import DEFAULT_EMBEDDING


def pack_on(ground: Image) -> Image:
    """A pack from 25 to 75 % of the width and 20 to 60 % of the height."""
    picture = ground.copy()
    height, width = picture.shape[:2]
    cut = picture[height // 5 : height * 3 // 5, width // 4 : width * 3 // 4]
    cut[:] = cv2.resize(view(1).image, (cut.shape[1], cut.shape[0]))
    return picture


def test_a_product_on_a_plain_ground_is_what_differs_from_it() -> None:
    for grey in (0, 150, 255):
        found = product_on_plain_ground(pack_on(np.full((400, 400, 3), grey, np.uint8)))
        assert found is not None
        assert np.allclose((found.x1, found.y1, found.x2, found.y2), (0.25, 0.2, 0.75, 0.6), atol=0.02)


def test_where_the_ground_is_not_plain_or_empty_there_is_no_such_product() -> None:
    table = np.random.default_rng(1).integers(90, 160, (400, 400, 3), np.uint8)
    assert product_on_plain_ground(pack_on(table)) is None
    assert product_on_plain_ground(np.full((400, 400, 3), 200, np.uint8)) is None


def test_a_catalogue_picture_on_white_is_enrolled_without_its_white() -> None:
    picture = Frame(index=0, time=0.0, image=pack_on(np.full((400, 400, 3), 255, np.uint8)))
    enrolment = Enrolment(Pixels(), whole_pictures=True)
    assert enrolment.see(picture, []) == "taken"
    assert enrolment.box is not None
    assert enrolment.box.area < 0.25


def test_a_cart_sees_few_pixels_in_other_light_and_never_more_than_there_are() -> None:
    near = as_in_carts(np.full((400, 400, 3), 100, np.uint8), AT)
    assert [image.shape[0] for image in near] == [round(light.side / 0.6) for light in IN_CARTS]
    assert [image[0, 0].tolist() for image in near] == [[int(100 * gain) for gain in light.gains] for light in IN_CARTS]
    far = as_in_carts(np.full((20, 20, 3), 100, np.uint8), Box(0.0, 0.0, 1.0, 1.0))
    assert [image.shape for image in far] == [(20, 20, 3)] * len(IN_CARTS)


def test_what_is_enrolled_near_is_known_from_afar() -> None:
    embedder = OnnxEmbedder(DEFAULT_EMBEDDING)
    enrolment = Enrolment(embedder)
    shown = [view(seed) for seed in range(8)]
    for frame in shown:
        enrolment.see(frame, [ITEM, HAND])
    product = enrolment.enrolled("MILK", "Milk")
    afar = np.concatenate([embedder.embed(as_in_carts(frame.image, AT)[0], [AT]) for frame in shown])
    near_rows = np.concatenate([embedder.embed(frame.image, [AT]) for frame in shown])
    near_alone = Index(empty("s", embedder.embedding).with_product(replace(product, prototypes=near_rows)))
    both = Index(empty("s", embedder.embedding).with_product(product))
    assert both.similarities(afar).mean() > near_alone.similarities(afar).mean() + 0.05
