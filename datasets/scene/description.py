"""The look of a scene: sizes, colours, light, people and camera.

World frame: the origin is the middle of the basket's floor, x points away from the handle, z up; metres.
"""

from dataclasses import dataclass
from typing import Final, Literal

from smartcart.datasets.products.textures import Colour, Picture
from smartcart.datasets.scene.camera import Camera, Sensor
from smartcart.datasets.scene.people import Passer
from smartcart.datasets.scene.shadows import Shade

SEAT_DEPTH: Final = 0.17
PANEL_HEIGHT: Final = 0.42
RED: Final[Colour] = (190, 22, 24)


@dataclass(frozen=True, kw_only=True)
class BasketShape:
    """The container of the items.

    Attributes:
        length: half the length of the opening in metres.
        width: half its width.
        depth: from rim to floor.
        plastic: thick plastic bars instead of wire.
        colour: of handle, rim and plastic.
        panelled: solid plastic low on the walls.
        seat: the child seat at the handle.
        bag: the share of the depth that a bag lines; 0 for no bag.
        bag_colour: the bag's.
    """

    length: float
    width: float
    depth: float
    plastic: bool = False
    colour: Colour = RED
    panelled: bool = False
    seat: Literal["none", "folded", "open"] = "none"
    bag: float = 0.0
    bag_colour: Colour = RED

    @property
    def floor(self) -> tuple[float, float]:
        """The beginning and end of the floor for items along x."""
        return -self.length + (SEAT_DEPTH if self.seat == "open" else 0.0), self.length

    @property
    def middle(self) -> float:
        """The middle of that floor along x."""
        return sum(self.floor) / 2

    @property
    def reach(self) -> float:
        """Half the length of that floor."""
        return (self.floor[1] - self.floor[0]) / 2


@dataclass(frozen=True, kw_only=True)
class Person:
    """The owner of a hand.

    Attributes:
        skin: its colour.
        sleeve: the sleeve's colour, None for a bare arm.
        sleeve_start: the beginning of the sleeve, in metres from the grip.
        size: of the hand, 1 for an adult's.
        glove: its colour, None for a bare hand.
        ring: whether there is one.
        watch: the strap's colour, None for no watch.
    """

    skin: Colour
    sleeve: Colour | None
    sleeve_start: float
    size: float = 1.0
    glove: Colour | None = None
    ring: bool = False
    watch: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Real pictures (RGB) around one cart; None keeps the drawn ones. ``room`` is six faces under one another."""

    floor: Picture | None = None
    shelf: Picture | None = None
    room: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class SceneDescription:
    """Everything about a scene except its products: the same look gives the same surroundings.

    ``second`` is the owner of the left hand, None if both hands are the same person's. A ``studio`` has no visible shop
    or cart: the things stand on a white table as large as the basket's floor. ``surroundings`` are real pictures in
    place of drawn ones.
    """

    basket: BasketShape
    camera: Camera
    sensor: Sensor
    person: Person
    ambient: float
    lamp: tuple[float, float, float]
    lamp_from: tuple[float, float, float]
    fill: float
    art_seed: int
    second: Person | None = None
    gloss: float = 0.3
    passers: tuple[Passer, ...] = ()
    shade: Shade | None = None
    studio: bool = False
    surroundings: Surroundings | None = None

    def owner(self, hand: str) -> Person:
        """The owner of the ``right`` or the ``left`` hand."""
        return self.second if hand == "left" and self.second is not None else self.person
