"""The basket zone: a polygon in normalised picture coordinates, per cart, in a TOML file."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from smartcart.edge.errors import EdgeError
from smartcart.edge.vision.detection import Box

Point = tuple[float, float]
GRID = 160


class ZoneError(EdgeError, ValueError):
    """A zone cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The basket as the camera sees it.

    Raises:
        ZoneError: fewer than 3 points, a point outside the picture, no area, or edges that cross each other.
    """

    polygon: tuple[Point, ...]

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ZoneError(f"a zone needs at least 3 points, this one has {len(self.polygon)}")
        for x, y in self.polygon:
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ZoneError(f"point ({x}, {y}) is outside the picture: coordinates run from 0 to 1")
        if _self_crossing(self.polygon):
            raise ZoneError("the polygon crosses itself: give its corners in order around the basket")
        if self.area < 0.005:
            raise ZoneError("the polygon has (nearly) no area")

    @property
    def area(self) -> float:
        """The area in units of the picture's area (shoelace formula)."""
        pairs = zip(self.polygon, (*self.polygon[1:], self.polygon[0]), strict=True)
        return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2

    def share(self, box: Box) -> float:
        """The share of a box that lies in the zone, in [0, 1], on a raster of 160 x 160."""
        x1, y1, x2, y2 = (round(v * GRID) for v in box)
        x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        corners = np.round(self._contour() * GRID).astype(np.int32) - np.array([x1, y1], np.int32)
        cv2.fillPoly(mask, [corners], 1)
        return float(mask.mean())

    def _contour(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.array(self.polygon, np.float32)


def read_zone(path: Path) -> Zone:
    """Reads ``[zone] polygon = [[x, y], ...]``.

    Raises:
        ZoneError: the file is missing or malformed, or the polygon cannot be used.
    """
    try:
        polygon = tomllib.loads(path.read_text(encoding="utf-8"))["zone"]["polygon"]
        points = tuple((float(x), float(y)) for x, y in polygon)
    except OSError as error:
        raise ZoneError(f"{path}: cannot be read: {error.strerror}. `smartcart calibrate` writes one.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ZoneError(f"{path}: not a zone file ([zone] polygon = [[x, y], ...]): {error}") from error
    try:
        return Zone(points)
    except ZoneError as error:
        raise ZoneError(f"{path}: {error}") from None


def write_zone(path: Path, zone: Zone) -> None:
    """Writes the zone file that ``read_zone`` reads."""
    points = ", ".join(f"[{x:.4f}, {y:.4f}]" for x, y in zone.polygon)
    path.write_text(
        f"# the basket in the picture; 0, 0 is the upper left corner\n[zone]\npolygon = [{points}]\n", encoding="utf-8"
    )


def parse_polygon(corners: Iterable[str]) -> Zone:
    """A zone from ``x,y`` strings.

    Raises:
        ZoneError: a string is malformed, or the polygon cannot be used.
    """
    points: list[Point] = []
    for corner in corners:
        try:
            x, y = (float(part) for part in corner.split(","))
        except ValueError:
            raise ZoneError(f"{corner!r} is not a corner; write it as x,y between 0 and 1, e.g. 0.1,0.2") from None
        points.append((x, y))
    return Zone(tuple(points))


def _self_crossing(polygon: Sequence[Point]) -> bool:
    n = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    return any(
        _cross(*edges[i], *edges[j]) for i in range(n) for j in range(i + 1, n) if j - i > 1 and (i, j) != (0, n - 1)
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """True if the segments ab and cd cross."""

    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


DEFAULT_ZONE: Final = Zone(((0.06, 0.1), (0.94, 0.1), (0.94, 0.98), (0.06, 0.98)))
