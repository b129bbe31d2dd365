"""What of a simulated scene is real: its goods' skins and its surroundings; nothing, unless it is asked for."""

import dataclasses
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.photos import cutouts
from smartcart.datasets.products.products import ProductModel, Split
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.skins import scans
from smartcart.datasets.skins.dressing import dressed, wearable
from smartcart.datasets.skins.prints import Print, prints
from smartcart.datasets.skins.surroundings import Places, read_places

SCANNED: Final = 0.4
PRINTED: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Props:
    """Real surfaces of one split; without any, nothing is drawn by chance and every scene stays as it was."""

    scanned: tuple[ProductModel, ...] = ()
    printed: tuple[Print, ...] = ()
    places: Places = dataclasses.field(default_factory=Places)

    def dress(self, rng: np.random.Generator, product: ProductModel) -> ProductModel:
        """A scanned thing of the product's class, the product in a real print, or the product as it is."""
        if not (self.scanned or self.printed):
            return product
        scanned = [one for one in self.scanned if one.label == product.label]
        if scanned and rng.random() < SCANNED:
            return scanned[int(rng.integers(len(scanned)))]
        printed = wearable(product.label, self.printed)
        if printed and rng.random() < PRINTED:
            return dressed(rng, product, printed[int(rng.integers(len(printed)))])
        return product

    def furnish(self, rng: np.random.Generator, look: SceneDescription) -> SceneDescription:
        """The look with real surroundings, as far as there are any."""
        if self.places == Places():
            return look
        return dataclasses.replace(look, surroundings=self.places.draw(rng))


PLAIN: Final = Props()


@cache
def read_props(skins: tuple[Path, ...], surroundings: tuple[Path, ...], split: Split) -> Props:
    """The props of a split, read once a process.

    Args:
        skins: folders of scanned things (``objects.csv``) or of cut-outs (``cutouts.csv``).
        surroundings: folders of pictures or light probes, or a ``data.yaml``.
        split: of which nothing is seen in another one.

    Raises:
        DataError: a folder cannot be used; the message names it.
    """
    scanned: list[ProductModel] = []
    printed: list[Print] = []
    for folder in skins:
        if (folder / scans.TABLE).is_file():
            scanned += [scan.product() for scan in scans.read_scans(folder) if scan.split == split]
        elif (folder / cutouts.TABLE).is_file():
            printed += prints(cutouts.read_table(folder), split)
        else:
            raise DataError(f"{folder}: skins need an {scans.TABLE} (scanned things) or a {cutouts.TABLE} (cut-outs)")
    return Props(
        scanned=tuple(scanned),
        printed=tuple(printed),
        places=read_places(surroundings, split) if surroundings else Places(),
    )
