"""The target of an item: the pose in which a hand lets go of it, and the way in which it is thrown.

Physics decides what follows; a rehearsal without side effects shows whether it ends well.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.scene.pose import Pose, about, chained, rotated
from smartcart.datasets.scene.simulation import GRAVITY, World
from smartcart.datasets.scene.stocking import Spot, lying, standing
from smartcart.datasets.story.reach import LEAN, Side, facing

TRIES: Final = 6
THROW_TRIES: Final = 16
RISE: Final = 0.012
REST_S: Final = 1.0
FLIGHT_AND_REST_S: Final = 1.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A throw: its start, its velocity in m/s and its spin in rad/s."""

    pose: Pose
    velocity: FloatArray
    spin: FloatArray


def resting_pose(rng: np.random.Generator, world: World, item: str, spot: Spot, side: Side) -> Pose:
    """Standing at a spot; if something is in the way, on top of it, or perhaps at another spot."""
    product = world.products[item]
    pose = standing(product, spot, facing(side, rng), lift=0.008)
    if not world.blocked(item, pose):
        return pose
    for _ in range(TRIES):
        pose = raised(world, item, pose)
        if _ends_well(world, item, pose):
            break
        basket = world.look.basket
        x, y = rng.uniform(-0.6, 0.6, 2) * [basket.reach, basket.width] + np.array([basket.middle, 0.0])
        pose = standing(product, (float(x), float(y)), facing(side, rng), lift=0.008)
    return raised(world, item, pose)


def covering_pose(rng: np.random.Generator, world: World, item: str, below: str, side: Side) -> Pose:
    """Flat on top of another item, at an angle at which it stays there, if there is one."""
    x, y, _ = world.pose(below).position
    pose = raised(world, item, lying(world.products[item], (float(x), float(y)), facing(side, rng)))
    for _ in range(TRIES):
        if _stays(world, item, pose):
            return pose
        spot = float(x + rng.normal(0, 0.012)), float(y + rng.normal(0, 0.012))
        pose = raised(world, item, lying(world.products[item], spot, float(rng.uniform(-np.pi, np.pi))))
    return pose if _ends_well(world, item, pose) else resting_pose(rng, world, item, (float(x), float(y)), side)


def moved_pose(world: World, item: str, spot: Spot) -> Pose:
    """An item as it lies now, at another spot."""
    now = world.pose(item)
    return raised(world, item, Pose(position=np.array([*spot, now.position[2] + 0.004]), turn=now.turn))


def raised(world: World, item: str, pose: Pose) -> Pose:
    """The lowest pose above this one in which the item penetrates nothing."""
    for lift in np.arange(0.0, world.look.basket.depth + 0.1, RISE):
        over = Pose(position=pose.position + np.array([0.0, 0.0, lift]), turn=pose.turn)
        if not world.blocked(item, over):
            return over
    return pose


def flight(rng: np.random.Generator, world: World, item: str, side: Side, spot: Spot) -> Flight | None:
    """A throw from outside the picture that ends in the basket and drives nothing out of it, or None."""
    product, basket = world.products[item], world.look.basket
    out = rotated(about((0, 0, 1), LEAN[side]), np.array([0.0, 1.0, 0.0]))
    half = np.array([basket.length, basket.width, 0.0])
    for _ in range(THROW_TRIES):
        start = out * (half + rng.uniform(0.45, 1.1)) + np.array([*rng.normal(0, 0.12, 2), 0.0])
        start[2] = basket.depth + rng.uniform(0.15, 0.6)
        seconds = float(rng.uniform(0.34, 0.55))
        aim = np.array([*(np.array(spot) + rng.normal(0, 0.03, 2)), product.half[2]])
        velocity = (aim - start) / seconds + np.array([0.0, 0.0, GRAVITY * seconds / 2])
        turn = chained(about((0, 0, 1), rng.uniform(-np.pi, np.pi)), about((1, 0, 0), rng.uniform(-0.9, 0.9)))
        thrown = Flight(pose=Pose(position=start, turn=turn), velocity=velocity, spin=rng.normal(0, 3.0, 3))
        if not _in_picture(world, start) and _lands(world, item, thrown):
            return thrown
    return None


def _ends_well(world: World, item: str, pose: Pose) -> bool:
    """True if everything inside, and the item released at this pose, is still inside a second later."""
    before = world.contents()
    with world.rehearsal():
        world.put(item, pose)
        world.advance(REST_S)
        return set(world.contents()) >= {*before, item}


def _stays(world: World, item: str, pose: Pose) -> bool:
    """True if an item released at this pose stays about there."""
    with world.rehearsal():
        world.put(item, pose)
        world.advance(REST_S)
        return bool(world.inside(item) and np.linalg.norm(world.pose(item).position - pose.position) < 0.03)


def _lands(world: World, item: str, thrown: Flight) -> bool:
    before = world.contents()
    with world.rehearsal():
        world.throw(item, thrown.pose, thrown.velocity, thrown.spin)
        world.advance(FLIGHT_AND_REST_S)
        return set(world.contents()) >= {*before, item} and world.speed(item) < 0.2


def _in_picture(world: World, point: FloatArray, margin: float = 0.15) -> bool:
    camera = world.look.camera
    pixels, depth = camera.project(point[None])
    x, y = pixels[0] / [camera.lens.width, camera.lens.height]
    return bool(depth[0] > 0 and -margin < x < 1 + margin and -margin < y < 1 + margin)
