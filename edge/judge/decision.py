"""A decision of the judge, before it becomes an event with an id, a session and a sequence number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartcart.edge.contract.events import Candidate, EventType, Json, ProductCandidate
from smartcart.edge.vision.detection import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One item added, removed, or uncertain.

    ``media_time`` (seconds) is the moment of release in the basket (added) or of leaving the zone (removed), not that
    of the decision. ``confidence`` and the candidates' probabilities are rounded to 3 decimals. ``label`` is the best
    candidate's, also when uncertain. ``sku``, ``products``, ``gallery`` and ``source`` are those of the event; None if
    nothing was compared with products. ``evidence`` contains plain numbers and words, never a picture.
    """

    type: EventType
    label: str | None
    media_time: float
    confidence: float
    candidates: tuple[Candidate, ...]
    box: Box | None
    track: int | None
    evidence: Mapping[str, Any]
    quantity: int = 1
    sku: str | None = None
    products: tuple[ProductCandidate, ...] | None = None
    gallery: int | None = None
    source: str | None = None

    def to_json(self) -> Json:
        """The line that ``smartcart replay`` prints."""
        line: Json = {
            "type": str(self.type),
            "label": self.label,
            "quantity": self.quantity,
            "media_time": self.media_time,
            "confidence": self.confidence,
            "candidates": [[c.outcome, c.label, c.probability] for c in self.candidates],
            "box": list(self.box) if self.box else None,
            "track": self.track,
            "evidence": dict(self.evidence),
        }
        if self.products is not None:
            of_product = {"sku": self.sku, "gallery": self.gallery, "source": self.source}
            line |= of_product | {"products": [[p.sku, p.probability] for p in self.products]}
        return line
