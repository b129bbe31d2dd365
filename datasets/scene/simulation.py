"""Physics of the basket: items that rest, hang in a hand or wait out of sight, and a load cell under it all.

A held item follows its hand and collides with nothing until it is let go; then only gravity and contact move it.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.scene import hands
from smartcart.datasets.scene.camera import Camera
from smartcart.datasets.scene.cart import build
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.engine import mujoco
from smartcart.datasets.scene.pose import Pose

HandName = Literal["right", "left"]
HANDS: Final[tuple[HandName, ...]] = ("right", "left")
GRAVITY: Final = 9.81
NEAREST_ARM: Final = 0.12
CELL_LAG_S: Final = 0.06
STEP_S: Final = 0.002
SHOWN: Final = 1
HIDDEN: Final = 5
AWAY: Final = Pose(position=np.array([0.0, 0.0, -3.0]), turn=np.array([1.0, 0.0, 0.0, 0.0]))


@dataclass(slots=True)
class Carried:
    """An item in a hand: the item's pose in the hand's frame."""

    hand: HandName
    inside: Pose


class World:
    """One scene under physics.

    Attributes:
        model: MuJoCo's model.
        data: its state, which the renderer reads.
        products: the product of each item.
    """

    def __init__(self, look: SceneDescription, items: dict[str, ProductModel]) -> None:
        """Builds the scene with every item out of sight.

        Args:
            look: the surroundings.
            items: each item's name and product.
        """
        self.look = look
        self.products = items
        self.model = self._compiled(look, items)
        self.data = mujoco.MjData(self.model)
        self.carried: dict[str, Carried] = {}
        self._hands = dict.fromkeys(HANDS, AWAY)
        self._grips = {hand: {k: self._grip_geoms(hand, k) for k in range(len(hands.GRIPS))} for hand in HANDS}
        self._body = {name: self.model.body(name).id for name in items}
        joint = {name: self.model.body_jntadr[body] for name, body in self._body.items()}
        self._place = {name: int(self.model.jnt_qposadr[j]) for name, j in joint.items()}
        self._speed = {name: int(self.model.jnt_dofadr[j]) for name, j in joint.items()}
        self._parked = dict.fromkeys(items, AWAY)
        for k, name in enumerate(items):
            self._parked[name] = Pose(position=np.array([0.4 * k, 0.0, -3.0]), turn=AWAY.turn)
            self._collides(name, False)
        self.show_hand("right", None)
        self.show_hand("left", None)
        mujoco.mj_forward(self.model, self.data)
        self._tare = float(self.data.sensordata[2])
        self._weight = 0.0

    def aim(self, camera: Camera) -> None:
        """Moves the camera; its pictures keep their size."""
        right, down, forward = camera.axes
        turn = np.empty(4)
        mujoco.mju_mat2Quat(turn, np.stack([right, -down, -forward], axis=1).ravel())
        eye = self.model.camera("eye").id
        self.model.cam_pos[eye], self.model.cam_quat[eye] = camera.place, turn
        self.model.cam_fovy[eye] = camera.lens.render_fov
        self.look = dataclasses.replace(self.look, camera=camera)

    def put(self, item: str, pose: Pose) -> None:
        """Sets an item free at a pose."""
        self._parked.pop(item, None)
        self.carried.pop(item, None)
        self._set(item, pose)
        self._collides(item, True)

    def park(self, item: str) -> None:
        """Takes an item out of sight."""
        self.carried.pop(item, None)
        self._parked[item] = Pose(position=np.array([0.4 * list(self.products).index(item), 0.0, -3.0]), turn=AWAY.turn)
        self._collides(item, False)

    def carry(self, item: str, hand: HandName, inside: Pose) -> None:
        """Puts an item into a hand; ``inside`` is its pose in the hand's frame."""
        self._parked.pop(item, None)
        self.carried[item] = Carried(hand=hand, inside=inside)
        self._collides(item, False)

    def hand(self, name: HandName) -> Pose:
        """Where a hand is."""
        return self._hands[name]

    def arm(self, name: HandName) -> FloatArray:
        """The middle line of an arm in the world, (N, 3) from the wrist to the shoulder."""
        pose, turn = self._hands[name], np.empty(9)
        mujoco.mju_quat2Mat(turn, pose.turn)
        line = hands.arm_spine(left=name == "left") * self.look.owner(name).size
        return np.asarray(line @ turn.reshape(3, 3).T + pose.position)

    def before_lens(self, name: HandName) -> bool:
        """True if a hand or its arm is so near to the camera that it is not seen whole."""
        points = np.vstack([self._hands[name].position, self.arm(name)])
        return bool(np.linalg.norm(points - np.array(self.look.camera.place), axis=1).min() < NEAREST_ARM)

    def empty_hand(self, name: HandName) -> None:
        """Takes what a hand holds out of sight."""
        for item in [item for item, carried in self.carried.items() if carried.hand == name]:
            self.park(item)

    def release(self, item: str) -> None:
        """Lets go of an item where it is."""
        del self.carried[item]
        self._collides(item, True)

    def throw(self, item: str, pose: Pose, velocity: FloatArray, spin: FloatArray) -> None:
        """Sets an item free in flight, with a velocity (3,) in m/s and a spin (3,) in rad/s."""
        self.put(item, pose)
        at = self._speed[item]
        self.data.qvel[at : at + 6] = [*velocity, *spin]

    def pass_time(self, t: float, way: float) -> None:
        """The shop, from which the cart has come ``way`` metres, and the people in it at media time ``t``."""
        self.data.mocap_pos[self.model.body_mocapid[self.model.body("shop").id], 0] = -way
        for k, passer in enumerate(self.look.passers):
            x, y, z = passer.at(t)
            with_cart = way if x > -self.look.basket.length else 0.0  # the person who pushes the cart walks with it
            self.data.mocap_pos[self.model.body_mocapid[self.model.body(f"passer{k}").id]] = x - with_cart, y, z

    def ride(self, along: float, up: float) -> None:
        """The cart accelerates, in m/s2 along x and z."""
        self.model.opt.gravity[:] = [-along, 0.0, -GRAVITY - up]

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Changes to the world within this block are undone."""
        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.empty(mujoco.mj_stateSize(self.model, kind))
        mujoco.mj_getState(self.model, self.data, state, kind)
        solid = self.model.geom_contype.copy()
        kept = dict(self.carried), dict(self._parked), dict(self._hands), self._weight
        try:
            yield
        finally:
            mujoco.mj_setState(self.model, self.data, state, kind)
            self.model.geom_contype[:] = self.model.geom_conaffinity[:] = solid
            self.carried, self._parked, self._hands, self._weight = kept

    def blocked(self, item: str, pose: Pose) -> bool:
        """True if an item at a pose would penetrate another item or a wall."""
        with self.rehearsal():
            self.put(item, pose)
            mujoco.mj_fwdPosition(self.model, self.data)
            geom = self.model.geom(item).id
            return any(geom in contact.geom and contact.dist < -0.0015 for contact in self.data.contact)

    def move_hand(self, name: HandName, pose: Pose) -> None:
        """Moves a hand and what it carries."""
        self._hands[name] = pose
        mocap = self.model.body_mocapid[self.model.body(name).id]
        self.data.mocap_pos[mocap], self.data.mocap_quat[mocap] = pose.position, pose.turn
        for item, carried in self.carried.items():
            if carried.hand == name:
                self._set(item, pose.of(carried.inside))

    def show_hand(self, name: HandName, grip: int | None) -> None:
        """Shows a hand with a grip, or hides it."""
        for k, geoms in self._grips[name].items():
            self.model.geom_group[geoms] = SHOWN if k == grip else HIDDEN
        if grip is None:
            self.move_hand(name, AWAY)

    def advance(self, seconds: float) -> None:
        """Runs the physics; carried and parked items stay where they are put."""
        steps = max(1, round(seconds / STEP_S))
        self.model.opt.timestep = dt = seconds / steps
        for _ in range(steps):
            for item, pose in self._parked.items():
                self._set(item, pose)
            for item, carried in self.carried.items():
                self._set(item, self._hands[carried.hand].of(carried.inside))
            mujoco.mj_step(self.model, self.data)
            load = (float(self.data.sensordata[2]) - self._tare) / GRAVITY * 1000
            self._weight += (load - self._weight) * dt / CELL_LAG_S

    def refresh(self) -> None:
        """Updates the picture with poses set by hand, without letting time pass."""
        mujoco.mj_forward(self.model, self.data)

    @property
    def weight_g(self) -> float:
        """The reading of the load cell under the basket, settled with a lag of 60 ms, without noise."""
        return self._weight

    def pose(self, item: str) -> Pose:
        """Where an item is."""
        at = self._place[item]
        return Pose(position=self.data.qpos[at : at + 3].copy(), turn=self.data.qpos[at + 3 : at + 7].copy())

    def speed(self, item: str) -> float:
        """How fast an item moves, in metres a second."""
        at = self._speed[item]
        return float(np.linalg.norm(self.data.qvel[at : at + 3]))

    def free(self, item: str) -> bool:
        """True if an item is neither in a hand nor out of sight."""
        return item not in self.carried and item not in self._parked

    def inside(self, item: str) -> bool:
        """True if an item is free and its middle is in the basket."""
        x, y, z = self.pose(item).position
        b = self.look.basket
        return bool(self.free(item) and abs(x) < b.length and abs(y) < b.width and -0.01 < z < b.depth + 0.05)

    def contents(self) -> list[str]:
        """The items inside."""
        return [item for item in self.products if self.inside(item)]

    def corners(self, item: str) -> FloatArray:
        """All visible points of an item in the world, (N, 3); its triangles are those of ``product.shape``."""
        turn = self.data.xmat[self._body[item]].reshape(3, 3)
        return np.asarray(self.products[item].shape.vertices @ turn.T + self.pose(item).position)

    def _compiled(self, look: SceneDescription, items: dict[str, ProductModel]) -> mujoco.MjModel:
        scene = build(look, list(items.items()))
        return scene.compiled()

    def _grip_geoms(self, hand: HandName, grip: int) -> list[int]:
        """The hand's mesh in this grip, and the ring on it."""
        names = f"{hand}_{grip}", f"{hand}_{grip}_ring"
        return [k for k in range(self.model.ngeom) if self.model.geom(k).name in names]

    def _set(self, item: str, pose: Pose) -> None:
        at, speed = self._place[item], self._speed[item]
        self.data.qpos[at : at + 3], self.data.qpos[at + 3 : at + 7] = pose.position, pose.turn
        self.data.qvel[speed : speed + 6] = 0

    def _collides(self, item: str, on: bool) -> None:
        geom = self.model.geom(item).id
        self.model.geom_contype[geom] = self.model.geom_conaffinity[geom] = int(on)
