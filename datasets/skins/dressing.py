"""A drawn product gets a real surface: the print of a pack on its card, foil or label, a patch of skin on a fruit."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.skins.prints import SKINS, Print

# whose prints a class may wear; those that are not here keep what is drawn
WEARS: Final[Mapping[str, tuple[str, ...]]] = {
    "carton": ("carton",),
    "bag": ("bag",),
    "can": ("can",),
    "box": ("bag", "carton"),
    "bottle": ("can", "bag", "carton"),
    "jar": ("can", "bag", "carton"),
    "tub": ("bag", "carton"),
} | {label: (label,) for label in SKINS}
CELL: Final = 224
VARIED: Final = 1.2
FACE: Final = 0.4
DARKEST: Final = 0.75
BOTH_SIDES: Final = 0.75


def wearable(label: str, found: Sequence[Print]) -> list[Print]:
    """The prints that a product of a class may wear."""
    return [one for one in found if one.label in WEARS.get(label, ())]


def dressed(rng: np.random.Generator, product: ProductModel, worn: Print) -> ProductModel:
    """The product with a print on its first part that bears a picture; without such a part it stays as it is."""
    part = next((part for part in product.parts if part.picture is not None), None)
    if part is None or part.picture is None:
        return product
    picture = _sheet(rng, product, part.picture, worn)
    if picture is None:
        return product
    parts = tuple(dataclasses.replace(one, picture=picture) if one is part else one for one in product.parts)
    name = f"{product.name}_{worn.name}_{int(rng.integers(10**6))}"
    return dataclasses.replace(product, name=name, body=dataclasses.replace(product.body, parts=parts))


def _sheet(rng: np.random.Generator, product: ProductModel, drawn: Picture, worn: Print) -> Picture | None:
    """The part's texture with the print where it is seen."""
    height, width = drawn.shape[:2]
    if worn.label in SKINS:
        return _fitted(np.hstack([worn.picture, worn.picture[:, ::-1]]), width, height)
    if (height, width) == (2 * CELL, 3 * CELL):
        return _atlas(rng, worn.picture)
    if product.label == "bag":
        front = _fitted(worn.picture, width // 2, height)
        back = front if rng.random() < BOTH_SIDES else drawn[:, width // 2 :]
        return np.hstack([front, back])
    return _wrapped(drawn, worn.picture)


def _atlas(rng: np.random.Generator, print_: Picture) -> Picture:
    """The six faces of a box, of whose print one is known: front and back wear it, the others its margins."""
    face = _fitted(print_, CELL, CELL)
    side = _fitted(print_[:, : max(print_.shape[1] // 4, 1)], CELL, CELL)
    lid = _fitted(print_[: max(print_.shape[0] // 6, 1)], CELL, CELL)
    shade = rng.uniform(DARKEST, 1.0)
    sides = np.asarray(side * shade, np.uint8)
    return np.vstack([np.hstack([face, face, sides]), np.hstack([sides, lid, np.asarray(lid * shade, np.uint8)])])


def _wrapped(drawn: Picture, print_: Picture) -> Picture:
    """A label around a can, jar or pot: two faces where the drawn label is, its paper between them."""
    varied = np.nonzero(drawn.std(axis=1).max(1) > VARIED)[0]
    if not len(varied):
        return drawn
    top, bottom, width = int(varied[0]), int(varied[-1]) + 1, drawn.shape[1]
    wide = int(width * FACE)
    face, gap = _fitted(print_, wide, bottom - top), width // 2 - wide
    paper = _between(face, gap)
    sheet = drawn.copy()
    sheet[top:bottom] = np.hstack([face, paper, face, paper, face])[:, :width]
    return sheet


def _between(face: Picture, gap: int) -> Picture:
    """What runs from a face's right edge to its left one."""
    ends = np.stack([face[:, -6:].mean(1), face[:, :6].mean(1)], axis=1).astype(np.float32)
    return np.asarray(cv2.resize(ends, (gap, face.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def _fitted(picture: Picture, width: int, height: int) -> Picture:
    shrinks = picture.shape[0] * picture.shape[1] > width * height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=way), np.uint8)
