"""The cart in its shop as MuJoCo's MJCF: basket, surroundings, lights, camera, both hands and the items."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from smartcart.datasets.products import textures
from smartcart.datasets.products.parts import Part
from smartcart.datasets.products.products import ProductModel
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene import backdrop, hands
from smartcart.datasets.scene.basketry import bag_mesh, basket_bodies, walls
from smartcart.datasets.scene.description import Person, SceneDescription
from smartcart.datasets.scene.engine import mujoco
from smartcart.datasets.scene.people import FLOOR_DROP, passer_body


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """The inputs of a scene: its mesh files, and the picture of each texture."""

    files: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """MJCF text and its inputs."""

    xml: str
    assets: Assets

    def compiled(self) -> "mujoco.MjModel":
        """The model. Pictures are copied directly into its textures, because packing them costs more than all else."""
        model = mujoco.MjModel.from_xml_string(self.xml, self.assets.files)
        for name, picture in self.assets.pictures.items():
            start = model.texture(name).adr[0]
            model.tex_data[start : start + picture.size] = picture.ravel()
        return model


def build(look: SceneDescription, items: Sequence[tuple[str, ProductModel]]) -> Scene:
    """The scene with these items (name, product), all of them parked out of sight under the floor."""
    assets = Assets()
    rng = np.random.default_rng(look.art_seed)
    surroundings = _surroundings(look, rng, assets)
    shop = _table() if look.studio else _shop()
    basket = walls(look.basket) if look.studio else basket_bodies(look.basket)
    hand_assets, hand_bodies = _hands(look, rng, assets)
    bag_assets, bag = _bag(look, assets)
    passers = "".join(passer_body(f"passer{k}", passer) for k, passer in enumerate(look.passers))
    item_assets, bodies_of_items = item_bodies(items, assets)
    x, y, z = look.camera.place
    right, down, _ = look.camera.axes
    axes = " ".join(f"{v:.6f}" for v in (*right, *-down))
    lx, ly, lz = look.lamp_from
    fill, ambient = look.fill, look.ambient
    xml = f"""<mujoco>
<compiler inertiafromgeom="true"/>
<option integrator="implicitfast" cone="elliptic"/>
<statistic extent="1.3" center="0 0 .1" meansize=".1"/>
<visual><global offwidth="{look.camera.lens.width}" offheight="{look.camera.lens.height}"/>
<quality shadowsize="2048" offsamples="4" numslices="10" numstacks="5"/>
<map znear="0.015" zfar="8" shadowclip="1"/>
<headlight ambient="{ambient} {ambient} {ambient}" diffuse=".1 .1 .1" specular=".05 .05 .05"/></visual>
<default>
<default class="seen"><geom contype="0" conaffinity="0" group="1" mass="0"/></default>
<default class="solid"><geom group="4" friction=".6 .01 .003" solref=".01 1" condim="6"/></default>
</default>
<asset>{surroundings}{hand_assets}{item_assets}{bag_assets}</asset>
<worldbody>
<light type="spot" cutoff="55" exponent="1" pos="{lx} {ly} {lz}" dir="{-lx} {-ly} {-lz}" castshadow="true"
 diffuse="{look.lamp[0]} {look.lamp[1]} {look.lamp[2]}" specular="{look.gloss} {look.gloss} {look.gloss}"/>
<light type="spot" pos="{-lx} {1 + ly} 2.2" dir="{lx} {-1 - ly} -2.2" cutoff="80" castshadow="false"
 diffuse="{fill} {fill} {fill}" specular=".25 .25 .25"/>
<light type="spot" pos=".9 {-ly} 2.4" dir="-.9 {ly} -2.4" cutoff="80" castshadow="false"
 diffuse="{fill * 0.6} {fill * 0.6} {fill * 0.6}" specular=".2 .2 .2"/>
<camera name="eye" pos="{x} {y} {z}" xyaxes="{axes}" fovy="{look.camera.lens.render_fov}"/>
<body name="shop" mocap="true">{shop}</body>{passers}
<body name="basket"><site name="scale"/>{basket}{bag}</body>
{bodies_of_items}{hand_bodies}
</worldbody>
<sensor><force name="scale" site="scale"/></sensor>
</mujoco>"""
    return Scene(xml=xml, assets=assets)


def _shop() -> str:
    """Floor and shelves around the cart."""
    return f"""
<geom class="seen" type="plane" size="4 4 .1" pos="0 0 {-FLOOR_DROP}" material="floor"/>
<geom class="seen" type="box" size=".02 3 1" pos="2.3 0 .45" material="shelf"/>
<geom class="seen" type="box" size="3 .02 1" pos="0 1.7 .45" material="shelf"/>
<geom class="seen" type="box" size="3 .02 1" pos="0 -1.7 .45" material="shelf"/>
"""


def _table() -> str:
    """A white table top, in place of shop and cart."""
    return '<geom class="seen" type="plane" name="table" size="4 4 .1" rgba="1 1 1 1"/>'


def _texture(assets: Assets, name: str, picture: Picture, shine: float = 0.2, repeat: str = "1 1") -> str:
    assets.pictures[name] = picture
    height, width = picture.shape[:2]
    return (
        f'<texture name="{name}" type="2d" builtin="flat" width="{width}" height="{height}"/>'
        f'<material name="{name}" texture="{name}" texrepeat="{repeat}" specular="{shine}" shininess="{shine}"/>'
    )


def _surroundings(look: SceneDescription, rng: np.random.Generator, assets: Assets) -> str:
    r, g, b = (c / 255 for c in look.basket.colour)
    metal = 0.5 + 0.14 * rng.random()
    repeat = f"{rng.uniform(2, 5):.2f} {rng.uniform(2, 5):.2f}"
    floor, shelf, real = backdrop.floor(rng), backdrop.shelf(rng), look.surroundings
    if real is not None:
        floor = floor if real.floor is None else real.floor
        shelf = shelf if real.shelf is None else real.shelf
    return (
        _sky(assets, None if real is None else real.room)
        + _texture(assets, "floor", floor, 0.2, repeat)
        + _texture(assets, "shelf", shelf, 0.05)
        + f'<material name="wire" rgba="{metal} {metal + 0.01} {metal + 0.02} 1" specular=".9" shininess=".8"/>'
        + f'<material name="plastic" rgba="{r} {g} {b} 1" specular=".35" shininess=".4"/>'
    )


def _sky(assets: Assets, room: Picture | None) -> str:
    """The view above the shelves: plain light, or a room of six faces (6 x size, size, 3)."""
    if room is None:
        return (
            '<texture type="skybox" builtin="gradient" rgb1=".85 .86 .88" rgb2=".45 .44 .42" width="64" height="64"/>'
        )
    assets.pictures["sky"] = room
    size = room.shape[1]
    return f'<texture name="sky" type="skybox" builtin="flat" width="{size}" height="{6 * size}"/>'


def _bag(look: SceneDescription, assets: Assets) -> tuple[str, str]:
    """The bag in the basket, if there is one."""
    if not look.basket.bag:
        return "", ""
    rng = np.random.default_rng([look.art_seed, 2])
    assets.files["bag.msh"] = bag_mesh(rng, look.basket).msh()
    xml = _texture(assets, "bag", textures.tone(rng, look.basket.bag_colour, fine=4, coarse=7), 0.05)
    xml += '<mesh name="bag" file="bag.msh" inertia="shell"/>'
    return xml, '<geom class="seen" type="mesh" mesh="bag" material="bag"/>'


def _hands(look: SceneDescription, rng: np.random.Generator, assets: Assets) -> tuple[str, str]:
    """Both hands with every grip, and their arms; the simulation shows one grip at a time."""
    xml = _person(look.person, "", rng, assets)
    if look.second is not None:
        xml += _person(look.second, "2", np.random.default_rng([look.art_seed, 3]), assets)
    bodies = ""
    for side in ("right", "left"):
        person, suffix = look.owner(side), "2" if side == "left" and look.second is not None else ""
        skin, sleeve = f"skin{suffix}", f"sleeve{suffix}"
        palm = f"glove{suffix}" if person.glove is not None else skin
        parts = {f"{side}_{k}": (hands.hand_mesh(k), palm) for k in range(len(hands.GRIPS))}
        parts[f"{side}_arm"] = (hands.arm_mesh(start=hands.CUFF, thickness=0.0, folds=0.0, left=side == "left"), skin)
        if person.sleeve is not None:
            cloth = hands.arm_mesh(start=person.sleeve_start, thickness=0.0075, folds=0.0016, left=side == "left")
            parts[f"{side}_sleeve"] = (cloth, sleeve)
        if person.glove is not None:
            parts[f"{side}_glove"] = (hands.band_mesh(start=0.152, end=0.205, thickness=0.0045), palm)
        geoms = _jewels(person, left=side == "left")
        if person.watch is not None:
            parts[f"{side}_watch"] = (hands.band_mesh(start=0.196, end=0.214, thickness=0.003), f"strap{suffix}")
        for name, (mesh, material) in parts.items():
            assets.files[f"{name}.msh"] = hands.msh_file(mesh, left=side == "left")
            scale = "" if person.size == 1.0 else f' scale="{person.size} {person.size} {person.size}"'
            xml += f'<mesh name="{name}" file="{name}.msh" inertia="shell"{scale}/>'
            geoms += f'<geom class="seen" type="mesh" mesh="{name}" name="{name}" material="{material}"/>'
        bodies += f'<body name="{side}" mocap="true" pos="0 0 -3">{geoms}</body>'
    return xml, bodies


def _person(person: Person, suffix: str, rng: np.random.Generator, assets: Assets) -> str:
    """Skin, sleeve, glove and strap of one person."""
    xml = _texture(assets, f"skin{suffix}", textures.tone(rng, person.skin, fine=2.5, coarse=6), 0.15)
    if person.sleeve is not None:
        xml += _texture(assets, f"sleeve{suffix}", textures.tone(rng, person.sleeve, fine=6, coarse=9), 0.02, "3 6")
    if person.glove is not None:
        xml += _texture(assets, f"glove{suffix}", textures.tone(rng, person.glove, fine=7, coarse=6), 0.05, "3 3")
    if person.watch is not None:
        xml += _texture(assets, f"strap{suffix}", textures.tone(rng, person.watch), 0.4)
    return xml


def _jewels(person: Person, *, left: bool) -> str:
    """A ring for each grip, and the dial of the watch."""
    side, mirror = ("left", -1.0) if left else ("right", 1.0)
    xml = ""
    for k in range(len(hands.GRIPS) if person.ring else 0):
        a, b, radius = hands.ring_place(k)
        ends = " ".join(f"{v * person.size:.5f}" for v in (a[0], mirror * a[1], a[2], b[0], mirror * b[1], b[2]))
        xml += (
            f'<geom class="seen" type="cylinder" name="{side}_{k}_ring" size="{radius * person.size}" '
            f'fromto="{ends}" rgba=".85 .68 .3 1"/>'
        )
    if person.watch is not None:
        a, b = hands.dial_place()
        ends = " ".join(f"{v * person.size:.5f}" for v in (a[0], mirror * a[1], a[2], b[0], mirror * b[1], b[2]))
        xml += f'<geom class="seen" type="cylinder" size="{0.0145 * person.size}" fromto="{ends}" rgba=".75 .76 .8 1"/>'
    return xml


def item_bodies(items: Sequence[tuple[str, ProductModel]], assets: Assets) -> tuple[str, str]:
    """The assets and the bodies, each with a free joint, of items by name."""
    xml, bodies, known = "", "", set()
    for k, (name, product) in enumerate(items):
        if product.name not in known:
            known.add(product.name)
            xml += "".join(_part_assets(f"{product.name}_{i}", part, assets) for i, part in enumerate(product.parts))
        seen = "".join(
            f'<geom class="seen" type="mesh" mesh="{product.name}_{i}" material="{product.name}_{i}"/>'
            for i in range(len(product.parts))
        )
        x, y, z = product.half
        size = {"box": f"{x} {y} {z}", "ellipsoid": f"{x} {y} {z}", "cylinder": f"{x} {z}", "sphere": f"{x}"}[
            product.solid
        ]
        bodies += (
            f'<body name="{name}" pos="{k * 0.4} 0 -3"><freejoint/>{seen}'
            f'<geom class="solid" name="{name}" type="{product.solid}" size="{size}" mass="{product.mass_g / 1000}"/>'
            "</body>"
        )
    return xml, bodies


def _part_assets(name: str, part: Part, assets: Assets) -> str:
    assets.files[f"{name}.msh"] = part.mesh.msh()
    xml = f'<mesh name="{name}" file="{name}.msh" inertia="shell"/>'
    if part.picture is not None:
        return xml + _texture(assets, name, part.picture, part.shine)
    rgba = " ".join(f"{v:.3f}" for v in part.rgba)
    return xml + f'<material name="{name}" rgba="{rgba}" specular="{part.shine}" shininess="{part.shine}"/>'
