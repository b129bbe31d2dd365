"""The places of items in the basket: free spots for standing things, and heaps as they fell."""

import numpy as np

from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene.description import BasketShape
from smartcart.datasets.scene.pose import Pose, about, chained
from smartcart.datasets.scene.simulation import World

Spot = tuple[float, float]
MARGIN = 0.012
LEAN = 0.22


def free_spot(
    rng: np.random.Generator, basket: BasketShape, product: ProductModel, taken: list[tuple[Spot, float]]
) -> Spot | None:
    """A spot on the floor that touches neither wall nor neighbour, or None when the basket is too full.

    Args:
        rng: draws the spot.
        basket: its size.
        product: the product to place.
        taken: spots in use with the radius of each.
    """
    radius = product.footprint
    reach = np.array([basket.reach, basket.width]) - radius - MARGIN
    if reach.min() <= 0:
        return None
    for _ in range(60):
        x, y = rng.uniform(-1, 1, 2) * reach + np.array([basket.middle, 0.0])
        if all(np.hypot(x - sx, y - sy) > radius + r + MARGIN for (sx, sy), r in taken):
            return float(x), float(y)
    return None


def standing(product: ProductModel, spot: Spot, yaw: float, *, lift: float = 0.006) -> Pose:
    """The pose of an item that stands on the basket's floor, ``lift`` metres over it; what is soft leans, to fall."""
    upright = about((0, 0, 1), yaw)
    turn = chained(upright, about((1, 0, 0), LEAN)) if product.solid == "ellipsoid" else upright
    return Pose(position=np.array([*spot, product.half[2] + lift]), turn=turn)


def lying(product: ProductModel, spot: Spot, yaw: float) -> Pose:
    """The pose of a box-like item that lies on its largest face on the basket's floor."""
    thin = int(np.argmin(product.half))
    flat = (about((0, 1, 0), np.pi / 2), about((1, 0, 0), np.pi / 2), about((0, 0, 1), 0.0))[thin]
    return Pose(position=np.array([*spot, product.half[thin] + 0.006]), turn=chained(about((0, 0, 1), yaw), flat))


def tumble(rng: np.random.Generator, world: World, items: list[str]) -> None:
    """Drops items into the basket one after the other, some standing and some turned, and lets them settle."""
    basket = world.look.basket
    taken: list[tuple[Spot, float]] = []
    for item in items:
        product = world.products[item]
        spot = free_spot(rng, basket, product, taken)
        if spot is not None and rng.random() < 0.7:
            taken.append((spot, product.footprint))
            world.put(item, standing(product, spot, float(rng.uniform(-np.pi, np.pi))))
            continue
        x, y = rng.uniform(-0.7, 0.7, 2) * [basket.reach, basket.width] + np.array([basket.middle, 0.0])
        turn = chained(
            about((0, 0, 1), rng.uniform(-np.pi, np.pi)), about((1, 0, 0), float(rng.choice([0.0, np.pi / 2, 1.2])))
        )
        height = 0.05 + max(product.half) + 0.06 * len(taken) / 3
        world.put(item, Pose(position=np.array([x, y, height]), turn=turn))
        world.advance(0.25)
    world.advance(0.7)
