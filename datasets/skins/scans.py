"""Scanned goods: meshes with photo textures (Wavefront), and a table of their classes and sizes."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.datasets.errors import DataError
from smartcart.datasets.photos.cutouts import Split, split_of_name
from smartcart.datasets.products.meshes import Mesh
from smartcart.datasets.products.parts import Body, Part, Solid
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.products.textures import Picture
from smartcart.models.labels import ITEMS

TABLE: Final = "objects.csv"
COLUMNS: Final = ("name", "label", "x_m", "y_m", "z_m", "mass_kg")
NO_CLASS: Final = "none"
FRUIT: Final = frozenset({"apple", "orange", "lemon", "banana", "tomato", "cucumber", "produce"})
G_PER_M3: Final = 0.9e6
FULLNESS: Final = 0.52  # of the box around it
ROUND: Final = 1.08
SHINE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One row of the table: a thing, its size in metres, and its mass in kilograms if that is known."""

    file: Path
    name: str
    label: str
    size: tuple[float, float, float]
    mass_kg: float | None

    @property
    def split(self) -> Split:
        """Numbered things go together with those of the same number: ``065-a_cups`` with ``065-c_cups``."""
        number = self.name.split("_")[0].split("-")[0]
        return split_of_name(number if number.isdigit() else self.name)

    def product(self) -> ProductModel:
        """The thing as a product of the simulator.

        Raises:
            DataError: its mesh or texture cannot be read.
        """
        x, y, z = (length / 2 for length in self.size)
        part = Part(mesh=_mesh(self.file), picture=_texture(self.file.with_suffix(".jpg")), shine=SHINE)
        body = Body(mass_g=self._mass_g(), solid=self._solid(), half=(x, y, z), parts=(part,))
        return ProductModel(name=f"scan_{self.name}", label=self.label, body=body)

    def _mass_g(self) -> float:
        if self.mass_kg is None or self.label in FRUIT:  # scanned fruit is a light toy
            return float(np.prod(self.size)) * FULLNESS * G_PER_M3
        return self.mass_kg * 1000

    def _solid(self) -> Solid:
        x, y, _ = self.size
        if self.label in FRUIT and max(self.size) < ROUND * min(self.size):
            return "sphere"
        return "cylinder" if max(x, y) < ROUND * min(x, y) and self.label in ("can", "bottle", "jar", "tub") else "box"


def read_scans(folder: Path) -> list[Scan]:
    """The things of a table; those without a class of ours (``none``) are left out.

    Raises:
        DataError: the table is unusable, or names a missing mesh.
    """
    table = folder / TABLE
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise DataError(f"{table}: has no column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
            found = [_scan(folder, f"{table} line {rows.line_num}", row) for row in rows if row["label"] != NO_CLASS]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: cannot be read ({error})") from error
    return found


def _scan(folder: Path, where: str, row: dict[str, str]) -> Scan:
    if any(not isinstance(row[name], str) for name in COLUMNS):
        raise DataError(f"{where}: fewer fields than in the first line")
    if row["label"] not in ITEMS:
        raise DataError(f"{where}: class {row['label']!r} is not one of {', '.join(ITEMS)}, or {NO_CLASS}")
    file = folder / row["name"] / f"{row['name']}.obj"
    if not file.is_file() or not file.with_suffix(".jpg").is_file():
        raise DataError(f"{where}: there is no {file}, or no texture (.jpg) beside it")
    try:
        size = float(row["x_m"]), float(row["y_m"]), float(row["z_m"])
        mass = float(row["mass_kg"]) if row["mass_kg"] else None
    except ValueError:
        raise DataError(f"{where}: sizes in metres and the mass in kilograms must be numbers") from None
    if not all(0.005 < length < 0.6 for length in size) or (mass is not None and not 0 < mass < 20):
        raise DataError(f"{where}: a thing of 0.5 to 60 cm a side and under 20 kg was expected, not {size}, {mass}")
    return Scan(file=file, name=row["name"], label=row["label"], size=size, mass_kg=mass)


def _mesh(file: Path) -> Mesh:
    """A mesh with one texture coordinate per corner; a corner is identified by both its numbers."""
    try:
        lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
        vertices = np.array([words[1:4] for words in lines if words[:1] == ["v"]], float)
        uv = np.array([words[1:3] for words in lines if words[:1] == ["vt"]], float)
        corners = np.array([[word.split("/")[:2] for word in words[1:4]] for words in lines if words[:1] == ["f"]], int)
        pairs, faces = np.unique(corners.reshape(-1, 2) - 1, axis=0, return_inverse=True)
        return Mesh(vertices=vertices[pairs[:, 0]], uv=uv[pairs[:, 1]], faces=faces.reshape(-1, 3))
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{file}: is not a mesh of triangles with texture coordinates ({error})") from error


def _texture(file: Path) -> Picture:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise DataError(f"{file}: cannot be read as a picture")
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)
