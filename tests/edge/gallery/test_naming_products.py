"""What a decision is called once products are known: over the visit, by code, and never by the nearest alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.contract.events import Candidate, EventType
from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Floats, Gallery, GalleryError
from smartcart.edge.gallery.namer import ProductNamer
from smartcart.edge.gallery.search import Index
from smartcart.edge.gallery.sightings import Sightings
from smartcart.edge.gallery.sights import Sights
from smartcart.edge.judge.decision import Decision
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

EMBEDDING = Embedding(id="colours", like=0.7, sharpness=40.0)
RED, GREEN, BLUE = (20, 20, 220), (20, 220, 20), (220, 20, 20)
AT = Box(0.3, 0.3, 0.7, 0.7)


class Colours:
    """Embeds a crop as its mean colour."""

    embedding = EMBEDDING

    def __init__(self) -> None:
        self.crops = 0

    def embed(self, image: Image, boxes: Sequence[Box]) -> Floats:
        self.crops += len(boxes)
        height, width = image.shape[:2]
        rows = [
            image[int(b.y1 * height) : int(b.y2 * height), int(b.x1 * width) : int(b.x2 * width)].mean((0, 1))
            for b in boxes
        ]
        return np.array([row / np.linalg.norm(row) for row in rows], np.float32)


def pack(colour: tuple[int, int, int], blur: bool = False) -> Image:
    """A picture with a pack of one colour, with print on it."""
    image = np.full((480, 640, 3), 120, np.uint8)
    image[144:336, 192:448] = colour
    if not blur:
        image[150:330:12, 200:440] //= 2
    return image


def of(colour: tuple[int, int, int], sku: str, label: str = "carton") -> Enrolled:
    return Enrolled(sku=sku, name=sku, labels=(label,), prototypes=Colours().embed(pack(colour), [AT]))


def namer(codes: "Codes | None" = None) -> ProductNamer:
    products = (of(GREEN, "OATS"), of(RED, "MILK"))
    gallery = Gallery(store="s", version=7, embedding=EMBEDDING, products=products)
    return ProductNamer(Sightings(Colours()), Index(gallery), codes)


class Codes:
    def __init__(self, code: str) -> None:
        self._code = code

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None: ...

    def code(self, tracks: Sequence[int]) -> str | None:
        return self._code if 1 in tracks else None


def track(number: int = 1, box: Box = AT) -> Track:
    return Track(
        id=number, box=box, origin=box, seen=True, confidence=0.9, votes={"carton": 1.0}, first=0.0, last=0.0, hits=9
    )


def show(to: ProductNamer, picture: Image, frames: int = 5, number: int = 1) -> None:
    for index in range(frames):
        to.see(Frame(index=index, time=index / 4, image=picture), [track(number)])


def decision(kind: str = "added", label: str = "carton", track: int = 1, **other: object) -> Decision:
    types = {"added": EventType.ITEM_ADDED, "removed": EventType.ITEM_REMOVED}
    candidates = (
        Candidate(outcome=kind, label=label, probability=0.9),  # type: ignore[arg-type]
        Candidate(outcome="none", label=None, probability=0.1),
    )
    plain = Decision(
        type=types[kind],
        label=label,
        media_time=1.0,
        confidence=0.9,
        candidates=candidates,
        box=AT,
        track=track,
        evidence={},
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def test_a_product_is_named_by_its_looks() -> None:
    here = namer()
    show(here, pack(RED))
    told = here.named(decision())
    assert (told.type, told.label, told.sku, told.gallery, told.source) == (
        EventType.ITEM_ADDED,
        "carton",
        "MILK",
        7,
        "camera",
    )
    assert told.products is not None
    assert told.products[0].probability > 0.9


def test_what_is_like_nothing_enrolled_is_uncertain_and_without_a_product() -> None:
    here = namer()
    show(here, pack(BLUE))
    told = here.named(decision())
    assert told.type is EventType.ITEM_UNCERTAIN
    assert told.sku is None
    assert told.label == "carton"


def test_a_label_that_the_gallery_does_not_speak_for_stays_a_label() -> None:
    here = namer()
    show(here, pack(BLUE))
    told = here.named(decision(label="bottle"))
    assert told.type is EventType.ITEM_ADDED
    assert told.sku is None


def test_a_recognised_product_settles_what_was_uncertain_by_its_name_alone() -> None:
    here = namer()
    show(here, pack(RED))
    doubt = decision(type=EventType.ITEM_UNCERTAIN)
    assert here.named(doubt).type is EventType.ITEM_ADDED
    unsure = (Candidate(outcome="added", label="carton", probability=0.4),)
    assert here.named(replace(doubt, candidates=unsure)).type is EventType.ITEM_UNCERTAIN


def known_from_little(sku: str = "MILK") -> ProductNamer:
    products = [replace(one, tentative=one.sku == sku) for one in (of(GREEN, "OATS", "box"), of(RED, "MILK"))]
    gallery = Gallery(store="s", version=7, embedding=EMBEDDING, products=tuple(products))
    return ProductNamer(Sightings(Colours()), Index(Gallery.from_bytes(gallery.to_bytes())))


def test_what_is_known_from_little_is_suggested_and_never_decided() -> None:
    here = known_from_little()
    show(here, pack(RED))
    told = here.named(decision())
    assert (told.type, told.sku) == (EventType.ITEM_UNCERTAIN, None)
    assert told.products
    assert told.products[0].sku == "MILK"


def test_what_is_known_from_little_speaks_for_no_label() -> None:
    here = known_from_little()
    show(here, pack(BLUE))
    assert here.named(decision()).type is EventType.ITEM_ADDED
    assert here.named(decision(label="box")).type is EventType.ITEM_UNCERTAIN


def test_what_was_seen_of_a_decision_goes_to_a_store_that_learns() -> None:
    here = namer()
    show(here, pack(GREEN), number=3)
    sights = here.sights(decision(track=9, evidence={"tracks": [3, 9]}))
    assert sights
    event, again = Sights.from_bytes(sights.to_bytes("0199a1b2-5a00-7c11-9d22-aa33bb44cc55"))
    assert (event[:8], again.labels, again.embedding) == ("0199a1b2", ("carton",), EMBEDDING)
    assert len(again.rows) == len(sights.rows) == 5
    assert here.sights(decision(track=1)) is None
    assert here.sights(decision(track=None)) is None


def views(*products: int, length: float = 1.0) -> bytes:
    """A message of so many events, each of so many views."""
    seen = [
        Enrolled(sku=f"event {at}", name="", labels=(), prototypes=np.full((n, 4), length / 2, np.float32))
        for at, n in enumerate(products)
    ]
    return Gallery(store="s", version=0, embedding=EMBEDDING, products=tuple(seen)).to_bytes()


@pytest.mark.parametrize("message", [b"", views(), views(1, 1), views(17), views(2, length=3.0), b"x" * 70_000])
def test_what_is_not_what_was_seen_of_one_event_is_refused(message: bytes) -> None:
    with pytest.raises(GalleryError):
        Sights.from_bytes(message)


def test_what_was_never_seen_well_is_told_as_before() -> None:
    here = namer()
    assert here.named(decision()) == decision()
    assert here.named(decision(track=None)) == decision(track=None)


def test_a_code_decides_against_looks() -> None:
    here = namer(Codes("4006381333931"))
    show(here, pack(RED))
    told = here.named(decision())
    assert (told.sku, told.source) == ("4006381333931", "code")


def test_an_earlier_track_of_the_same_thing_speaks_for_it() -> None:
    here = namer()
    show(here, pack(GREEN), number=3)
    assert here.named(decision(track=9, evidence={"tracks": [3, 9]})).sku == "OATS"


def test_what_goes_out_is_likelier_what_came_in() -> None:
    between = tuple(int(0.5 * r + 0.5 * g) for r, g in zip(RED, GREEN, strict=True))
    fresh, holding = namer(), namer()
    show(holding, pack(GREEN))
    assert holding.named(decision()).sku == "OATS"
    for here in (fresh, holding):
        show(here, pack(between), number=2)  # type: ignore[arg-type]
    before, after = (here.named(decision("removed", track=2)).products for here in (fresh, holding))
    assert before is not None
    assert after is not None
    first, then = ({p.sku: p.probability for p in products} for products in (before, after))
    assert then["OATS"] > first["OATS"]


def test_few_crops_are_embedded_and_only_while_they_get_better() -> None:
    colours = Colours()
    sightings = Sightings(colours)
    image = pack(RED)
    for index in range(300):
        sightings.see(Frame(index=index, time=index / 30, image=image), [track()])
    assert colours.crops <= 10
    assert len(sightings.embeddings([1])) == 8
    assert len(sightings.embeddings([2])) == 0


@pytest.mark.parametrize("box", [Box(0.5, 0.5, 0.51, 0.51), Box(0.3, 0.3, 0.3, 0.9)], ids=["small", "no width"])
def test_what_is_too_small_is_not_looked_at(box: Box) -> None:
    colours = Colours()
    sightings = Sightings(colours)
    sightings.see(Frame(index=0, time=0.0, image=pack(RED)), [track(box=box)])
    assert colours.crops == 0


def test_what_a_hand_covers_is_not_looked_at() -> None:
    colours = Colours()
    sightings = Sightings(colours)
    hand = replace(track(5), votes={"hand": 1.0})
    sightings.see(Frame(index=0, time=0.0, image=pack(RED)), [track(), hand])
    assert colours.crops == 0
