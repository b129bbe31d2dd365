"""The gallery's file: it comes back whole, damage and strangers are refused, and what is removed leaves no trace."""

from pathlib import Path

import numpy as np
import pytest

from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Gallery, GalleryError, empty
from smartcart.edge.gallery.in_use import GalleryInUse, read_gallery, write_gallery
from smartcart.edge.gallery.search import Index

EMBEDDING = Embedding(id="0123456789ab", like=0.6, sharpness=20.0)


def product(sku: str, *rows: tuple[float, float, float]) -> Enrolled:
    vectors = np.array(rows, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Enrolled(sku=sku, name=sku.title(), labels=("carton",), prototypes=vectors)


def gallery() -> Gallery:
    milk, oats = product("MILK", (1, 0, 0), (0.9, 0.1, 0)), product("OATS", (0, 1, 0))
    return empty("store-1", EMBEDDING).with_product(milk).with_product(oats)


def test_a_gallery_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "gallery"
    write_gallery(file, gallery().to_bytes())
    back = read_gallery(file)
    assert (back.store, back.version, back.embedding) == ("store-1", 2, EMBEDDING)
    assert [(p.sku, p.name, p.labels) for p in back.products] == [
        ("MILK", "Milk", ("carton",)),
        ("OATS", "Oats", ("carton",)),
    ]
    assert np.allclose(back.products[0].prototypes, gallery().products[0].prototypes, atol=1e-3)


def test_an_empty_gallery_comes_back_too() -> None:
    assert Gallery.from_bytes(empty("s", EMBEDDING).to_bytes()).products == ()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not a gallery"),
        (b"{}\n", "not a gallery"),
        (b"\xff\xfe\n", "not a gallery"),
        (b'{"schema": "smartcart.gallery/2"}\n', "update the reader"),
        (gallery().to_bytes()[:-1], "damaged"),
        (gallery().to_bytes() + b"x", "damaged"),
    ],
    ids=["nothing", "no fields", "binary", "newer", "short", "long"],
)
def test_what_is_no_gallery_is_refused_with_a_sentence(payload: bytes, reason: str) -> None:
    with pytest.raises(GalleryError, match=reason):
        Gallery.from_bytes(payload)


def test_a_gallery_of_another_embedding_or_store_is_refused() -> None:
    with pytest.raises(GalleryError, match="enrol the products again"):
        gallery().checked(embedding="ffffffffffff")
    with pytest.raises(GalleryError, match="belongs to store store-1"):
        gallery().checked(store="store-2")
    assert gallery().checked(embedding=EMBEDDING.id, store="store-1").version == 2


def test_a_product_that_is_enrolled_again_stands_once() -> None:
    again = gallery().with_product(product("MILK", (0, 0, 1)))
    assert [p.sku for p in again.products] == ["MILK", "OATS"]
    assert again.version == 3
    assert np.allclose(again.products[0].prototypes, [[0, 0, 1]])


def test_what_is_removed_leaves_no_trace() -> None:
    before, after = gallery(), gallery().without("MILK")
    assert b"MILK" not in after.to_bytes()
    assert before.products[0].prototypes.astype("<f2").tobytes() not in after.to_bytes()
    with pytest.raises(GalleryError, match="is not enrolled; enrolled are OATS"):
        after.without("MILK")


def in_use(file: Path, said: list[str]) -> GalleryInUse:
    return GalleryInUse(file, embedding=EMBEDDING.id, on_refused=said.append)


def sha(payload: bytes) -> str:
    import hashlib

    return hashlib.sha256(payload).hexdigest()


def test_a_cart_takes_another_gallery_between_visits_and_has_it_after_a_restart(tmp_path: Path) -> None:
    said: list[str] = []
    cart = in_use(tmp_path / "gallery", said)
    assert cart.version is None
    newer = gallery().to_bytes()
    assert cart.offer(newer, sha(newer))
    assert cart.version is None, "not before the visit is over"
    index = cart.between_visits()
    assert index is not None
    assert cart.version == 2
    assert in_use(tmp_path / "gallery", said).version == 2
    assert said == []


@pytest.mark.parametrize("what", ["damaged", "foreign", "cut", "full disk"])
def test_a_gallery_that_cannot_be_used_is_refused_and_the_old_one_stays(tmp_path: Path, what: str) -> None:
    said: list[str] = []
    file = tmp_path / "gallery"
    write_gallery(file, gallery().to_bytes())
    cart = in_use(file, said)
    other = Gallery(store="s", version=9, embedding=Embedding(id="x", like=0, sharpness=1), products=())
    payload = other.to_bytes() if what == "foreign" else gallery().without("MILK").to_bytes()
    told = sha(payload)
    if what == "damaged":
        payload = payload[:-1] + b"?"
    if what == "cut":
        payload = payload[:-2]
        told = sha(payload)
    if what == "full disk":
        file.with_name("gallery.part").mkdir()
    assert not cart.offer(payload, told)
    assert len(said) == 1
    assert cart.between_visits() is not None
    assert cart.version == 2
    assert read_gallery(file).version == 2


def test_the_nearest_product_is_found_by_its_nearest_prototype() -> None:
    index = Index(gallery())
    alike = index.similarities(np.array([[0.9, 0.1, 0], [0, 0, 1]], np.float32))
    assert alike.shape == (2, 2)
    assert alike[0, 0] > 0.9 > alike[0, 1]
    assert alike[1].max() < 0.1


def test_what_is_like_nothing_enrolled_is_unknown_and_never_the_nearest() -> None:
    index = Index(gallery())
    known = index.opinion(np.array([[1, 0, 0]], np.float32))
    assert known.best[0] == "MILK"
    assert known.best[1] > 0.9
    assert index.opinion(np.array([[0, 0, 1]], np.float32)).unknown > 0.9


def test_one_bad_view_does_not_outvote_the_others() -> None:
    index = Index(gallery())
    good, bad = [1.0, 0, 0], [0, 0, 1.0]
    opinion = index.opinion(np.array([good, good, good, bad], np.float32))
    assert opinion.best[0] == "MILK"
    assert opinion.best[1] > 0.7


def test_an_empty_gallery_knows_nothing() -> None:
    opinion = Index(empty("s", EMBEDDING)).opinion(np.array([[1, 0, 0]], np.float32))
    assert opinion.best == ("", 0.0)
    assert opinion.unknown == 1.0
