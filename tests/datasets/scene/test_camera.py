"""The camera: its projection agrees with its lens map, and its sensor is a function of its random stream."""

import cv2
import numpy as np
import pytest

from smartcart.datasets.scene.camera import Camera, Lens, Sensor, expose


@pytest.mark.parametrize("barrel", [0.0, 0.05, 0.12])
def test_a_projected_point_is_where_the_bent_picture_shows_it(barrel):
    lens = Lens(width=320, height=240, fov=60, barrel=barrel)
    rendered = np.zeros((240, 320), np.float32)
    local = np.array([[0.25, -0.2, 1.0]])
    u = local[0, 0] * lens.render_focal + 160
    v = local[0, 1] * lens.render_focal + 120
    cv2.circle(rendered, (round(u), round(v)), 3, 1.0, -1)
    bent = cv2.remap(rendered, *lens.maps, cv2.INTER_LINEAR)
    rows, columns = np.nonzero(bent > 0.5)
    x, y = lens.project(local)[0]
    assert abs(columns.mean() - x) < 1.5
    assert abs(rows.mean() - y) < 1.5


def test_the_rendered_picture_covers_the_bent_one():
    lens = Lens(width=640, height=480, fov=70, barrel=0.12)
    for values, size in zip(lens.maps, (640, 480), strict=True):
        assert values.min() >= -1
        assert values.max() <= size + 1


def test_the_target_is_in_the_middle():
    camera = Camera(
        lens=Lens(width=640, height=480, fov=60, barrel=0.1), place=(-0.5, 0.1, 0.6), target=(0.1, 0, 0), roll=0.3
    )
    pixels, depth = camera.project(np.array([[0.1, 0.0, 0.0]]))
    assert np.allclose(pixels, [[320, 240]])
    assert depth[0] > 0
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))


def test_up_is_up_in_the_picture():
    camera = Camera(lens=Lens(width=640, height=480, fov=60, barrel=0), place=(-1, 0, 0.5), target=(0, 0, 0))
    (low, high), _ = camera.project(np.array([[0, 0, 0.0], [0, 0, 0.2]]))
    assert high[1] < low[1]


def test_exposure_is_the_same_for_the_same_stream_and_blurs_what_moves():
    lens = Lens(width=64, height=48, fov=60, barrel=0)
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[20:28, 28:36] = 255
    moving = picture[..., 0] > 0
    still = expose(picture, Sensor(noise=0), lens, np.random.default_rng(1))
    again = expose(picture, Sensor(noise=0), lens, np.random.default_rng(1))
    smeared = expose(picture, Sensor(noise=0), lens, np.random.default_rng(1), movers=[(moving, (14.0, 0.0))])
    assert np.array_equal(still, again)
    assert smeared[24, 24].mean() > still[24, 24].mean() + 20
