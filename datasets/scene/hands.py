"""The hand that fills the cart: a smooth union of capsules, one mesh for each width of grip, and its arm.

Hand frame: the origin is the middle of the grip, between finger tips (at -x) and thumb (at +x); the fingers
point down (-z) and the arm leaves upwards (+z), leaning a little towards +y. Everything is a right hand;
a left one is its mirror image.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from skimage.measure import marching_cubes

from smartcart.datasets.products.meshes import AROUND, FloatArray, Mesh, lathe
from smartcart.datasets.scene.pose import about, rotated

GRIPS: Final = (0.010, 0.018, 0.026, 0.034, 0.043, 0.056)
OPEN: Final = len(GRIPS) - 1
WRIST: Final = np.array([-0.005, 0.0, 0.150])
ELBOW: Final = np.array([-0.012, 0.030, 0.42])
CUFF: Final = 0.162
ARM_LENGTH: Final = 0.85
BARE_WRIST: Final = 0.0248
BEND: Final = 0.5
JOINT: Final = 0.12
VOXEL: Final = 0.0042

Capsule = tuple[FloatArray, FloatArray, float, float]


def grip_for(half_width: float) -> int:
    """The index of the narrowest grip for a thing of this half width (metres)."""
    fitting = [k for k, g in enumerate(GRIPS) if g >= half_width - 0.003]
    return fitting[0] if fitting else OPEN


def _point(x: float, y: float, z: float) -> FloatArray:
    return np.array([x, y, z])


def _fingers(g: float) -> list[list[Capsule]]:
    """Four fingers of three bones each, curled around something of half width ``g``."""
    fingers = []
    for y, length in zip((-0.033, -0.011, 0.011, 0.030), (0.037, 0.043, 0.040, 0.031), strict=True):
        short = 0.043 - length
        knuckle = _point(-g - 0.013, y, 0.076 - abs(y) * 0.25)
        middle = _point(-g - 0.021, y * 1.02, 0.036 - short)
        end = _point(-g - 0.0155, y, 0.008 - short)
        tip = _point(-g - 0.0065, y * 0.95, -0.016 - short * 0.6)
        fingers.append([(knuckle, middle, 0.0104, 0.0095), (middle, end, 0.0095, 0.0086), (end, tip, 0.0086, 0.0068)])
    return fingers


def _palm(g: float) -> list[Capsule]:
    ends = zip((-0.033, -0.011, 0.011, 0.030), (-0.018, -0.006, 0.006, 0.018), strict=True)
    return [
        (WRIST + _point(0.0, dy, -0.012), _point(-g - 0.013, y, 0.076 - abs(y) * 0.25), 0.0160, 0.0122)
        for y, dy in ends
    ]


def _thumb(g: float) -> list[Capsule]:
    base = WRIST + _point(0.012, -0.022, -0.020)
    joint, end = _point(g + 0.024, -0.022, 0.060), _point(g + 0.021, -0.012, 0.022)
    tip = _point(g + 0.0075, -0.006, -0.008)
    return [(base, joint, 0.0170, 0.0125), (joint, end, 0.0120, 0.0103), (end, tip, 0.0103, 0.0078)]


def _distance(points: FloatArray, capsules: list[Capsule], blend: float) -> FloatArray:
    """Signed distance (metres) to a smooth union of capsules; the polynomial smooth minimum is Inigo Quilez's."""
    total: FloatArray | None = None
    for a, b, ra, rb in capsules:
        along = np.clip(((points - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
        d = np.linalg.norm(points - (a + along[..., None] * (b - a)), axis=-1) - (ra + (rb - ra) * along)
        total = d if total is None else _blended(total, d, blend)
    assert total is not None
    return total


def _blended(a: FloatArray, b: FloatArray, k: float) -> FloatArray:
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return np.asarray(b * (1 - h) + a * h - k * h * (1 - h))


@lru_cache(maxsize=len(GRIPS))
def hand_mesh(grip: int) -> Mesh:
    """A right hand up to the wrist, around something ``2 * GRIPS[grip]`` metres wide."""
    g = GRIPS[grip]
    low, high = np.array([-g - 0.045, -0.06, -0.035]), np.array([g + 0.05, 0.055, CUFF + 0.02])
    axes = [np.arange(a, b, VOXEL) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    field = np.min([_distance(points, finger, 0.004) for finger in _fingers(g)], axis=0)
    field = _blended(field, _distance(points, _palm(g), 0.012), 0.010)
    field = _blended(field, _distance(points, _thumb(g), 0.006), 0.012)
    field = _blended(field, _distance(points, [(WRIST, ELBOW, 0.024, 0.034)], 0.02), 0.028)
    field = np.maximum(field, points[..., 2] - CUFF - 0.006)
    vertices, faces, _, _ = marching_cubes(field, 0.0, spacing=(VOXEL,) * 3)
    vertices = vertices + low
    u = (vertices[:, 1] + 0.06) / 0.12 * 0.5 + (vertices[:, 0] > 0) * 0.5
    v = (vertices[:, 2] + 0.04) / 0.24
    return Mesh(vertices=vertices, uv=np.stack([u, v], 1).clip(0, 1), faces=faces.astype(np.int64))


@lru_cache(maxsize=16)
def arm_mesh(*, start: float, thickness: float, folds: float, left: bool) -> Mesh:
    """The arm, or a sleeve around it, from ``start`` metres along the hand frame's axis to the shoulder.

    Args:
        start: where it begins; ``CUFF`` is the wrist.
        thickness: metres added to the radius of the bare arm.
        folds: depth of the cloth's folds in metres, 0 for skin.
        left: for a left arm, which is mirrored later on; the elbow of both bends away from the basket.
    """
    s = np.linspace(0, 1, 60)
    z = start + (ARM_LENGTH - start) * s
    bare = 0.0215 + 0.019 * np.clip((z - 0.15) / 0.2, 0, 1) ** 0.8 + 0.008 * np.clip((z - 0.4) / 0.3, 0, 1)
    if not thickness:
        bare = np.maximum(bare, BARE_WRIST)
    radius = bare + thickness + folds * (np.sin(z * 61) + 0.6 * np.sin(z * 137 + 1)) + folds * 0.8
    profile = [(float(radius[0]) * 0.8, float(z[0]) + 0.004)] if thickness else []
    profile += [(float(r), float(h)) for r, h in zip(radius, z, strict=True)]
    return _along_arm(_bent(lathe(profile, around=AROUND), -BEND if left else BEND))


def _along_arm(upright: Mesh) -> Mesh:
    """A body of revolution about the z axis, bent to the axis of the arm."""
    axis = (ELBOW - WRIST) / np.linalg.norm(ELBOW - WRIST)
    lean = about((-axis[1], axis[0], 0.0), float(np.arccos(axis[2])))
    at = upright.vertices - [0, 0, WRIST[2]]
    turned = np.array([rotated(lean, point) for point in at]) + WRIST
    return Mesh(vertices=turned, uv=upright.uv, faces=upright.faces)


def _bent(upright: Mesh, angle: float) -> Mesh:
    """A body of revolution about the z axis, bent at the elbow towards +y by an angle in radians."""
    x, y, z = upright.vertices.T
    radius, past = JOINT / angle, z - (ELBOW[2] - JOINT / 2)
    turn, rest = np.clip(past / JOINT, 0, 1) * angle, np.maximum(past - JOINT, 0)
    along = np.minimum(z, ELBOW[2] - JOINT / 2) + radius * np.sin(turn) + rest * np.cos(angle) - y * np.sin(turn)
    aside = radius * (1 - np.cos(turn)) + rest * np.sin(angle) + y * np.cos(turn)
    return Mesh(vertices=np.stack([x, aside, along], 1), uv=upright.uv, faces=upright.faces)


@lru_cache(maxsize=2)
def arm_spine(*, left: bool) -> FloatArray:
    """The middle line of a right or a left arm, (N, 3) from the wrist to the shoulder, in the frame of its hand."""
    rings = arm_mesh(start=CUFF, thickness=0.0, folds=0.0, left=left).vertices.reshape(-1, AROUND + 1, 3)
    return np.asarray(rings[:, :AROUND].mean(1) * [1, -1 if left else 1, 1])


@lru_cache(maxsize=4)
def band_mesh(*, start: float, end: float, thickness: float) -> Mesh:
    """A band around the bare arm between two distances from the grip, in metres: a watch's strap, a glove's cuff."""
    radius = BARE_WRIST + thickness + 0.019 * float(np.clip((end - 0.15) / 0.2, 0, 1)) ** 0.8 * 0.5
    ring = [(radius * 0.8, start), (radius, start + 0.001), (radius, end - 0.001), (radius * 0.8, end)]
    return _along_arm(lathe(ring, around=AROUND))


def ring_place(grip: int) -> tuple[FloatArray, FloatArray, float]:
    """Both ends and the radius of a ring on the third finger of a right hand."""
    a, b, ra, rb = _fingers(GRIPS[grip])[2][0]
    along = (b - a) / np.linalg.norm(b - a)
    middle = a + (b - a) * 0.55
    return middle - along * 0.0022, middle + along * 0.0022, (ra + rb) / 2 + 0.0012


def dial_place() -> tuple[FloatArray, FloatArray]:
    """Both ends of a watch's flat dial on the back of a right hand's wrist."""
    axis = (ELBOW - WRIST) / np.linalg.norm(ELBOW - WRIST)
    middle = WRIST + axis * 0.055
    return middle + _point(-0.024, 0, 0), middle + _point(-0.032, 0, 0)


@lru_cache(maxsize=64)
def msh_file(mesh: Mesh, *, left: bool) -> bytes:
    """The MSH file of a right hand's mesh, or of its mirror image; kept, because every scene needs it."""
    return (mesh.mirrored() if left else mesh).msh()
