"""Triangle meshes with texture coordinates: the few shapes that groceries are made of.

All lengths are metres. The z axis points up as the product stands, and its front looks along -y.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AROUND: Final = 36


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """Vertices (N, 3) in metres, one texture coordinate (N, 2) each, and triangles (M, 3), outside seen ccw."""

    vertices: FloatArray
    uv: FloatArray
    faces: IntArray

    def msh(self) -> bytes:
        """The mesh as MuJoCo's own binary file: four counts, vertices, texture coordinates (v downwards), triangles."""
        counts = np.array([len(self.vertices), 0, len(self.uv), len(self.faces)], "<i4")
        uv = self.uv * [1.0, -1.0] + [0.0, 1.0]
        return b"".join(
            (
                counts.tobytes(),
                self.vertices.astype("<f4").tobytes(),
                uv.astype("<f4").tobytes(),
                self.faces.astype("<i4").tobytes(),
            )
        )

    def mirrored(self) -> "Mesh":
        """The mirror image across the x-z plane (a left hand from a right one)."""
        return Mesh(vertices=self.vertices * [1.0, -1.0, 1.0], uv=self.uv, faces=self.faces[:, ::-1])

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Mesh":
        """The same mesh at another place."""
        return Mesh(vertices=self.vertices + np.array([x, y, z]), uv=self.uv, faces=self.faces)

    def turned_round(self) -> "Mesh":
        """The same mesh turned by half a turn around the vertical axis."""
        return Mesh(vertices=self.vertices * [-1.0, -1.0, 1.0], uv=self.uv, faces=self.faces)

    def laid(self) -> "Mesh":
        """The same mesh turned so that its top points along +x."""
        return Mesh(vertices=self.vertices[:, [2, 1, 0]] * [1.0, 1.0, -1.0], uv=self.uv, faces=self.faces)

    def tipped(self) -> "Mesh":
        """The same mesh turned so that +y becomes its top."""
        return Mesh(vertices=self.vertices[:, [0, 2, 1]] * [1.0, -1.0, 1.0], uv=self.uv, faces=self.faces)


def join(*meshes: Mesh) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    return Mesh(
        vertices=np.concatenate([m.vertices for m in meshes]),
        uv=np.concatenate([m.uv for m in meshes]),
        faces=np.concatenate([m.faces + start for m, start in zip(meshes, starts, strict=True)]),
    )


def _strip(rings: int, around: int) -> IntArray:
    """Triangles between ``rings`` rows of ``around + 1`` points."""
    i, k = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    a = (i * (around + 1) + k).ravel()
    b, c, d = a + 1, a + around + 1, a + around + 2
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])


def lathe(profile: list[tuple[float, float]], *, around: int = AROUND) -> Mesh:
    """A body of revolution.

    Args:
        profile: (radius, height) from bottom to top in metres. The texture's v runs along its length.
        around: points around the axis.
    """
    points = np.array(profile)
    radius, height = np.maximum(points[:, 0], 1e-4), points[:, 1]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(radius), np.diff(height)))])
    angle = np.linspace(0.0, 2 * np.pi, around + 1)
    x = radius[:, None] * np.cos(angle)
    y = radius[:, None] * np.sin(angle)
    z = np.repeat(height[:, None], around + 1, 1)
    u, v = np.broadcast_to(angle / (2 * np.pi), x.shape), np.repeat((along / along[-1])[:, None], around + 1, 1)
    return Mesh(
        vertices=np.stack([x, y, z], -1).reshape(-1, 3),
        uv=np.stack([u, v], -1).reshape(-1, 2),
        faces=_strip(len(points), around),
    )


def loft(
    sections: list[tuple[float, float, float]], *, power: float = 2.0, lobes: tuple[int, float] = (0, 0.0)
) -> Mesh:
    """A body of level cross-sections that change from bottom to top.

    Args:
        sections: (height, half width along x, half width along y) in metres, from bottom to top.
        power: 2 for ellipses; more for rounder and rounder rectangles.
        lobes: how many ribs run from bottom to top, and how deep they are as a share of the width.
    """
    rows = np.array(sections)
    z, rx, ry = rows[:, 0], np.maximum(rows[:, 1], 1e-4), np.maximum(rows[:, 2], 1e-4)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(np.maximum(rx, ry)), np.diff(z)))])
    angle = np.linspace(0.0, 2 * np.pi, AROUND + 1)
    swell = 1 + lobes[1] * np.cos(lobes[0] * angle)
    c, s = (np.sign(v) * np.abs(v) ** (2 / power) * swell for v in (np.cos(angle), np.sin(angle)))
    x, y = rx[:, None] * c, ry[:, None] * s
    u, v = np.broadcast_to(angle / (2 * np.pi), x.shape), np.repeat((along / along[-1])[:, None], AROUND + 1, 1)
    return Mesh(
        vertices=np.stack([x, y, np.repeat(z[:, None], AROUND + 1, 1)], -1).reshape(-1, 3),
        uv=np.stack([u, v], -1).reshape(-1, 2),
        faces=_strip(len(sections), AROUND),
    )


def sweep(spine: FloatArray, radius: FloatArray, *, around: int = 18, lobes: int = 0) -> Mesh:
    """A tube along a spine (K, 3) that lies in a horizontal plane, with a radius (K,) at each point.

    Args:
        spine: points in metres.
        radius: half the thickness at each point, in metres.
        around: points around the spine.
        lobes: soft edges along the tube (five on a banana).
    """
    tangent = np.gradient(spine, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0])
    side = np.cross(up, tangent)
    angle = np.linspace(0.0, 2 * np.pi, around + 1)
    r = radius[:, None, None] * (1 + 0.06 * np.cos(lobes * angle))[None, :, None]
    ring = side[:, None] * np.cos(angle)[None, :, None] + up * np.sin(angle)[None, :, None]
    u, v = np.meshgrid(angle / (2 * np.pi), np.linspace(0, 1, len(spine)))
    return Mesh(
        vertices=(spine[:, None] + r * ring).reshape(-1, 3),
        uv=np.stack([u, v], -1).reshape(-1, 2),
        faces=_strip(len(spine), around),
    )


def _quad(corners: list[tuple[float, float, float]], cell: int) -> Mesh:
    """Four corners, counter-clockwise from the lower left, with one cell of a 3 x 2 texture atlas."""
    column, row = cell % 3, cell // 3
    u0, u1 = (column + 0.004) / 3, (column + 0.996) / 3
    v1, v0 = 1 - (row + 0.004) / 2, 1 - (row + 0.996) / 2
    return Mesh(
        vertices=np.array(corners, float),
        uv=np.array([(u0, v0), (u1, v0), (u1, v1), (u0, v1)][: len(corners)]),
        faces=np.array([(0, 1, 2), (0, 2, 3)][: len(corners) - 2]),
    )


def block(width: float, depth: float, height: float) -> Mesh:
    """A box; atlas cells: front, back, left / right, top, bottom."""
    x, y, z = width / 2, depth / 2, height / 2
    return join(
        _quad([(-x, -y, -z), (x, -y, -z), (x, -y, z), (-x, -y, z)], 0),
        _quad([(x, y, -z), (-x, y, -z), (-x, y, z), (x, y, z)], 1),
        _quad([(-x, y, -z), (-x, -y, -z), (-x, -y, z), (-x, y, z)], 2),
        _quad([(x, -y, -z), (x, y, -z), (x, y, z), (x, -y, z)], 3),
        _quad([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)], 4),
        _quad([(-x, y, -z), (x, y, -z), (x, -y, -z), (-x, -y, -z)], 5),
    )


def wedge(width: float, drop: float, thickness: float) -> Mesh:
    """A triangular plate that faces +x: its upper edge, ``width`` long, lies on the y axis, its tip ``drop`` below."""
    corners = [(0.0, -width / 2, 0.0), (0.0, 0.0, -drop), (0.0, width / 2, 0.0)]
    outer = [(thickness, y, z) for _, y, z in corners]
    (a, b, c), (p, q, r) = corners, outer
    return join(*(_quad(side, 5) for side in ([p, q, r], [c, b, a], [a, b, q, p], [b, c, r, q], [c, a, p, r])))


def gable(width: float, height: float, roof: float) -> Mesh:
    """A milk carton: a square body with a roof of ``roof`` metres and a fin on top; centred on its whole height."""
    h = width / 2
    bottom, eaves, ridge = -height / 2, height / 2 - roof - 0.012, height / 2 - 0.012
    body = block(width, width, eaves - bottom).moved(z=(eaves + bottom) / 2)
    front = _quad([(-h, -h, eaves), (h, -h, eaves), (h, 0, ridge), (-h, 0, ridge)], 4)
    back = _quad([(h, h, eaves), (-h, h, eaves), (-h, 0, ridge), (h, 0, ridge)], 4)
    left = _quad([(-h, h, eaves), (-h, -h, eaves), (-h * 0.75, 0, ridge)], 5)
    right = _quad([(h, -h, eaves), (h, h, eaves), (h * 0.75, 0, ridge)], 5)
    fin = block(width, 0.003, 0.014).moved(z=height / 2 - 0.007)
    return join(body, front, back, left, right, fin)


def pillow(width: float, thickness: float, height: float, wrinkles: FloatArray) -> Mesh:
    """A sealed bag, crimped at top and bottom; left half of the texture is the front, right half the back.

    Args:
        width: metres; likewise ``thickness`` and ``height``.
        wrinkles: (13, 17) small numbers, the dents of the foil as a share of the thickness.
    """
    rows, columns = wrinkles.shape[1], wrinkles.shape[0]
    s, t = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    bulge = (np.clip(1 - t**6, 0, 1) * np.clip(1 - s**4, 0, 1)) ** 0.6
    inner = 1 - 0.10 * (1 - np.abs(t) ** 3)
    sheets = []
    for side, u0 in ((-1, 0.0), (1, 0.5)):
        y = side * thickness / 2 * bulge * (1 + wrinkles.T)
        grid = np.stack([s * width / 2 * inner * -side, y, t * height / 2], -1).reshape(-1, 3)
        uv = np.stack([u0 + (s + 1) / 4, (t + 1) / 2], -1).reshape(-1, 2)
        sheets.append(Mesh(vertices=grid, uv=uv, faces=_strip(rows, columns - 1)))
    return join(*sheets)
