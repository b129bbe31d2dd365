"""Names the product of a decision: by its looks over the whole visit, or by a code read on it.

A code decides. By looks, what is like nothing enrolled becomes *uncertain*: it is never the nearest product; but only
under labels that the gallery speaks for, so that a store may enrol a few products and sell the rest by label. A product
that is known from little is suggested and never decided. What goes out is what came in: a product that stands in the
basket is likelier to be taken out than one that does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import MAX_PRODUCTS, EventType, ProductCandidate
from smartcart.edge.gallery.search import Index, Opinion
from smartcart.edge.gallery.sightings import Sightings
from smartcart.edge.gallery.sights import Sights
from smartcart.edge.judge.decision import Decision
from smartcart.edge.tracking.tracker import Track

CERTAIN: Final = 0.7
SETTLES: Final = 0.8
HAPPENED: Final = 0.7
IN_BASKET: Final = 1.5
LEAST_TOLD: Final = 0.01


class Codes(Protocol):
    """Reports the codes read on tracks."""

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None: ...

    def code(self, tracks: Sequence[int]) -> str | None:
        """The product number read on one of these tracks."""
        ...


@dataclass(slots=True)
class _Inside:
    """A product that was reported as put in."""

    sku: str
    track: int | None


class ProductNamer:
    """One camera's namer; feed it every frame, and ask it for every decision.

    Args:
        sightings: keeps the best crops; None without an embedding.
        index: the gallery to compare with.
        codes: reads codes; None if codes are not wanted.
        newest: the gallery to use from the next visit on; None if it never changes.
    """

    def __init__(
        self,
        sightings: Sightings | None = None,
        index: Index | None = None,
        codes: Codes | None = None,
        newest: Callable[[], Index | None] | None = None,
    ) -> None:
        self._sightings = sightings
        self._index = index
        self._codes = codes
        self._newest = newest
        self._inside: list[_Inside] = []

    @property
    def gallery(self) -> int | None:
        """The version of the gallery in use."""
        return self._index.gallery.version if self._index else None

    def between_visits(self) -> None:
        """Switches to another gallery, if there is one; call it while no visit is under way."""
        if self._newest is not None:
            self._index = self._newest()

    def see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Takes one frame's tracks."""
        if self._sightings is not None and self._index is not None:
            self._sightings.see(frame, tracks)
        if self._codes is not None:
            self._codes.see(frame, tracks)

    def named(self, decision: Decision) -> Decision:
        """Returns the decision with its product, as far as it is known."""
        if decision.track is None:
            return decision
        tracks = _tracks(decision)
        code = self._codes.code(tracks) if self._codes is not None else None
        named = _by_code(decision, code) if code else self._by_looks(decision, tracks)
        self._remember(named)
        return named

    def sights(self, decision: Decision) -> Sights | None:
        """What was seen of a decision's thing, for a store that learns from what its people settle; None if nothing."""
        if self._index is None or self._sightings is None or decision.track is None:
            return None
        rows = self._sightings.embeddings(_tracks(decision))
        labels = (decision.label,) if decision.label else ()
        held = self._index.gallery
        return Sights(store=held.store, embedding=held.embedding, labels=labels, rows=rows) if len(rows) else None

    def _by_looks(self, decision: Decision, tracks: Sequence[int]) -> Decision:
        if self._index is None or self._sightings is None:
            return decision
        rows = self._sightings.embeddings(tracks)
        if not len(rows):
            return decision
        opinion = self._index.opinion(rows, self._expected(decision, tracks))
        sku, probability = opinion.best
        decision = replace(decision, products=_candidates(opinion), gallery=self.gallery)
        if probability >= CERTAIN and self._index.may_decide(sku):
            settled = probability >= SETTLES and _happened(decision) >= HAPPENED
            kind = _settled(decision) if settled else decision.type
            return replace(decision, type=kind, sku=sku, source="camera")
        if probability < CERTAIN and decision.label not in self._index.labels:
            return decision
        return replace(decision, type=EventType.ITEM_UNCERTAIN)

    def _expected(self, decision: Decision, tracks: Sequence[int]) -> dict[str, float]:
        """Log-odds of the products in the basket, if something is taken out."""
        if _outcome(decision) != "removed":
            return {}
        return {one.sku: IN_BASKET * (2 if one.track in tracks else 1) for one in self._inside}

    def _remember(self, decision: Decision) -> None:
        if decision.sku is None:
            return
        if decision.type is EventType.ITEM_ADDED:
            self._inside.append(_Inside(sku=decision.sku, track=decision.track))
        elif decision.type is EventType.ITEM_REMOVED:
            gone = next((one for one in self._inside if one.sku == decision.sku), None)
            if gone is not None:
                self._inside.remove(gone)


def _tracks(decision: Decision) -> list[int]:
    """All tracks of a decision's thing."""
    return [one for one in (decision.track, *decision.evidence.get("tracks", ())) if one is not None]


def _by_code(decision: Decision, code: str) -> Decision:
    kind = _settled(decision) if _happened(decision) >= HAPPENED else decision.type
    return replace(
        decision, type=kind, sku=code, source="code", products=(ProductCandidate(sku=code, probability=1.0),)
    )


def _candidates(opinion: Opinion) -> tuple[ProductCandidate, ...]:
    best = [(sku, p) for sku, p in opinion.products if p >= LEAST_TOLD][:MAX_PRODUCTS]
    return tuple(ProductCandidate(sku=sku, probability=p) for sku, p in best)


def _outcome(decision: Decision) -> str | None:
    """The type of the change, were it certain."""
    return next((c.outcome for c in decision.candidates if c.outcome != "none"), None)


def _happened(decision: Decision) -> float:
    return sum(c.probability for c in decision.candidates if c.outcome == _outcome(decision))


def _settled(decision: Decision) -> EventType:
    """The type of a decision in which only the name was in doubt; unchanged if its label is doubtful."""
    outcome = _outcome(decision)
    if decision.label is None or outcome is None:
        return decision.type
    return EventType.ITEM_ADDED if outcome == "added" else EventType.ITEM_REMOVED
