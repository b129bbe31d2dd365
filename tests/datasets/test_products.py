"""Products: real sizes, whole meshes, and splits that share no art."""

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the simulator (extra sim) is not installed")

from smartcart.datasets.products import FAMILIES, VARIANTS, pick, product
from smartcart.models.labels import HAND, ITEMS

REQUIRED = {"bottle", "can", "carton", "box", "jar", "tub", "apple", "orange", "banana", "lemon", "tomato", "cucumber"}


def test_the_families_cover_the_everyday_classes():
    labels = {family.label for family in FAMILIES.values()}
    assert labels >= REQUIRED | {"bag"}
    assert labels <= set(ITEMS)
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


@pytest.mark.parametrize("family", ["water", "milk_carton", "cereal", "banana", "apple", "crisps"])
def test_faces_look_outwards(family):
    mesh = product("train", family, 0).parts[0].mesh
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0


def test_the_same_product_twice_is_the_same():
    first = product("train", "cereal", 3)
    product.cache_clear()
    again = product("train", "cereal", 3)
    assert first.half == again.half
    assert np.array_equal(first.parts[0].picture, again.parts[0].picture)


def test_a_test_product_shares_no_art_and_no_shape_with_training():
    trained = [product("train", "soup_tin", k) for k in range(VARIANTS["train"])]
    for k in range(VARIANTS["test"]):
        held_out = product("test", "soup_tin", k)
        for known in trained:
            assert held_out.half != known.half
            assert not np.array_equal(held_out.parts[0].picture, known.parts[0].picture)


def test_pick_keeps_to_the_class_that_is_asked_for():
    rng = np.random.default_rng(0)
    assert {pick(rng, "val", "can").label for _ in range(8)} == {"can"}
