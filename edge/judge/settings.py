"""Every number that the judge decides by: its unit, its meaning, and its origin.

Each attribute gives its unit first, then its meaning. The origin of a group's values is in its docstring; an attribute
with a reason of its own says so. *By hand* means: set to what it stands for, such as how fast a hand moves, how long it
hides its load, or how much a box flickers. No program fits any of them. The recorded situations in the tests pin them,
and ``smartcart evaluate`` shows the effect of a change. Shares are in [0, 1].
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySettings:
    """How one track is read: where it is, whether it moves, how sure it is.

    Origin: chosen by hand, not measured.

    Attributes:
        window: s; the span over which motion is measured; also how long a hand counts as still at an item.
        inside: share of the box; from here on an item is in the zone.
        outside: share of the box; below this it has left. The gap to ``inside`` keeps a flickering box from crossing
            twice.
        edge: share of the picture; a box nearer than this to the border is cut off by it.
        still: sides of the item; more motion than this within ``window`` ends its rest.
        moving: sides of the item; more motion than this within ``window`` is a move.
        way: sides of the item; farther than this from where it was first seen, it travelled.
        sure: confidence a frame; the mean from which something is surely there, whatever its class.
        double: share of the box; a box that lies in another by this much may be a second box of it.
        double_iou: intersection over union; the same, for an item that was seen clearly.
        steadying: frames; a position is the median of this many boxes, so that one bad box is not motion. The smallest
            number with a median that ignores one bad box.
        brief: s; an item in sight for less than this never stood there.
        alike: likeness of votes; from here on two tracks may be of one item.
        trail_every: s; between two points of the kept trail.
        longest_trail: points; a longer trail is thinned out.
    """

    window: float = 0.3
    inside: float = 0.35
    outside: float = 0.15
    edge: float = 0.015
    still: float = 0.15
    moving: float = 0.25
    way: float = 0.6
    sure: float = 0.35
    double: float = 0.5
    double_iou: float = 0.4
    steadying: int = 3
    brief: float = 1.5
    alike: float = 0.5
    trail_every: float = 0.1
    longest_trail: int = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSettings:
    """When a track that begins continues one that was lost.

    Origin: chosen by hand, not measured.

    Attributes:
        in_the_air: s; how long a hand may hide its load.
        doubled: s; how long two tracks of one item may overlap in time.
        jump: shares of the picture; how far apart the two may be without a gap in time.
        hand_speed: shares of the picture a second; how much farther with each second out of sight.
    """

    in_the_air: float = 1.3
    doubled: float = 0.35
    jump: float = 0.25
    hand_speed: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSettings:
    """How hands and items of one visit belong together.

    Origin: chosen by hand, not measured. ``longest_gap`` is about four frames of a camera at 15 frames/s.

    Attributes:
        longest_gap: s; a hand that is unseen for longer has left.
        early: s; a hand's load may be in sight this long before the hand.
        before_it: s; a hand was there before an item if it was seen within this span before it.
        with_it: s; a hand seen no earlier than this came with the item.
        at_start: s; as early as the hand that was there when the camera began.
        most_places: places; hands' places remembered on an endless visit. A bound on memory, far above any real visit.
    """

    longest_gap: float = 0.25
    early: float = 1.0
    before_it: float = 0.6
    with_it: float = 0.1
    at_start: float = 0.2
    most_places: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVisitSettings:
    """Decisions while a visit is under way.

    Origin: chosen by hand, not measured; above ``JudgeSettings.least_tail``, so that the imagined quiet is long enough.

    Attributes:
        as_if: frames; the quiet assumed when a visit is judged as if it were over.
    """

    as_if: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySettings:
    """How an item of the basket is recognised again, and for how long it is believed in.

    Origin: chosen by hand, not measured.

    Attributes:
        same_place: intersection over union; from here on a box is at an item's place.
        within: share of the box; or when it lies in the other by this much.
        much_larger: times the area; unless it is this much larger.
        unlike: likeness of votes; below this it is another item, even at the same place.
        support_rate: a second; how fast an item's support follows whether it is seen.
        reaching: s; how long a hand may hide an item before the hand itself is seen.
        phantom_after: s; an item that was seen only briefly is dropped when unseen for this long.
        sure_after: s; an item that was seen over this span is never dropped.
        displaced_within: s; an item may turn up elsewhere this long after it was last seen.
        rolling: shares of the picture a second; how fast an item may roll.
        near: sides of the item; how far an item may be pushed.
    """

    same_place: float = 0.3
    within: float = 0.75
    much_larger: float = 3.0
    unlike: float = 0.25
    support_rate: float = 0.7
    reaching: float = 0.5
    phantom_after: float = 8.0
    sure_after: float = 2.0
    displaced_within: float = 1.0
    rolling: float = 1.5
    near: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSettings:
    """How well an item seen after a visit fits one known before.

    Origin: chosen by hand, not measured.

    Attributes:
        least: fit; below this the two are different items.
        unmoved: intersection over union; from here on it did not move.
        stands: intersection over union; from here on an item's own track keeps it, whatever its votes.
        glimpsed: share of the quiet frames; an item seen this often at its old place did not move.
        farther: fit; subtracted for a distance of one picture's width.
    """

    least: float = 0.3
    unmoved: float = 0.8
    stands: float = 0.5
    glimpsed: float = 0.2
    farther: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationSettings:
    """What became of the contents of the basket during a visit.

    Origin: chosen by hand, not measured.

    Attributes:
        present: share of the quiet frames; an item seen this often after the visit stands there.
        covered: share of the place; a missing item covered by this much is hidden, not gone.
        uncovered: share of the place; of an item that may have been hidden by one that left.
        least_held: frames with a hand at it; for an item that was carried in and never seen at rest.
        least_taken: frames with a hand at it; for an item that was taken out and never seen at rest.
        least_leaving: frames; in which the hand was seen after its load was lost from sight.
        stayed: s; a hand seen in the basket for this long after an item did not take it out again.
        stood: s; an item in sight this long before the visit stood there already.
        away: s; an item that goes out and comes back within this span was only moved.
        clearly: share of the quiet frames; assumed for an item that comes into sight late and is seen clearly.
        hardly: share of the quiet frames; assumed for one that is hardly seen.
    """

    present: float = 0.5
    covered: float = 0.5
    uncovered: float = 0.3
    least_held: int = 2
    least_taken: int = 2
    least_leaving: int = 3
    stayed: float = 0.6
    stood: float = 0.4
    away: float = 4.0
    clearly: float = 0.75
    hardly: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSettings:
    """From evidence to certain, uncertain, or nothing at all.

    Origin: chosen by hand, not measured. ``certain`` and ``worth_asking`` trade errors against questions; ``smartcart
    evaluate`` reports both (wrong and unmarked, uncertain).

    Attributes:
        certain: probability; from here on a change happened; below it the event is uncertain.
        certain_label: share of the votes; from here on the class is believed; below it the event is uncertain. A
            majority.
        worth_asking: probability; below this nothing is reported at all.
        doubt: confidence a frame; votes of this size count half.
        few: frames; a class seen in this many frames counts half.
        longest_trail: points; kept in an event's evidence, so that it stays below the contract's 8 KB.
        most_tracks: tracks; of one item, kept in an event's evidence, for the same reason.
    """

    certain: float = 0.7
    certain_label: float = 0.5
    worth_asking: float = 0.35
    doubt: float = 0.12
    few: float = 1.0
    longest_trail: int = 24
    most_tracks: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticHandSettings:
    """When an apparent hand is part of the cart.

    Origin: chosen by hand, not measured.

    Attributes:
        same_place: intersection over union; a hand that keeps this with its first box has not moved.
        long: s; how long it must not have moved.
        flicker: s; a longer gap between two observations is not counted.
        forgotten: s; after this long unseen, the place is forgotten.
    """

    same_place: float = 0.75
    long: float = 2.0
    flicker: float = 0.5
    forgotten: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSettings:
    """Items that nobody named.

    Origin: chosen by hand, not measured; a bound on memory.

    Attributes:
        most: places; remembered as asked about.
    """

    most: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighingSettings:
    """What the witness of change adds to a decision.

    Origin: chosen by hand, not measured. ``agrees`` and ``unknown`` are guesses at how reliable the witness is.

    Attributes:
        all_over: share of the zone; no single item changes this much, so nothing is certain then.
        agrees: times the odds; how much surer a decision becomes if the two agree.
        here: share of the smaller box; from here on a decision and a change are at one place.
        known: share of the smaller box; from here on a known item explains a change.
        least: share of the zone; a smaller change is not worth a person's time.
        unknown: probability; that a clear change without a detection is an item put in or taken out.
    """

    all_over: float = 0.45
    agrees: float = 10.0
    here: float = 0.3
    known: float = 0.2
    least: float = 0.01
    unknown: float = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSettings:
    """Where the basket's inside is visible.

    Origin: chosen by hand, not measured, for cameras that look over the near wall of a wire basket.

    Attributes:
        grid: cells a side; of the raster that represents the zone.
        below: share of the picture's height; under the zone, where items are seen through the near wall.
        part: share of the zone's height; which ``below`` does not exceed.
    """

    grid: int = 160
    below: float = 0.25
    part: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings:
    """Which pictures of the zone are kept and compared.

    Origin: chosen by hand, not measured. ``smartcart bench edge`` measures what the pictures cost.

    Attributes:
        side: pixels; of the kept pictures.
        margin: share of the zone; kept around it.
        every: s; between two kept pictures.
        kept: s; how long pictures are kept.
        quiet: s; of pictures before the hand that make up *before*.
        coming: s; how long a hand may be in sight before it is recognised as one.
        latest: s; of pictures at the end that make up *after*.
        least: pictures; fewer are not compared.
        most: pictures; more are not needed.
        moving: share of the zone; if this much moves at the end, nothing is reported.
        hand_at: share of the place; that a hand must have covered.
        clear: polarity; from here on it is clear whether an item came or went.
        reach: share of the hand; by which its box is widened.
        same_thing: likeness in colour; from here on an item was moved, not replaced.
        same_size: ratio of areas; from here on an item was moved, not replaced.
        same_place: intersection over union; from here on two changes are at one place.
        layers: places; whose earlier looks are remembered.
    """

    side: int = 160
    margin: float = 0.15
    every: float = 0.09
    kept: float = 2.0
    quiet: float = 1.0
    coming: float = 0.3
    latest: float = 0.5
    least: int = 3
    most: int = 6
    moving: float = 0.05
    hand_at: float = 0.1
    clear: float = 0.4
    reach: float = 0.1
    same_thing: float = 0.8
    same_size: float = 0.5
    same_place: float = 0.5
    layers: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """How two pictures of one place are compared.

    Origin: chosen by hand, not measured.

    Attributes:
        dark: grey levels; added so that noise in the dark does not count as light.
        rounds: rounds; in which the light is fitted.
        every: pixels; one of this many in each direction is used for the fit.
        trimmed: standard deviations; pixels farther off are left out of the fit.
        least_levels: grey levels; the smallest difference that counts.
        most_levels: grey levels; a larger difference always counts.
        noises: times the noise; from here on a difference counts.
        calm: share of the picture; assumed to contain noise only.
        least_pixels: pixels; of the smallest spot.
        bins: bins; of a colour histogram.
        soft: bins; over which a count is spread.
        ring: pixels; from a spot to the ring around it, and the ring's width.
        edges_weight: share; of the contour in the polarity; the rest is colour.
        scale: no unit; factor of the polarity.
        faint: grey levels; the strength of an edge in noise.
    """

    dark: float = 12.0
    rounds: int = 4
    every: int = 3
    trimmed: float = 2.5
    least_levels: float = 14.0
    most_levels: float = 40.0
    noises: float = 10.0
    calm: float = 0.2
    least_pixels: int = 24
    bins: int = 64
    soft: float = 1.5
    ring: tuple[int, int] = (2, 6)
    edges_weight: float = 0.5
    scale: float = 4.0
    faint: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSettings:
    """The contents of the basket when the camera begins, or that fall in later.

    Origin: chosen by hand, not measured.

    Attributes:
        long: share of ``JudgeSettings.start``; how long an item in a hand must rest to count as standing there.
        free: share of the place; a place counts as free if known items out of sight cover no more than this.
    """

    long: float = 0.7
    free: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class AddWeights:
    """Weights of the logistic model of an addition: the log-odds that each piece of evidence adds.

    Origin: chosen by hand. An earlier form was adjusted on 150 rendered trips; the present
    values came with later rules, and no measurement of them is recorded. No program fits them.

    Attributes:
        bias: log-odds; without any evidence.
        carried: log-odds; it crossed into the zone in sight.
        came: log-odds; a hand brought it, or it flew in and nothing had been uncovered.
        uncovered: log-odds; it did not come, and something that stood in front of it is gone.
        untouched: log-odds; it did not come, and no hand was at its place.
        seen: log-odds; times the share of the frames after the visit in which it stands there.
    """

    bias: float = -6.3
    carried: float = 9.0
    came: float = 2.4
    uncovered: float = -2.1
    untouched: float = -2.5
    seen: float = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveWeights:
    """Weights of the logistic model of a removal: the log-odds that each piece of evidence adds.

    Origin: as for ``AddWeights``.

    Attributes:
        bias: log-odds; without any evidence.
        left: log-odds; it crossed out of the zone in sight.
        touched: log-odds; a hand was at it.
        support: log-odds; times how steadily it was seen before.
        covered: log-odds; times the share of its place that something covers, if it was not seen to leave.
    """

    bias: float = -7.0
    left: float = 7.0
    touched: float = 4.0
    support: float = 5.5
    covered: float = -4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """When a visit is judged, and how long the judge waits.

    Origin: chosen by hand, not measured.

    Attributes:
        hand_share: share; of a hand in the zone, or of the zone in a hand, from which on it reaches in.
        settle: s; how long the zone must be quiet before a visit is judged.
        settle_out_of_sight: s; the same, if an item is out of sight that may come back.
        patience: s; how long a hand that visibly holds a taken item keeps the visit open.
        let_go: s; how long, while a hand is still in, another item must rest with no hand at it to be reported.
        look_again: s; how long the quiet may last before a decision that is still uncertain is reported as such.
        rest: s; how long an item must lie still to count as resting.
        start: s; how long at the beginning everything at rest counts as part of the basket.
        least_tail: frames; of quiet that a visit needs before it is judged.
        adopt_after: s; how long an item must rest later to count as part of the basket without a visit.
        late: s; how long after a visit an item that comes into sight where a hand was still belongs to it.
        missed: s; of quiet during which an item that was not seen to leave must stay away to count as gone.
        forget_path_after: s; how long a track is remembered after it was last seen.
        longest: s; how far back tracks are remembered on an endless visit. A bound on memory.
    """

    hand_share: float = 0.2
    settle: float = 0.7
    settle_out_of_sight: float = 1.2
    patience: float = 2.5
    let_go: float = 2.0
    look_again: float = 2.0
    rest: float = 0.3
    start: float = 1.0
    least_tail: int = 3
    adopt_after: float = 1.0
    late: float = 3.0
    missed: float = 1.5
    forget_path_after: float = 3.0
    longest: float = 60.0


HISTORY: Final = HistorySettings()
JOIN: Final = JoinSettings()
VISIT: Final = VisitSettings()
OPEN_VISIT: Final = OpenVisitSettings()
INVENTORY: Final = InventorySettings()
PAIRING: Final = PairingSettings()
RECONCILIATION: Final = ReconciliationSettings()
OUTCOME: Final = OutcomeSettings()
STATIC_HAND: Final = StaticHandSettings()
UNKNOWN_ITEM: Final = UnknownSettings()
WEIGHING: Final = WeighingSettings()
REGION: Final = RegionSettings()
WITNESS: Final = WitnessSettings()
COMPARISON: Final = ComparisonSettings()
START: Final = StartSettings()
ADD: Final = AddWeights()
REMOVE: Final = RemoveWeights()
