"""The products: families such as "a milk carton", and variants of each with sizes, colours and label art of their own.

A variant is fixed by its split, family and number. Splits draw from different random streams, so no art and no
shape of a test product is ever seen in training.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from smartcart.datasets import fresh, packs
from smartcart.datasets.parts import Body, Half, Part, Solid

Split = Literal["train", "val", "test"]
SPLIT_NUMBER: Final = {"train": 0, "val": 1, "test": 2}
VARIANTS: Final = {"train": 12, "val": 4, "test": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A thing to buy: its name, its class, and its body."""

    name: str
    label: str
    body: Body

    @property
    def mass_g(self) -> float:
        """Weight in grams."""
        return self.body.mass_g

    @property
    def solid(self) -> Solid:
        """What stands for it in the physics."""
        return self.body.solid

    @property
    def half(self) -> Half:
        """Half its extent along x, y, z in metres as it stands."""
        return self.body.half

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its visible pieces."""
        return self.body.parts

    @property
    def footprint(self) -> float:
        """Radius in metres of the circle that it needs on the floor."""
        return float(np.hypot(self.half[0], self.half[1])) if self.solid == "box" else self.half[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of product: its class and the function that makes one variant."""

    label: str
    make: Callable[[np.random.Generator], Body]


FAMILIES: Final[dict[str, Family]] = {
    "water": Family(label="bottle", make=packs.water),
    "juice_bottle": Family(label="bottle", make=packs.juice_bottle),
    "cola": Family(label="bottle", make=packs.cola),
    "green_bottle": Family(label="bottle", make=packs.green_bottle),
    "milk_bottle": Family(label="bottle", make=packs.milk_bottle),
    "soda_can": Family(label="can", make=packs.soda_can),
    "slim_can": Family(label="can", make=packs.slim_can),
    "soup_tin": Family(label="can", make=packs.soup_tin),
    "tuna_tin": Family(label="can", make=packs.tuna_tin),
    "milk_carton": Family(label="carton", make=packs.milk_carton),
    "juice_carton": Family(label="carton", make=packs.juice_carton),
    "small_carton": Family(label="carton", make=packs.small_carton),
    "cereal": Family(label="box", make=packs.cereal),
    "tea": Family(label="box", make=packs.tea),
    "pasta": Family(label="box", make=packs.pasta),
    "jar": Family(label="jar", make=packs.jar),
    "tub": Family(label="tub", make=packs.tub),
    "crisps": Family(label="bag", make=packs.crisps),
    "flour": Family(label="bag", make=packs.flour),
    "apple": Family(label="apple", make=fresh.apple),
    "orange": Family(label="orange", make=fresh.orange),
    "tomato": Family(label="tomato", make=fresh.tomato),
    "lemon": Family(label="lemon", make=fresh.lemon),
    "banana": Family(label="banana", make=fresh.banana),
    "cucumber": Family(label="cucumber", make=fresh.cucumber),
}


@lru_cache(maxsize=512)
def product(split: Split, family: str, variant: int) -> Product:
    """The product of a split, a family and a variant number; the same every time."""
    rng = np.random.default_rng([zlib.crc32(f"{split}/{family}".encode()), variant])
    kind = FAMILIES[family]
    return Product(name=f"{family}_{split}{variant}", label=kind.label, body=kind.make(rng))


def pick(rng: np.random.Generator, split: Split, label: str | None = None) -> Product:
    """Draws a product: first the family (of one class, if given), then the variant."""
    names = [name for name, family in FAMILIES.items() if label in (None, family.label)]
    return product(split, str(rng.choice(names)), int(rng.integers(VARIANTS[split])))
