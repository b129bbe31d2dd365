"""The products: families such as "a milk carton", with variants that differ in size, colour and label art.

A variant is determined by its split, family and number. Splits draw from different random streams, so training never
sees the art or shape of a test product.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal

import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.products import bags, bakery, cartons, fresh, garden, household, packs
from smartcart.datasets.products.meshes import Mesh, join
from smartcart.datasets.products.parts import Body, Half, Part, Solid

Split = Literal["train", "val", "test"]
SPLIT_NUMBER: Final = {"train": 0, "val": 1, "test": 2}
VARIANTS: Final = {"train": 2000, "val": 4, "test": 4}


@dataclass(frozen=True, kw_only=True)
class ProductModel:
    """A product: its name, its class, and its body."""

    name: str
    label: str
    body: Body

    @property
    def mass_g(self) -> float:
        """Weight in grams."""
        return self.body.mass_g

    @property
    def solid(self) -> Solid:
        """Its solid in the physics."""
        return self.body.solid

    @property
    def half(self) -> Half:
        """Half its extent along x, y, z in metres as it stands."""
        return self.body.half

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its visible pieces."""
        return self.body.parts

    @cached_property
    def shape(self) -> Mesh:
        """All its pieces as one mesh."""
        return join(*(part.mesh for part in self.body.parts))

    @property
    def footprint(self) -> float:
        """The radius in metres of the circle that it needs on the floor."""
        return float(np.hypot(self.half[0], self.half[1])) if self.solid in ("box", "ellipsoid") else self.half[0]


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
    "wine": Family(label="bottle", make=packs.wine),
    "beer": Family(label="bottle", make=packs.beer),
    "oil": Family(label="bottle", make=packs.oil),
    "smoothie": Family(label="bottle", make=packs.smoothie),
    "shampoo": Family(label="bottle", make=household.shampoo),
    "dish_soap": Family(label="bottle", make=household.dish_soap),
    "ketchup": Family(label="bottle", make=household.ketchup),
    "detergent": Family(label="bottle", make=household.detergent),
    "spray": Family(label="bottle", make=household.spray),
    "soda_can": Family(label="can", make=packs.soda_can),
    "slim_can": Family(label="can", make=packs.slim_can),
    "soup_tin": Family(label="can", make=packs.soup_tin),
    "tuna_tin": Family(label="can", make=packs.tuna_tin),
    "beer_can": Family(label="can", make=packs.beer_can),
    "corn_tin": Family(label="can", make=packs.corn_tin),
    "pet_tin": Family(label="can", make=packs.pet_tin),
    "sardines": Family(label="can", make=household.sardines),
    "milk_carton": Family(label="carton", make=cartons.milk_carton),
    "juice_carton": Family(label="carton", make=cartons.juice_carton),
    "small_carton": Family(label="carton", make=cartons.small_carton),
    "cream_carton": Family(label="carton", make=cartons.cream_carton),
    "oat_carton": Family(label="carton", make=cartons.oat_carton),
    "cereal": Family(label="box", make=packs.cereal),
    "tea": Family(label="box", make=packs.tea),
    "pasta": Family(label="box", make=packs.pasta),
    "crackers": Family(label="box", make=packs.crackers),
    "toothpaste_box": Family(label="box", make=packs.toothpaste_box),
    "pills": Family(label="box", make=packs.pills),
    "chocolates": Family(label="box", make=packs.chocolates),
    "rice_box": Family(label="box", make=packs.rice_box),
    "washing_powder": Family(label="box", make=packs.washing_powder),
    "egg_box": Family(label="box", make=household.egg_box),
    "jar": Family(label="jar", make=packs.jar),
    "jam": Family(label="jar", make=packs.jam),
    "pickles": Family(label="jar", make=packs.pickles),
    "sauce": Family(label="jar", make=packs.sauce),
    "crisps": Family(label="bag", make=bags.crisps),
    "flour": Family(label="bag", make=bags.flour),
    "sweets": Family(label="bag", make=bags.sweets),
    "frozen_greens": Family(label="bag", make=bags.frozen_greens),
    "pouch": Family(label="bag", make=bags.pouch),
    "sugar": Family(label="bag", make=bags.sugar),
    "coffee": Family(label="bag", make=bags.coffee),
    "rice_bag": Family(label="bag", make=bags.rice_bag),
    "tub": Family(label="tub", make=packs.tub),
    "yoghurt": Family(label="tub", make=packs.yoghurt),
    "ice_cream": Family(label="tub", make=packs.ice_cream),
    "cream_cheese": Family(label="tub", make=packs.cream_cheese),
    "margarine": Family(label="tub", make=household.margarine),
    "toothpaste": Family(label="tube", make=household.toothpaste),
    "hand_cream": Family(label="tube", make=household.hand_cream),
    "tomato_paste": Family(label="tube", make=household.tomato_paste),
    "sun_cream": Family(label="tube", make=household.sun_cream),
    "paper_cup": Family(label="cup", make=household.paper_cup),
    "mug": Family(label="cup", make=household.mug),
    "tumbler": Family(label="cup", make=household.tumbler),
    "noodle_cup": Family(label="tub", make=household.noodle_cup),
    "loaf": Family(label="bread", make=bakery.loaf),
    "baguette": Family(label="bread", make=bakery.baguette),
    "roll": Family(label="bread", make=bakery.roll),
    "bagel": Family(label="bread", make=bakery.bagel),
    "toast": Family(label="bread", make=bakery.toast),
    "apple": Family(label="apple", make=fresh.apple),
    "orange": Family(label="orange", make=fresh.orange),
    "tomato": Family(label="tomato", make=fresh.tomato),
    "lemon": Family(label="lemon", make=fresh.lemon),
    "banana": Family(label="banana", make=fresh.banana),
    "cucumber": Family(label="cucumber", make=fresh.cucumber),
    "potato": Family(label="produce", make=garden.potato),
    "onion": Family(label="produce", make=garden.onion),
    "carrot": Family(label="produce", make=garden.carrot),
    "pepper": Family(label="produce", make=garden.pepper),
    "broccoli": Family(label="produce", make=garden.broccoli),
    "cabbage": Family(label="produce", make=garden.cabbage),
    "avocado": Family(label="produce", make=garden.avocado),
    "pear": Family(label="produce", make=garden.pear),
    "kiwi": Family(label="produce", make=garden.kiwi),
    "aubergine": Family(label="produce", make=garden.aubergine),
    "mushrooms": Family(label="produce", make=garden.mushrooms),
    "garlic": Family(label="produce", make=garden.garlic),
}
# how often each class is drawn, so that classes with few families are not rare
WEIGHTS: Final = {
    "bottle": 1.5,
    "can": 1.4,
    "carton": 1.4,
    "box": 1.3,
    "bag": 1.1,
    "jar": 1.0,
    "tub": 1.0,
    "cup": 0.9,
    "tube": 0.8,
    "bread": 0.8,
    "produce": 1.2,
}
FRUIT_WEIGHT: Final = 0.55


@lru_cache(maxsize=512)
def product(split: Split, family: str, variant: int) -> ProductModel:
    """The product of a split, a family and a variant number; always the same."""
    rng = np.random.default_rng([zlib.crc32(f"{split}/{family}".encode()), variant])
    kind = FAMILIES[family]
    return ProductModel(name=f"{family}_{split}{variant}", label=kind.label, body=kind.make(rng))


def product_named(name: str) -> ProductModel:
    """The product with a name that ``product`` gave it.

    Raises:
        DataError: no family has a product with that name.
    """
    parts = re.fullmatch(r"(.+)_(train|val|test)(\d{1,9})", name)
    if parts is None or parts[1] not in FAMILIES:
        raise DataError(f"{name[:80]!r} is not a simulated product; an example is {next(iter(FAMILIES))}_test0")
    split: Split = parts[2]  # type: ignore[assignment]
    return product(split, parts[1], int(parts[3]))


def pick(rng: np.random.Generator, split: Split, label: str | None = None) -> ProductModel:
    """Draws a product: first the class (unless it is given), then the family, then the variant."""
    if label is None:
        labels = sorted({family.label for family in FAMILIES.values()})
        weights = np.array([WEIGHTS.get(name, FRUIT_WEIGHT) for name in labels])
        label = str(rng.choice(labels, p=weights / weights.sum()))
    names = [name for name, family in FAMILIES.items() if family.label == label]
    return product(split, str(rng.choice(names)), int(rng.integers(VARIANTS[split])))
