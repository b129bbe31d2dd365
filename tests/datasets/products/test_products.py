"""Products: real sizes, whole meshes, and splits that share no art."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.errors import DataError
from smartcart.datasets.products import barcode
from smartcart.datasets.products.products import FAMILIES, VARIANTS, pick, product, product_named
from smartcart.datasets.scene.camera import Camera, Lens
from smartcart.models.labels import HAND, ITEMS


def test_the_families_cover_the_everyday_classes():
    labels = {family.label for family in FAMILIES.values()}
    assert labels == set(ITEMS)
    assert len(FAMILIES) >= 60
    assert HAND not in labels


@pytest.mark.parametrize("family", FAMILIES)
def test_a_product_has_the_size_and_weight_of_a_real_one(family):
    thing = product("train", family, 0)
    assert 30 <= thing.mass_g <= 2500
    assert all(0.01 < h < 0.2 for h in thing.half)
    points = np.concatenate([part.mesh.vertices for part in thing.parts])
    assert np.all(np.abs(points).max(0) < np.array(thing.half) * 1.45 + 0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_its_meshes_are_whole(family):
    for part in product("train", family, 1).parts:
        mesh = part.mesh
        assert mesh.faces.min() >= 0
        assert mesh.faces.max() < len(mesh.vertices)
        assert len(mesh.uv) == len(mesh.vertices)
        assert np.all((mesh.uv >= 0) & (mesh.uv <= 1))
        assert np.isfinite(mesh.vertices).all()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in ("mug", "tumbler")])
def test_faces_look_outwards(family):
    mesh = max(
        (part.mesh for part in product("train", family, 0).parts), key=lambda mesh: np.ptp(mesh.vertices, 0).prod()
    )
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0


def test_the_same_product_twice_is_the_same():
    first = product("train", "cereal", 3)
    product.cache_clear()
    again = product("train", "cereal", 3)
    assert first.half == again.half
    assert np.array_equal(first.parts[0].picture, again.parts[0].picture)


def test_a_test_product_shares_no_art_and_no_shape_with_training():
    trained = [product("train", "soup_tin", k) for k in range(100)]
    for k in range(VARIANTS["test"]):
        held_out = product("test", "soup_tin", k)
        for known in trained:
            assert held_out.half != known.half
            assert not np.array_equal(held_out.parts[0].picture, known.parts[0].picture)


def test_pick_keeps_to_the_class_that_is_asked_for():
    rng = np.random.default_rng(0)
    assert {pick(rng, "val", "can").label for _ in range(8)} == {"can"}


@pytest.mark.parametrize("family", ["soup_tin", "milk_carton", "crisps", "jam", "toothpaste", "noodle_cup"])
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_its_bar_code_is_a_valid_ean_13(family, split):
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed")
    sheet = next(part.picture for part in product(split, family, 1).parts if part.picture is not None)
    codes = zxing.read_barcodes(np.ascontiguousarray(sheet))
    assert codes
    assert {code.format.name for code in codes} == {"EAN13"}
    (number,) = {code.text for code in codes}
    assert number == barcode.ean13(int(number[:12]))


@pytest.mark.usefixtures("opengl")
@pytest.mark.parametrize("family", ["soup_tin", "juice_carton"])
def test_a_camera_reads_the_bar_code_of_a_face_that_it_sees(family):
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed")
    from smartcart.datasets.output.demo_clip import demo_script
    from smartcart.datasets.scene.rendering import Eye
    from smartcart.datasets.scene.simulation import World
    from smartcart.datasets.scene.stocking import standing

    thing = product("train", family, 0)
    lens = Lens(width=640, height=480, fov=50, barrel=0.02)
    camera = Camera(lens=lens, place=(0.0, -0.13, 0.05), target=(0.0, 0.0, 0.045))
    world = World(dataclasses.replace(demo_script().look, camera=camera), {"it": thing})
    read: set[str] = set()
    with Eye(world) as eye:
        for yaw in np.linspace(0, 2 * np.pi, 20, endpoint=False):
            world.put("it", standing(thing, (0.0, 0.0), float(yaw)))
            world.refresh()
            read |= {code.text for code in zxing.read_barcodes(eye.look().picture)}
    sheet = np.ascontiguousarray(thing.parts[0].picture)
    printed = {code.text for code in zxing.read_barcodes(sheet)}
    assert printed
    assert printed <= read


def test_a_product_is_found_by_its_name() -> None:
    one = product("val", next(iter(FAMILIES)), 2)
    assert product_named(one.name).name == one.name
    with pytest.raises(DataError, match="is not a simulated product"):
        product_named("milk")
