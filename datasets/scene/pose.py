"""Rigid poses: a position in metres and a unit quaternion (w, x, y, z)."""

from dataclasses import dataclass

import numpy as np

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.scene.engine import mujoco


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A position and an orientation."""

    position: FloatArray
    turn: FloatArray

    def of(self, inner: "Pose") -> "Pose":
        """The pose in the world of something whose pose in this frame is ``inner``."""
        turn = np.zeros(4)
        mujoco.mju_mulQuat(turn, self.turn, inner.turn)
        return Pose(position=self.position + rotated(self.turn, inner.position), turn=turn)

    def seen(self, outer: "Pose") -> "Pose":
        """The pose in this frame of something whose pose in the world is ``outer``."""
        back = np.zeros(4)
        mujoco.mju_negQuat(back, self.turn)
        turn = np.zeros(4)
        mujoco.mju_mulQuat(turn, back, outer.turn)
        return Pose(position=rotated(back, outer.position - self.position), turn=turn)


def rotated(turn: FloatArray, vector: FloatArray) -> FloatArray:
    """A vector (3,) turned by a quaternion (4,)."""
    out = np.zeros(3)
    mujoco.mju_rotVecQuat(out, np.asarray(vector, float), turn)
    return out


def about(axis: tuple[float, float, float], angle: float) -> FloatArray:
    """The quaternion of a turn about an axis, in radians."""
    out = np.zeros(4)
    mujoco.mju_axisAngle2Quat(out, np.array(axis, float), angle)
    return out


def chained(*turns: FloatArray) -> FloatArray:
    """Quaternions multiplied from left to right (the last one is applied first)."""
    total = np.array([1.0, 0.0, 0.0, 0.0])
    for turn in turns:
        out = np.zeros(4)
        mujoco.mju_mulQuat(out, total, turn)
        total = out
    return total
