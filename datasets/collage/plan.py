"""The plot of a collage clip, appended visit by visit: movements of hands and things, and the truth of both."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from smartcart.datasets.collage.arms import reaching
from smartcart.datasets.collage.canvas import Canvas, Place
from smartcart.datasets.collage.gallery import ROUND, CutoutGallery, sized
from smartcart.datasets.collage.hand_way import OUTWARDS, HandTarget, Side, hand_way
from smartcart.datasets.collage.light import fitted
from smartcart.datasets.collage.motion import CollageFlight, CollageReach, Ride
from smartcart.datasets.collage.piece import SOLID, Piece, whole
from smartcart.datasets.collage.stage import SIZE, Stage
from smartcart.datasets.collage.thing import Thing
from smartcart.datasets.photos.cutouts import Cutout
from smartcart.datasets.products.meshes import FloatArray
from smartcart.datasets.story.rolling import CartMove
from smartcart.models.dataset.truth import Change, Distractor, TruthEvent

QUIET_FIRST_S: Final = 1.3
QUIET_S: Final = (1.0, 1.7)
QUIET_LAST_S: Final = 3.0
PACE: Final = (0.95, 1.35)
STEP_S: Final = 0.02
LARGEST: Final = 1.5
LARGEST_GOODS_PX: Final = 210.0
SIDES: Final[tuple[Side, ...]] = ("up", "down", "left", "right")
SIDE_SHARES: Final = (0.35, 0.35, 0.15, 0.15)
THROWN_FROM_PX: Final = 150.0
EDGE_TRIES: Final = 400
OUT_OF_PICTURE: Final = (0.12, 0.5)
LEAST_SEEN: Final = 0.25
WITHIN_REACH: Final = 0.6
SAMPLED: Final = 400

Happened = tuple[Change, Thing, float]


class CollagePlan:
    """A clip in the making.

    Attributes:
        clock: when the next visit may begin, in seconds.
        side: the edge over which the shopper reaches.
        initial: the labels of the basket's contents at the start.
        things: all goods ever laid.
        standing: those in the basket within a hand's reach, with their places.
        buried: those hidden by others.
        heaped: whether goods lie on and over one another from the start.
        reaches: the hands.
        moves: bumps of the cart.
        events: the truth so far.
        distractors: visits that change nothing.
    """

    def __init__(self, rng: np.random.Generator, gallery: CutoutGallery, stage: Stage) -> None:
        """Begins with the picture's own contents."""
        self.rng, self.gallery, self.stage = rng, gallery, stage
        self.clock = QUIET_FIRST_S
        self.side: Side = SIDES[int(rng.choice(len(SIDES), p=SIDE_SHARES))]
        self.initial = list(stage.standing)
        self.things: list[Thing] = []
        self.standing: dict[Thing, Place] = {}
        self.buried: dict[Thing, Place] = {}
        self.heaped = False
        self.reaches: list[CollageReach] = []
        self.moves: list[CartMove] = []
        self.events: list[TruthEvent] = []
        self.distractors: list[Distractor] = []
        self._hands: dict[tuple[Cutout, bool], Piece] = {}
        self._own = gallery.hands[int(rng.integers(len(gallery.hands)))], bool(rng.random() < 0.5)

    @property
    def duration(self) -> float:
        """Of the clip, in seconds."""
        return self.clock + QUIET_LAST_S

    def thing(self, cutout: Cutout | None = None) -> Thing:
        """Something new, of a random cut-out or of a given one."""
        cutout = cutout or self.gallery.draw_goods(self.rng)
        piece = whole(cutout)
        if cutout.label in ROUND and self.rng.random() < 0.5:
            piece = piece.mirrored()
        piece = sized(self.rng, piece, cutout.label, self.stage.px_per_cm, LARGEST)
        shrink = min(LARGEST_GOODS_PX / piece.size, 1.0)
        piece = fitted(self.rng, piece.scaled(shrink, shrink), self.stage.light)
        made = Thing(name=f"{cutout.label}_{len(self.things)}", label=cutout.label, cutout=cutout, piece=piece)
        self.things.append(made)
        return made

    def room(self, thing: Thing) -> Place | None:
        """A free place for a thing, turned at random."""
        taken = [((place.x, place.y), other.radius) for other, place in (self.standing | self.buried).items()]
        spot = self.stage.room(self.rng, thing.radius, taken)
        turn = self.rng.uniform(-np.pi, np.pi) if self.rng.random() < 0.5 else self.rng.normal(0, 0.2)
        return None if spot is None else Place(x=spot[0], y=spot[1], turn=float(turn))

    def over_the_edge(self, thing: Thing) -> Place | None:
        """A free place within the zone from which part of a thing extends beyond the picture."""
        taken = [((place.x, place.y), other.radius) for other, place in (self.standing | self.buried).items()]
        pixels = _sample(thing.piece)
        for _ in range(EDGE_TRIES):
            x, y = float(self.rng.uniform(0, SIZE[0])), float(self.rng.uniform(0, SIZE[1]))
            place = Place(x=x, y=y, turn=float(self.rng.uniform(-np.pi, np.pi)))
            least, most = OUT_OF_PICTURE
            if not self.stage.inside(x, y) or not self.stage.clear((x, y), thing.radius, taken):
                continue
            if least < _outside(place.matrix(thing.piece) @ pixels) < most:
                return place
        return None

    def any_spot(self) -> tuple[float, float]:
        """Somewhere in the zone (pixels)."""
        return self.stage.room(self.rng, 30.0, ()) or (SIZE[0] / 2, SIZE[1] / 2)

    def any_standing(self) -> Thing:
        """A random thing in the basket."""
        return list(self.standing)[int(self.rng.integers(len(self.standing)))]

    def stock(self, count: int) -> None:
        """Puts things into the basket before the clip begins."""
        for _ in range(count):
            thing = self.thing()
            place = self.room(thing)
            if place is not None:
                thing.lie(-1.0, place)
                self.standing[thing] = place
                self.initial.append(thing.label)

    def heap(self, count: int) -> None:
        """Puts things into the basket before the clip begins, on and over one another."""
        self.heaped = True
        stocked = set(self.standing)
        for _ in range(count):
            thing = self.thing()
            spot = self.stage.room(self.rng, thing.radius, ())
            if spot is None:
                continue
            place = Place(x=spot[0], y=spot[1], turn=float(self.rng.uniform(-np.pi, np.pi)))
            thing.lie(-1.0, place)
            self.standing[thing] = place
        for thing, share in self._visible().items():
            if share < LEAST_SEEN and thing not in stocked:  # a thing that nobody ever sees does not exist
                del self.standing[thing]
                thing.stretches.clear()
        self.initial += [thing.label for thing in self.standing if thing not in stocked]
        self.bury()

    def bury(self) -> None:
        """Things now mostly hidden by others are out of reach."""
        for thing, share in self._visible().items():
            if share < WITHIN_REACH and thing in self.standing:
                self.buried[thing] = self.standing.pop(thing)

    def _visible(self) -> dict[Thing, float]:
        """The visible share of everything that lies there, in the order in which it was laid."""
        there = self.standing | self.buried
        laid = sorted(there, key=lambda thing: (thing.stretches[-1].start, self.things.index(thing)))
        canvas = Canvas.over(self.stage.photo)
        for number, thing in enumerate(laid):
            canvas.lay(thing.piece, there[thing], number)
        return {thing: canvas.seen(thing.piece, there[thing], k, 0)[1] for k, thing in enumerate(laid)}

    def visit(
        self,
        situation: str,
        targets: Sequence[HandTarget],
        *,
        side: Side | None = None,
        start: float | None = None,
        hand: tuple[Cutout, bool] | None = None,
    ) -> CollageReach:
        """A hand comes in, acts, and leaves; the clock moves to the next quiet moment.

        Args:
            situation: its name in the truth.
            targets: its actions, in order.
            side: the side it comes from; the shopper's side if None.
            start: the time of its start; the clock's time if None.
            hand: the hand, and whether it is mirrored; the shopper's if None.
        """
        begin, pace = self.clock if start is None else start, float(self.rng.uniform(*PACE))
        reach, moments = hand_way(self.rng, self._hand(*(hand or self._own)), targets, side or self.side, begin, pace)
        self.reaches.append(reach)
        happened: list[Happened] = []
        held: dict[Thing, Ride] = {}
        for target, t in zip(targets, moments, strict=True):
            for thing, place in target.load.items():
                if target.kind == "grasp":
                    held[thing] = self._take(thing, reach, t, place)
                elif target.kind == "hover":
                    thing.stretches.append(Ride(start=reach.start, end=reach.end, reach=reach, gripped_at=t, lay=place))
                elif thing in held:
                    self._put_elsewhere(thing, held.pop(thing), t)
                elif target.kind == "place":
                    self._put(thing, reach, t, place)
                    happened.append(("added", thing, t))
        for thing, ride in held.items():
            thing.stretches.append(ride)
            happened.append(("removed", thing, self._leaves_zone(ride)))
        self._close(reach, happened, situation)
        return reach

    def throw(self, thing: Thing, place: Place, side: Side) -> None:
        """A thing flies in over an edge, with no hand in view."""
        outwards = OUTWARDS[side]
        come_from = (
            place.x * (outwards[0] == 0) + (outwards[0] > 0) * SIZE[0] + outwards[0] * THROWN_FROM_PX,
            place.y * (outwards[1] == 0) + (outwards[1] > 0) * SIZE[1] + outwards[1] * THROWN_FROM_PX,
        )
        flight = CollageFlight(start=self.clock, come_from=come_from, lie=place, spin=float(self.rng.normal(0, 1.5)))
        thing.stretches.append(flight)
        thing.lie(flight.end, place)
        self.standing[thing] = place
        times = np.arange(flight.start, flight.end, STEP_S)
        entered = next((float(t) for t in times if self._in_zone(flight.place(float(t)))), flight.start)
        self.events.append(
            TruthEvent(
                type="added",
                label=thing.label,
                t=flight.end,
                start=entered,
                end=flight.end,
                item=thing.name,
                situation="thrown_in",
            )
        )
        self._rest_until(flight.end)

    def bump(self) -> None:
        """The cart is bumped, or rolls a little."""
        roll = bool(self.rng.random() < 0.4)
        move = CartMove(
            kind="roll" if roll else "bump",
            start=self.clock,
            duration=float(self.rng.uniform(1.2, 2.5)) if roll else 0.9,
            strength=float(self.rng.uniform(0.3, 0.8) if roll else self.rng.uniform(3.0, 8.0)),
        )
        self.moves.append(move)
        self.distractors.append(Distractor(situation="cart_moved", start=move.start, end=move.end))
        self._rest_until(move.end)

    def other_hand(self) -> tuple[Cutout, bool]:
        """The shopper's other hand."""
        return self._own[0], not self._own[1]

    def stranger(self) -> tuple[Cutout, bool]:
        """Somebody else's hand."""
        return self.gallery.hands[int(self.rng.integers(len(self.gallery.hands)))], bool(self.rng.random() < 0.5)

    def _hand(self, cutout: Cutout, mirrored: bool) -> Piece:
        """A hand, with the same looks all through the clip."""
        if (cutout, mirrored) not in self._hands:
            piece = reaching(cutout)
            assert piece is not None, "every hand of a gallery can be extended"
            piece = piece.mirrored() if mirrored else piece
            piece = sized(self.rng, piece, cutout.label, self.stage.px_per_cm, LARGEST)
            self._hands[cutout, mirrored] = fitted(self.rng, piece, self.stage.light)
        return self._hands[cutout, mirrored]

    def _take(self, thing: Thing, reach: CollageReach, t: float, place: Place) -> Ride:
        thing.taken(t)
        del self.standing[thing]
        return Ride(start=t, end=reach.end, reach=reach, gripped_at=t, lay=place)

    def _put(self, thing: Thing, reach: CollageReach, t: float, place: Place) -> None:
        thing.stretches.append(Ride(start=reach.start, end=t, reach=reach, gripped_at=t, lay=place))
        thing.lie(t, place)
        self.standing[thing] = place

    def _put_elsewhere(self, thing: Thing, ride: Ride, t: float) -> None:
        """From now on a thing picked up on this visit lies where the hand put it down."""
        thing.stretches.append(Ride(start=ride.start, end=t, reach=ride.reach, gripped_at=ride.start, lay=ride.lay))
        place = ride.place(t)
        thing.lie(t, place)
        self.standing[thing] = place

    def _leaves_zone(self, ride: Ride) -> float:
        """When a carried thing leaves the zone."""
        times = np.arange(ride.start, ride.end, STEP_S)
        return next((float(t) for t in times if not self._in_zone(ride.place(float(t)))), ride.end)

    def _in_zone(self, place: Place) -> bool:
        return self.stage.inside(place.x, place.y)

    def _close(self, reach: CollageReach, happened: Sequence[Happened], situation: str) -> None:
        """Adds the visit to the truth."""
        times = np.arange(reach.start, reach.end, STEP_S)
        inside = [float(t) for t in times if self._in_zone(reach.place(float(t)))] or [reach.start, reach.end]
        for kind, thing, t in happened:
            self.events.append(
                TruthEvent(
                    type=kind,
                    label=thing.label,
                    t=t,
                    start=inside[0],
                    end=max(inside[-1], t),
                    item=thing.name,
                    situation=situation,
                )
            )
        if not happened:
            self.distractors.append(Distractor(situation=situation, start=inside[0], end=inside[-1]))
        self._rest_until(reach.end)

    def _rest_until(self, end: float) -> None:
        self.clock = max(self.clock, end + float(self.rng.uniform(*QUIET_S)))


def _sample(piece: Piece) -> FloatArray:
    """Some of a piece's opaque pixels, as columns x, y, 1."""
    rows, columns = np.nonzero(piece.rgba[..., 3] > SOLID)
    step = max(len(rows) // SAMPLED, 1)
    return np.stack([columns[::step], rows[::step], np.ones(len(rows[::step]))])


def _outside(points: FloatArray) -> float:
    """The share of points (2, N) outside the picture."""
    x, y = points
    return float(((x < 0) | (x > SIZE[0]) | (y < 0) | (y > SIZE[1])).mean())
