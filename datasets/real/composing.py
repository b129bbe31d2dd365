"""Simulated things on real pictures: one rendered arrangement in front of a photo, with boxes of both."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from smartcart.datasets.output.yolo import yolo_line
from smartcart.datasets.photos.backgrounds import (
    Background,
    BackgroundSource,
    Marks,
    Refuse,
    draw_background,
    uncovered,
)
from smartcart.datasets.pictures import write_jpeg
from smartcart.datasets.products.products import SPLIT_NUMBER, Split, pick
from smartcart.datasets.products.textures import Picture
from smartcart.datasets.real.blend import blend
from smartcart.datasets.scene.camera import Camera, Lens, Sensor, expose
from smartcart.datasets.scene.description import SceneDescription
from smartcart.datasets.scene.rendering import ARMS, TABLE, Eye, Painter, RenderedShot
from smartcart.datasets.scene.scenery import draw_look
from smartcart.datasets.scene.simulation import HANDS, HandName, World
from smartcart.datasets.story.moment import Smears, arrange, labelled, movers

PICTURES = 8
STOCK = 9
VIEWS = 10
SIZE = (640, 480)
NEAREST_HAND = 0.3


def compositions(
    scene: int, split: Split, found: Sequence[Sequence[BackgroundSource]], refuse: Refuse, painter: Painter = "classic"
) -> Iterator[tuple[Picture, Marks]]:
    """``PICTURES`` pictures (BGR) with their boxes, of one stock of products and one person or two.

    Args:
        scene: its number; the same number, split and backgrounds give the same pictures.
        split: which products may appear.
        found: the sources of backgrounds.
        refuse: whether an unlabelled background (BGR) shows a thing or a person.
        painter: the renderer.

    Raises:
        DataError: a background cannot be read.
        RenderingError: there is no OpenGL to render with, or the painter is not installed.
    """
    rng = np.random.default_rng([scene, SPLIT_NUMBER[split], 5])
    look = _studio(rng)
    stock = {f"item{k}": pick(rng, split) for k in range(STOCK)}
    brought = {f"brought{k}": pick(rng, split) for k in range(len(HANDS))}
    world = World(look, stock | brought)
    with Eye(world, painter) as eye:
        for _ in range(PICTURES):
            smears = arrange(
                rng, world, [str(k) for k in rng.permutation(list(stock))[: rng.integers(1, 7)]], list(brought)
            )
            shot = _seen_well(rng, world, eye, smears)
            background = draw_background(rng, found, SIZE, refuse)
            yield _composed(rng, world, shot, smears, background)


def _studio(rng: np.random.Generator) -> SceneDescription:
    """A person or two and a lamp, over a low table with nothing around it."""
    look = draw_look(rng, width=SIZE[0], height=SIZE[1])
    basket = dataclasses.replace(look.basket, length=0.3, width=0.24, depth=0.12, seat="none", bag=0.0)
    return dataclasses.replace(look, studio=True, basket=basket, passers=(), shade=None)


def _seen_well(rng: np.random.Generator, world: World, eye: Eye, smears: Smears) -> RenderedShot:
    """A view in which no arm ends in mid-air; if none is found, one without hands."""
    for _ in range(VIEWS):
        world.aim(_draw_view(rng))
        if not any(_badly_seen(world, hand) for hand in smears):
            break
    else:
        for hand in smears:
            world.empty_hand(hand)
            world.show_hand(hand, None)
        smears.clear()
    world.refresh()
    return eye.look()


def _draw_view(rng: np.random.Generator) -> Camera:
    """From any side and nearly any height, as far away as the lens needs."""
    fov = float(rng.uniform(24, 58))
    distance = float(rng.uniform(0.1, 0.3)) / np.tan(np.radians(fov / 2))
    rise, around = np.radians(rng.uniform(12, 75)), rng.uniform(-np.pi, np.pi)
    target = np.array([rng.uniform(-0.18, 0.18), rng.uniform(-0.14, 0.14), rng.uniform(0.03, 0.16)])
    way = np.array([np.cos(rise) * np.cos(around), np.cos(rise) * np.sin(around), np.sin(rise)])
    place = target + distance * way
    return Camera(
        lens=Lens(width=SIZE[0], height=SIZE[1], fov=fov, barrel=0.0),
        place=(float(place[0]), float(place[1]), float(place[2])),
        target=(float(target[0]), float(target[1]), float(target[2])),
        roll=float(rng.normal(0, 0.12)),
    )


def _badly_seen(world: World, hand: HandName) -> bool:
    """True if a hand is right before the lens, or its arm ends in mid-air within the picture."""
    pixels, depth = world.look.camera.project(np.stack([world.hand(hand).position, world.arm(hand)[-1]]))
    x, y = pixels[1] / SIZE
    ends = bool(depth[1] > 0 and -0.12 < x < 1.12 and -0.12 < y < 1.12)
    return ends or depth[0] < NEAREST_HAND or world.before_lens(hand)


def _composed(
    rng: np.random.Generator, world: World, shot: RenderedShot, smears: Smears, background: Background
) -> tuple[Picture, Marks]:
    mask = shot.any_of(*world.products, *HANDS, ARMS)
    picture = blend(shot.picture, mask, shot.mask(TABLE), background.picture)
    sensor = Sensor(
        gain=float(np.exp(rng.normal(0, 0.08))),
        balance=(1.0, 1.0, 1.0),
        saturation=1.0,
        noise=float(rng.uniform(0.002, 0.012)),
        soft=float(rng.uniform(0.2, 0.6)),
        vignette=0.0,
        quality=int(rng.integers(70, 95)),
    )
    done = labelled(
        world, shot, expose(picture, sensor, world.look.camera.lens, rng, movers=movers(world, shot, smears))
    )
    return done.picture, done.boxes + uncovered(background.boxes, mask)


def write_composition(
    wanted: range,
    split: Split,
    folder: Path,
    found: Sequence[Sequence[BackgroundSource]],
    refuse: Refuse,
    scene: int,
    painter: Painter = "classic",
) -> int:
    """Writes the wanted pictures of a scene with their YOLO label files, unless all exist; returns their boxes.

    Args:
        wanted: the numbers of the wanted pictures; a scene has those from ``PICTURES * scene`` on.
        split: which products may appear.
        folder: contains ``images`` and ``labels``.
        found: the sources of backgrounds.
        refuse: whether an unlabelled background (BGR) shows a thing or a person.
        scene: its number.
        painter: the renderer.
    """
    numbers = range(scene * PICTURES, (scene + 1) * PICTURES)
    stems = {number: f"composed_{split}_{number:06d}" for number in numbers if number in wanted}
    labels = [folder / "labels" / f"{stem}.txt" for stem in stems.values()]
    if not all(label.exists() for label in labels):
        for number, (picture, boxes) in zip(numbers, compositions(scene, split, found, refuse, painter), strict=True):
            if number in stems:
                write_jpeg(folder / "images" / f"{stems[number]}.jpg", picture)
                lines = "".join(yolo_line(label, box) for label, box in boxes)
                (folder / "labels" / f"{stems[number]}.txt").write_text(lines, encoding="utf-8")
    return sum(len(label.read_text(encoding="utf-8").splitlines()) for label in labels)
