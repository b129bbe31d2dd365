"""One collage: real goods and hands laid on a real picture, with boxes of what is visible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.collage.arms import armed, reaching
from smartcart.datasets.collage.canvas import Canvas, Place, Shadow
from smartcart.datasets.collage.gallery import LENGTH_CM, ROUND, CutoutGallery, sized
from smartcart.datasets.collage.light import Light, fitted, light_of
from smartcart.datasets.collage.piece import Piece, whole
from smartcart.datasets.collage.scraps import scrap
from smartcart.datasets.photos.backgrounds import Background, BackgroundSource, Marks, uncovered
from smartcart.datasets.photos.cutouts import Cutout
from smartcart.datasets.products.textures import Picture
from smartcart.models.dataset.boxes import Corners
from smartcart.models.labels import HAND

LEAST_VISIBLE: Final = 1 / 3
LARGEST: Final = 1.5
MATCHED: Final = 0.75
PX_PER_CM: Final = (2.7, 20.0)
LEAST_FOR_HANDS: Final = 4.5
MOST_GOODS: Final = 9
MOST_SCRAPS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A piece and its place."""

    piece: Piece
    place: Place


def collage(
    rng: np.random.Generator,
    gallery: CutoutGallery,
    background: Background,
    empty: Sequence[Sequence[BackgroundSource]] = (),
) -> tuple[Picture, Marks]:
    """A picture (blue, green, red) and the boxes of everything visible in it.

    Args:
        rng: draws.
        gallery: the cut-outs.
        background: a real picture (red, green, blue) with its own boxes.
        empty: photos without goods; scraps of them are mixed with the goods.
    """
    photo = np.ascontiguousarray(background.picture[..., ::-1])
    height, width = photo.shape[:2]
    light = light_of(photo)
    scale = _scale(rng, background.boxes, (width, height))
    fall = float(rng.uniform(0, 2 * np.pi))
    canvas = Canvas.over(photo)
    laid: list[Laid] = []
    scraps = _scraps(rng, empty, light, scale, (width, height)) if empty else ()
    for one in (*scraps, *_arranged(rng, gallery, light, scale, (width, height))):
        canvas.shade(one.piece, one.place, list(_shadows(rng, one.piece, fall)))
        canvas.lay(one.piece, one.place, len(laid))
        laid.append(one)
    boxes = tuple(mark for number, one in enumerate(laid) for mark in _marks(canvas, one, number))
    return developed(rng, canvas), boxes + uncovered(background.boxes, canvas.covered)


def developed(rng: np.random.Generator, canvas: Canvas) -> Picture:
    """The camera's effect on the light: some gain, softness, noise and compression."""
    light = canvas.light * np.float32(np.exp(rng.normal(0, 0.06)))
    if rng.random() < 0.5:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.3, 0.9))), np.float32)
    noise = rng.standard_normal(light.shape[:2], dtype=np.float32) * np.float32(rng.uniform(0.5, 4.0))
    picture = np.clip(light + noise[..., None], 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(62, 96))])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def _scale(rng: np.random.Generator, boxes: Marks, size: tuple[int, int]) -> float:
    """Pixels per centimetre: mostly those of the photo's own goods, else any."""
    shown = [max((x2 - x1) * size[0], (y2 - y1) * size[1]) / LENGTH_CM[name] for name, (x1, y1, x2, y2) in boxes]
    if shown and rng.random() < MATCHED:
        return float(np.clip(np.median(shown) * np.exp(rng.normal(0, 0.2)), PX_PER_CM[0] * 0.8, PX_PER_CM[1]))
    return float(np.exp(rng.uniform(*np.log(PX_PER_CM))))


def _arranged(
    rng: np.random.Generator, gallery: CutoutGallery, light: Light, scale: float, size: tuple[int, int]
) -> Iterator[Laid]:
    """Goods scattered, side by side or heaped; over them hands, which mostly reach for one of them."""
    count = min(int(rng.geometric(0.3)), MOST_GOODS)
    pieces = [_goods(rng, gallery.draw_goods(rng), light, scale) for _ in range(count)]
    places = _places(rng, pieces, size)
    yield from (Laid(piece=piece, place=place) for piece, place in zip(pieces, places, strict=True))
    if gallery.gripped and rng.random() < 0.06:
        cutout = gallery.gripped[int(rng.integers(len(gallery.gripped)))]
        piece = fitted(rng, sized(rng, whole(cutout), cutout.label, scale, LARGEST), light)
        yield Laid(piece=piece, place=_anywhere(rng, size, turn=float(rng.normal(0, 0.15))))
    hands = int(rng.choice([0, 1, 2], p=[0.42, 0.46, 0.12])) if scale >= LEAST_FOR_HANDS else 0
    for _ in range(hands):
        yield _hand(rng, gallery, light, scale, places, size)


def _scraps(
    rng: np.random.Generator,
    empty: Sequence[Sequence[BackgroundSource]],
    light: Light,
    scale: float,
    size: tuple[int, int],
) -> Iterator[Laid]:
    for _ in range(int(rng.integers(MOST_SCRAPS + 1))):
        piece = scrap(rng, empty, scale)
        if piece is not None:
            yield Laid(piece=fitted(rng, piece, light), place=_anywhere(rng, size))


def _goods(rng: np.random.Generator, cutout: Cutout, light: Light, scale: float) -> Piece:
    piece = whole(cutout)
    if cutout.label in ROUND and rng.random() < 0.5:
        piece = piece.mirrored()
    piece = sized(rng, piece, cutout.label, scale, LARGEST)
    turn = rng.uniform(-np.pi, np.pi) if rng.random() < 0.55 else rng.normal(0, 0.15)
    return fitted(rng, piece.turned(float(turn)), light)


def _places(rng: np.random.Generator, pieces: list[Piece], size: tuple[int, int]) -> list[Place]:
    """Places of goods: anywhere, or each beside or partly on an earlier one."""
    close = rng.choice([0.0, 0.55, 0.85, 1.02], p=[0.3, 0.15, 0.3, 0.25])
    places: list[Place] = []
    for piece in pieces:
        if not places or close == 0.0 or rng.random() < 0.15:
            places.append(_anywhere(rng, size))
            continue
        other = int(rng.integers(len(places)))
        away = close * (_breadth(pieces[other]) + _breadth(piece)) / 2
        angle = rng.uniform(0, 2 * np.pi)
        x, y = places[other].x + away * np.cos(angle), places[other].y + away * np.sin(angle)
        places.append(Place(x=float(np.clip(x, 0, size[0])), y=float(np.clip(y, 0, size[1]))))
    return places


def _breadth(piece: Piece) -> float:
    """The mean diameter of a piece in pixels."""
    return float(2 * np.sqrt(np.count_nonzero(piece.rgba[..., 3]) / np.pi))


def _anywhere(rng: np.random.Generator, size: tuple[int, int], turn: float = 0.0) -> Place:
    return Place(x=float(rng.uniform(0.04, 0.96) * size[0]), y=float(rng.uniform(0.04, 0.96) * size[1]), turn=turn)


def _hand(
    rng: np.random.Generator,
    gallery: CutoutGallery,
    light: Light,
    scale: float,
    goods: list[Place],
    size: tuple[int, int],
) -> Laid:
    """A hand from some side, with or without something in it."""
    holds = bool(gallery.held) and rng.random() < 0.2
    found = gallery.held if holds else gallery.hands
    cutout = found[int(rng.integers(len(found)))]
    piece = reaching(cutout)
    assert piece is not None, "every hand of a gallery can be extended"
    if not holds and rng.random() < 0.5:
        piece = piece.mirrored()
    piece = fitted(rng, sized(rng, piece, cutout.label, scale, LARGEST), light)
    if not holds and goods and rng.random() < 0.6:
        target = goods[int(rng.integers(len(goods)))]
        x, y = target.x + rng.normal(0, 8), target.y + rng.normal(0, 8)
    else:
        x, y = rng.uniform(0.12, 0.88) * size[0], rng.uniform(0.12, 0.88) * size[1]
    place = Place(x=float(x), y=float(y), turn=_lean(rng, float(x), float(y), size))
    return Laid(piece=armed(piece, place, size), place=place)


def _lean(rng: np.random.Generator, x: float, y: float, size: tuple[int, int]) -> float:
    """The angle of a hand whose arm comes from a near side of the picture; 0 is from below."""
    ways = np.array([size[1] - y, x, y, size[0] - x])  # down, left, up, right
    weights = np.exp(-ways / (0.35 * max(size)))
    side = int(rng.choice(4, p=weights / weights.sum()))
    return float(side * np.pi / 2 + rng.normal(0, 0.3))


def _shadows(rng: np.random.Generator, piece: Piece, fall: float) -> Iterator[Shadow]:
    """A dark shadow at the foot of a thing and a light one beside it; for a hand only the latter, farther away."""
    breadth = min(_breadth(piece), 160.0)
    lifted = any(part.label == HAND for part in piece.parts)
    away = breadth * float(rng.uniform(0.12, 0.3) if lifted else rng.uniform(0.03, 0.12))
    dx, dy = away * np.cos(fall), away * np.sin(fall)
    yield Shadow(dx=dx, dy=dy, blur=breadth * (0.12 if lifted else 0.08) + 1, depth=float(rng.uniform(0.12, 0.4)))
    if not lifted:
        yield Shadow(dx=dx * 0.2, dy=dy * 0.2, blur=breadth * 0.02 + 1, depth=float(rng.uniform(0.3, 0.6)))


def _marks(canvas: Canvas, one: Laid, number: int) -> Iterator[tuple[str, Corners]]:
    for index, part in enumerate(one.piece.parts):
        box, share = canvas.seen(one.piece, one.place, number, index)
        if box is not None and share >= LEAST_VISIBLE:
            yield part.label, box
