"""Galleries from anywhere, a cart or a stranger: whatever is in them, they are taken or refused in a sentence."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from smartcart.edge.contract.events import ContractError
from smartcart.edge.contract.lesson import LESSON_SCHEMA, LessonReport
from smartcart.edge.gallery.gallery_file import SCHEMA, Gallery, GalleryError

BODY = np.eye(2, 3, dtype="<f2").tobytes()
HEAD: dict[str, Any] = {
    "schema": SCHEMA,
    "store": "s",
    "version": 1,
    "embedding": {"id": "e", "like": 0.5, "sharpness": 20},
    "width": 3,
    "sha256": hashlib.sha256(BODY).hexdigest(),
    "products": [["MILK", "Milk", ["carton"], 2]],
}


def written(**other: Any) -> bytes:
    return json.dumps(HEAD | other).encode() + b"\n" + BODY


def test_a_sound_one_is_taken() -> None:
    assert [product.sku for product in Gallery.from_bytes(written()).products] == ["MILK"]


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 984 + b"]" * 984 + b"\n",
        written().replace(b'"s"', b"[" * 984 + b"]" * 984),
        written(version=10**400),
        written(version=1e400),
        written(version=True),
        written(store="\ud800"),
        written(width=10**9),
        written(width=-3),
        written(width=0),
        written(products=[["MILK", "\udfff", ["carton"], 2]]),
        written(products=[["MILK", "Milk", ["carton"], 1e300]]),
        written(products=[["MILK", "Milk", ["carton"], -2]]),
        written(products=[["MILK", "Milk", ["carton"], 1]]),
        written(products=[["MILK", "Milk", {"carton": 1}, 2]]),
        written(products=[["MILK", "Milk", ["carton"] * 100, 2]]),
        written(products=[[["MILK"], "Milk", ["carton"], 2]]),
        written(products=[[]]),
        written(products={"MILK": 2}),
        written(embedding={"id": "e", "like": float("nan"), "sharpness": 20}),
        written(embedding={"id": "e", "like": 0.5, "sharpness": 1e308}),
        written(embedding={"id": "e" * 9000, "like": 0.5, "sharpness": 20}),
        written(embedding=None),
        written(sha256=7),
    ],
)
def test_what_cannot_be_meant_is_refused(payload: bytes) -> None:
    with pytest.raises(GalleryError):
        Gallery.from_bytes(payload)


def test_a_lesson_whose_words_cannot_be_written_again_is_refused() -> None:
    said = {"schema": LESSON_SCHEMA, "lesson": "0d1f8d7e-7b7f-4c45-8f43-2f1c1d8a7f10", "state": "teaching"}
    message = json.dumps(said | {"progress": 0, "views": 0, "says": "\ud800"}).encode()
    with pytest.raises(ContractError, match="cannot be written"):
        LessonReport.from_bytes(message)
