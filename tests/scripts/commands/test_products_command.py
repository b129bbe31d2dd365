"""``smartcart products``: two like-looking packs are enrolled from pictures and told apart, with the shipped models."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.enrolment import WHOLE
from smartcart.edge.gallery.in_use import read_gallery
from smartcart.edge.gallery.search import Index
from smartcart.models.labels import DEFAULT_EMBEDDING
from smartcart.scripts.main import main

STRIPES = {"OATS": ((40, 90, 220), "OATS"), "RICE": ((40, 170, 60), "RICE")}


def pack(sku: str, seed: int) -> np.ndarray:
    """A white pack with a coloured band and its name, turned a little, in some light."""
    colour, name = STRIPES[sku]
    rng = np.random.default_rng(seed)
    face = np.full((300, 220, 3), 235, np.uint8)
    face[90:200] = colour
    cv2.putText(face, name, (20, 165), cv2.FONT_HERSHEY_SIMPLEX, 2.2, (250, 250, 250), 9, cv2.LINE_AA)
    cv2.putText(face, "500 g", (60, 270), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (60, 60, 60), 3, cv2.LINE_AA)
    image = np.full((400, 400, 3), rng.integers(90, 150), np.uint8)
    corners = np.array([[0, 0], [220, 0], [220, 300], [0, 300]], np.float32)
    to = corners + np.array([90, 50]) + rng.uniform(-28, 28, (4, 2))
    warp = cv2.getPerspectiveTransform(corners, to.astype(np.float32))
    cv2.warpPerspective(face, warp, (400, 400), dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    lit = image.astype(np.float32) * rng.uniform(0.7, 1.15)
    return np.clip(lit + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs")
    for sku in STRIPES:
        (folder / sku).mkdir()
        for seed in range(8):
            cv2.imwrite(str(folder / sku / f"{seed}.png"), pack(sku, seed))
        assert main(["products", "enroll", sku, "--source", str(folder / sku), "--gallery", str(folder / "g")]) == 0
    return folder / "g"


def test_two_like_looking_packs_are_told_apart_in_views_that_were_not_enrolled(gallery: Path) -> None:
    index, embedder = Index(read_gallery(gallery)), OnnxEmbedder(DEFAULT_EMBEDDING)
    for sku in STRIPES:
        rows = np.concatenate([embedder.embed(pack(sku, seed), [WHOLE]) for seed in range(100, 106)])
        opinion = index.opinion(rows)
        assert opinion.best[0] == sku
        assert opinion.best[1] > 0.7


def test_what_is_enrolled_is_listed_and_removed(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "list", "--gallery", str(gallery)]) == 0
    listed = capsys.readouterr().out
    assert "version 2" in listed
    assert "OATS" in listed
    copy = gallery.with_name("copy")
    copy.write_bytes(gallery.read_bytes())
    assert main(["products", "remove", "OATS", "--gallery", str(copy)]) == 0
    assert [p.sku for p in read_gallery(copy).products] == ["RICE"]
    assert main(["products", "remove", "OATS", "--gallery", str(copy)]) == 2
    assert "OATS is not enrolled; enrolled are RICE" in capsys.readouterr().err


def test_pictures_without_a_usable_view_are_refused_and_the_gallery_stays(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = gallery.read_bytes()
    for seed in range(3):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), cv2.blur(pack("OATS", seed), (91, 91)))
    assert main(["products", "enroll", "FOG", "--source", str(tmp_path), "--gallery", str(gallery)]) == 2
    assert "blurred: hold it still" in capsys.readouterr().err
    assert gallery.read_bytes() == before


def test_enrolling_again_replaces_and_says_so(gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = gallery.with_name("again")
    copy.write_bytes(gallery.read_bytes())
    command = ["products", "enroll", "RICE", "--source", str(gallery.parent / "RICE"), "--gallery", str(copy)]
    assert main(command) == 0
    assert "replaces what was enrolled" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == 4
    assert [sku for sku, *_ in said["near"]] == ["OATS"]


def test_nothing_enrolled_yet_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "list", "--gallery", str(tmp_path / "none")]) == 2
    assert "smartcart products enroll SKU" in capsys.readouterr().err


def test_a_folder_of_products_is_enrolled_at_once_and_what_cannot_be_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for sku in STRIPES:
        (tmp_path / "all" / sku).mkdir(parents=True)
        for seed in range(6):
            cv2.imwrite(str(tmp_path / "all" / sku / f"{seed}.png"), pack(sku, seed))
    (tmp_path / "all" / "ONE-VIEW").mkdir()
    cv2.imwrite(str(tmp_path / "all" / "ONE-VIEW" / "0.png"), pack("OATS", 50))
    assert main(["products", "enroll-all", str(tmp_path / "all"), "--gallery", str(tmp_path / "g")]) == 1
    out, err = capsys.readouterr()
    assert "2 of 3 products" in out
    assert "only 1 usable views of ONE-VIEW" in err
    assert {product.sku for product in read_gallery(tmp_path / "g").products} == set(STRIPES)


def test_a_folder_without_products_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "enroll-all", str(tmp_path), "--gallery", str(tmp_path / "g")]) == 2
    assert "a folder with one folder of pictures per product" in capsys.readouterr().err


def test_a_token_that_is_not_there_and_a_gallery_that_is_none_are_said_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ["products", "list", "--server", "http://127.0.0.1:9", "--token", str(tmp_path / "none")]
    assert main(here) == 2
    assert "--token" in capsys.readouterr().err
    (tmp_path / "g").write_text("not a gallery")
    broker = ["--broker", "mqtt://127.0.0.1:9", "--outbox", str(tmp_path / "outbox.sqlite")]
    assert main(["edge", "--source", str(tmp_path), *broker, "--gallery", str(tmp_path / "g")]) == 2
    assert f"{tmp_path / 'g'}: not a gallery" in capsys.readouterr().err
