"""Sparse training pictures: every one from a scene of its own, as a YOLO data set."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from smartcart.datasets.art import Picture
from smartcart.datasets.camera import Mask, expose
from smartcart.datasets.look import Look
from smartcart.datasets.pose import Pose
from smartcart.datasets.products import SPLIT_NUMBER, Split, pick
from smartcart.datasets.reach import Grip, Kind, Reach, Side, Target, facing
from smartcart.datasets.rendering import Eye, Shot
from smartcart.datasets.scenery import draw_look
from smartcart.datasets.sight import Box, seen_hands, seen_items
from smartcart.datasets.simulation import HANDS, HandName, World
from smartcart.datasets.stocking import free_spot, standing, tumble
from smartcart.datasets.zone import basket_zone, floor_in_view
from smartcart.models.labels import HAND, LABELS

NO_ITEM_SHARE = 0.1
HAND_SHARE = 0.72
SECOND_HAND_SHARE = 0.2
FULL_SHARE = 0.12
NEAR_SHARE = 0.85
FAR_ZONE = 0.38
LEAST_FLOOR = 0.45
CLOSE_SHARE = 0.2
CLOSE_FOV = (16.0, 36.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A picture (BGR) with the class and box (normalised x1 y1 x2 y2) of everything in it."""

    picture: Picture
    boxes: tuple[tuple[str, Box], ...]


def random_frame(seed: int, split: Split) -> Labelled:
    """One random moment; the same for the same seed and split.

    Raises:
        RenderingError: there is no OpenGL to render with.
    """
    rng = np.random.default_rng([seed, SPLIT_NUMBER[split]])
    look = draw_look(rng)
    while _far(look) and rng.random() < NEAR_SHARE:
        look = draw_look(rng)
    if rng.random() < CLOSE_SHARE:
        look = _closer(rng, look)
    empty = rng.random() < NO_ITEM_SHARE
    count = int(rng.integers(10, 17) if rng.random() < FULL_SHARE else rng.integers(1, 11))
    stock = {} if empty else {f"item{k}": pick(rng, split) for k in range(count)}
    hands = int(rng.random() < HAND_SHARE) + int(rng.random() < SECOND_HAND_SHARE)
    brought = {} if empty else {f"brought{k}": pick(rng, split) for k in range(hands)}
    world = World(look, stock | brought)
    tumble(rng, world, list(stock))
    smears: dict[HandName, tuple[float, float]] = {}
    order: list[HandName] = list(HANDS) if rng.random() < 0.5 else list(reversed(HANDS))
    for hand, item in zip(order[:hands], [*brought, None, None][:hands], strict=True):
        smears[hand] = _pose_hand(rng, world, hand, item)
    moment = float(rng.uniform(0, 60))
    world.pass_time(moment, 0.0)
    world.refresh()
    with Eye(world) as eye:
        shot = eye.look()
    boxes = [(item.label, item.box) for item in seen_items(world, shot)]
    boxes += [(HAND, box) for _, box in seen_hands(shot)]
    movers = [(_hand_and_load(world, shot, hand), smear) for hand, smear in smears.items()]
    light = shot.picture if look.shade is None else look.shade.fall(shot.picture, moment)
    picture = expose(light, look.sensor, look.camera.lens, rng, movers=movers)
    return Labelled(picture=np.ascontiguousarray(picture[..., ::-1]), boxes=tuple(boxes))


def _closer(rng: np.random.Generator, look: Look) -> Look:
    """The same scene as a photo of a few things, taken with a long lens from where the camera sits."""
    spot = rng.uniform(-0.5, 0.5, 2) * [look.basket.reach, look.basket.width] + np.array([look.basket.middle, 0.0])
    lens = dataclasses.replace(look.camera.lens, fov=float(rng.uniform(*CLOSE_FOV)), barrel=0.0)
    target = float(spot[0]), float(spot[1]), float(rng.uniform(0.05, 0.22))
    return dataclasses.replace(look, camera=dataclasses.replace(look.camera, lens=lens, target=target))


def _far(look: Look) -> bool:
    """Whether the basket is small in the picture, or its floor mostly out of sight."""
    area = cv2.contourArea(np.array(basket_zone(look), np.float32))
    return bool(area < FAR_ZONE or floor_in_view(look) < LEAST_FLOOR)


def _hand_and_load(world: World, shot: Shot, hand: HandName) -> Mask:
    return shot.any_of(hand, *(item for item, carried in world.carried.items() if carried.hand == hand))


def _pose_hand(rng: np.random.Generator, world: World, hand: HandName, item: str | None) -> tuple[float, float]:
    """Puts a hand somewhere on its way, with or without an item; returns its motion blur in pixels."""
    basket = world.look.basket
    sides: tuple[Side, ...] = ("left", "right", "front", "back")
    side = sides[int(rng.choice(4, p=[0.36, 0.36, 0.18, 0.1]))]
    resting = [name for name in world.products if world.inside(name)]
    target = _target(rng, world, side, item, resting)
    reach = Reach(rng, basket, side, [target], size=world.look.owner(hand).size)
    grip = reach.grips[0]
    moment = _moment(rng, grip, reach.duration)
    pose = reach.pose(moment)
    if target.item is not None and _in_hand(target, moment < grip.at):
        world.carry(target.item, hand, grip.hand.seen(target.pose))
        width = grip.width
    else:
        width = int(rng.choice([grip.width, min(grip.width + 1, 5), 5, 0])) if target.kind == "hover" else 5
    world.move_hand(hand, pose)
    world.show_hand(hand, width)
    before, after = reach.pose(moment - 0.01).position, reach.pose(moment + 0.01).position
    pixels, depth = world.look.camera.project(np.stack([before, after]))
    if depth.min() < 0.1:
        return 0.0, 0.0
    dx, dy = (pixels[1] - pixels[0]) / 0.02 * rng.uniform(0.002, 0.016)
    return float(dx), float(dy)


def _moment(rng: np.random.Generator, grip: Grip, duration: float) -> float:
    """A moment of the visit, more often one at which the hand holds something."""
    holding_first = grip.target.kind == "place"
    if rng.random() < (0.72 if holding_first else 0.38):
        return float(grip.at * rng.uniform(0.28, 1.0) ** 0.6)
    return float(grip.at + (duration - grip.at) * rng.uniform(0.0, 0.75))


def _in_hand(target: Target, before: bool) -> bool:
    return (target.kind == "place" and before) or (target.kind == "grasp" and not before)


def _target(rng: np.random.Generator, world: World, side: Side, item: str | None, resting: list[str]) -> Target:
    """What the hand came for: put the item down, take one that rests, or nothing."""
    basket = world.look.basket
    if resting and rng.random() < 0.35:
        name = str(rng.choice(resting))
        product = world.products[name]
        kind: Kind = "grasp" if rng.random() < 0.6 else "touch"
        return Target(kind=kind, item=name, product=product, pose=world.pose(name))
    if item is not None and rng.random() < 0.85:
        product = world.products[item]
        spot = free_spot(rng, basket, product, []) or (0.0, 0.0)
        return Target(kind="place", item=item, product=product, pose=standing(product, spot, facing(side, rng)))
    spot = basket.middle + float(rng.uniform(-0.7, 0.7) * basket.reach), float(rng.uniform(-0.7, 0.7) * basket.width)
    place = Pose(position=np.array([*spot, rng.uniform(0.05, 0.25)]), turn=np.array([1.0, 0, 0, 0]))
    return Target(kind="hover", item=None, product=None, pose=place)


def write_frame(seed: int, split: Split, folder: Path) -> int:
    """Writes one picture with its YOLO label file, unless both are there; returns the number of boxes.

    Args:
        seed: the picture's seed.
        split: which products may appear.
        folder: has ``images/`` and ``labels/``.
    """
    stem = f"{split}_{seed:06d}"
    picture, label = folder / "images" / f"{stem}.jpg", folder / "labels" / f"{stem}.txt"
    if label.exists() and picture.exists():
        return len(label.read_text(encoding="utf-8").splitlines())
    frame = random_frame(seed, split)
    cv2.imwrite(str(picture), frame.picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    lines = [yolo_line(name, box) for name, box in frame.boxes]
    label.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def yolo_line(label: str, box: Box) -> str:
    """One line of a YOLO label file: class number, middle, width and height, normalised."""
    x1, y1, x2, y2 = box
    return f"{LABELS.index(label)} {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n"


def write_data_yaml(folder: Path, split: Split) -> None:
    """Writes ``data.yaml`` for a folder of frames, with the class list that all data sets share."""
    sets = {"train": "images", "val": "images"} if split != "test" else {"test": "images", "val": "images"}
    document = {**sets, "names": dict(enumerate(LABELS)), "judges": list(LABELS)}
    (folder / "data.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
