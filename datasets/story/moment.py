"""Random moments in a cart: a few things in the basket, perhaps a hand or two, seen from anywhere a camera may sit."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from smartcart.datasets.products.products import SPLIT_NUMBER, Split, pick
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import Camera, Mask, Mover, expose
from smartcart.datasets.scene.description import BasketShape, SceneDescription
from smartcart.datasets.scene.pose import Pose
from smartcart.datasets.scene.rendering import Eye, Painter, RenderedShot
from smartcart.datasets.scene.scenery import draw_camera, draw_look
from smartcart.datasets.scene.simulation import HANDS, HandName, World
from smartcart.datasets.scene.stocking import free_spot, standing, tumble
from smartcart.datasets.scene.visibility import Box, seen_hands, seen_items, told
from smartcart.datasets.scene.zone import basket_zone, floor_in_view
from smartcart.datasets.skins.props import PLAIN, Props
from smartcart.datasets.story.reach import Grip, Kind, Reach, Side, Target, facing
from smartcart.models.labels import HAND

MOMENTS = 4
STOCK = 14
NO_ITEM_SHARE = 0.1
HAND_SHARE = 0.72
SECOND_HAND_SHARE = 0.2
FULL_SHARE = 0.14
NEAR_SHARE = 0.85
FAR_ZONE = 0.38
LEAST_FLOOR = 0.45
CLOSE_SHARE = 0.2
CLOSE_FOV = (16.0, 36.0)
APART_M = 0.16
TRIES = 4

Smears = dict[HandName, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A picture (BGR) with the class and box (normalised x1 y1 x2 y2) of everything in it.

    ``truth`` says more about the same things, in the form of a line of ``frames.jsonl`` without time and weight.
    """

    picture: Picture
    boxes: tuple[tuple[str, Box], ...]
    truth: dict[str, Any]


def random_moments(scene: int, split: Split, painter: Painter = "classic", props: Props = PLAIN) -> Iterator[Labelled]:
    """``MOMENTS`` pictures of one scene; the same for the same scene number and split.

    They share the shop, the light, the cart, the people and the stock of products. What of the stock is in the
    basket and how it fell, what the hands do and where the camera sits is drawn anew for each.

    Raises:
        RenderingError: there is no OpenGL to render with, or the painter is not installed.
    """
    rng = np.random.default_rng([scene, SPLIT_NUMBER[split], 4])
    look = props.furnish(rng, draw_look(rng))
    stock = {f"item{k}": props.dress(rng, pick(rng, split)) for k in range(STOCK)}
    brought = {f"brought{k}": props.dress(rng, pick(rng, split)) for k in range(len(HANDS))}
    world = World(look, stock | brought)
    with Eye(world, painter) as eye:
        for _ in range(MOMENTS):
            yield _moment_of(rng, world, eye, list(stock), list(brought))


def empty_moment(rng: np.random.Generator, props: Props = PLAIN) -> Labelled:
    """A picture of a cart without goods, perhaps with an empty hand or two.

    Raises:
        RenderingError: there is no OpenGL to render with.
    """
    world = World(props.furnish(rng, draw_look(rng)), {})
    with Eye(world) as eye:
        return _moment_of(rng, world, eye, [], [None] * len(HANDS))


def _moment_of(
    rng: np.random.Generator, world: World, eye: Eye, stock: Sequence[str], brought: Sequence[str | None]
) -> Labelled:
    world.aim(_draw_view(rng, world.look))
    smears = arrange(rng, world, stock, brought)
    moment = float(rng.uniform(0, 60))
    world.pass_time(moment, 0.0)
    world.refresh()
    look, shot = world.look, eye.look()
    light = shot.picture if look.shade is None else look.shade.fall(shot.picture, moment)
    picture = expose(light, look.sensor, look.camera.lens, rng, movers=movers(world, shot, smears))
    return labelled(world, shot, picture)


def arrange(rng: np.random.Generator, world: World, stock: Sequence[str], brought: Sequence[str | None]) -> Smears:
    """Clears the world, drops some of the stock into the basket, and perhaps puts a hand or two on their way.

    Returns:
        The visible hands, each with its motion blur in pixels.
    """
    for item in world.products:
        world.park(item)
    for hand in HANDS:
        world.show_hand(hand, None)
    empty = rng.random() < NO_ITEM_SHARE
    count = 0 if empty else int(rng.integers(10, STOCK + 1) if rng.random() < FULL_SHARE else rng.integers(1, 11))
    tumble(rng, world, [str(item) for item in rng.permutation(stock)[:count]])
    hands = int(rng.random() < HAND_SHARE) + int(rng.random() < SECOND_HAND_SHARE)
    loads: Sequence[str | None] = [None] * hands if empty else brought[:hands]
    smears: Smears = {}
    order: list[HandName] = list(HANDS) if rng.random() < 0.5 else list(reversed(HANDS))
    for hand, load in zip(order[:hands], loads, strict=True):
        for _ in range(TRIES):
            smear = _pose_hand(rng, world, hand, load)
            apart = [np.linalg.norm(world.hand(hand).position - world.hand(other).position) for other in smears]
            if min(apart, default=1.0) > APART_M and not world.before_lens(hand):
                smears[hand] = smear
                break
            world.empty_hand(hand)
            world.show_hand(hand, None)
    return smears


def movers(world: World, shot: RenderedShot, smears: Smears) -> list[Mover]:
    """The pixels of each hand and what it holds, with their motion blur."""
    return [(_hand_and_load(world, shot, hand), smear) for hand, smear in smears.items()]


def labelled(world: World, shot: RenderedShot, picture: Picture) -> Labelled:
    """The exposed picture (RGB) of a shot with everything visible in it."""
    items, hands = seen_items(world, shot), seen_hands(shot)
    return Labelled(
        picture=np.ascontiguousarray(picture[..., ::-1]),
        boxes=(*((item.label, item.box) for item in items), *((HAND, box) for _, box in hands)),
        truth=told(world, items, hands, held=frozenset(world.carried)),
    )


def _draw_view(rng: np.random.Generator, look: SceneDescription) -> Camera:
    """A camera that mostly sees the basket well, now and then with a long lens close to a few things."""
    lens = look.camera.lens
    while True:
        camera = draw_camera(rng, look.basket, lens.width, lens.height)
        if not _far(dataclasses.replace(look, camera=camera)) or rng.random() > NEAR_SHARE:
            break
    return _closer(rng, look.basket, camera) if rng.random() < CLOSE_SHARE else camera


def _closer(rng: np.random.Generator, basket: BasketShape, camera: Camera) -> Camera:
    """A photo of a few things, taken with a long lens from where the camera sits."""
    spot = rng.uniform(-0.5, 0.5, 2) * [basket.reach, basket.width] + np.array([basket.middle, 0.0])
    lens = dataclasses.replace(camera.lens, fov=float(rng.uniform(*CLOSE_FOV)), barrel=0.0)
    target = float(spot[0]), float(spot[1]), float(rng.uniform(0.05, 0.22))
    return dataclasses.replace(camera, lens=lens, target=target)


def _far(look: SceneDescription) -> bool:
    """True if the basket is small in the picture, or its floor mostly out of sight."""
    area = cv2.contourArea(np.array(basket_zone(look), np.float32))
    return bool(area < FAR_ZONE or floor_in_view(look) < LEAST_FLOOR)


def _hand_and_load(world: World, shot: RenderedShot, hand: HandName) -> Mask:
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
    """The hand's purpose: put the item down, take one that rests, or nothing."""
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
