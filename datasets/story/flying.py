"""An item that was thrown: watched until it has come to rest."""

from dataclasses import dataclass

from smartcart.datasets.scene.simulation import World
from smartcart.models.dataset.truth import TruthEvent

LONGEST_S = 3.0
STILL = 0.06


@dataclass(slots=True, kw_only=True)
class Flying:
    """An item in the air since a moment; it was let go of long before, so its time is when it falls below the rim."""

    world: World
    item: str
    since: float
    entered: float | None = None
    below: float | None = None
    rested: float | None = None

    def watch(self, t: float, in_zone: bool) -> bool:
        """Updates the state at ``t``; returns whether the item has come to rest.

        Args:
            t: media time in seconds.
            in_zone: whether the picture shows the item's middle within the basket.
        """
        if self.entered is None and (in_zone or self.world.inside(self.item)):
            self.entered = t
        if self.below is None and self.world.inside(self.item):
            self.below = t
        still = self.below is not None and self.world.speed(self.item) < STILL and t > self.below + 0.25
        if still or t > self.since + LONGEST_S:
            self.rested = t
        return self.rested is not None

    def events(self) -> list[TruthEvent]:
        """The arrival, if the item lies in the basket."""
        if self.entered is None or self.below is None or self.rested is None or not self.world.inside(self.item):
            return []
        product = self.world.products[self.item]
        return [
            TruthEvent(
                type="added",
                label=product.label,
                t=self.below,
                start=min(self.entered, self.below),
                end=self.rested,
                item=self.item,
                product=product.name,
                situation="thrown_in",
            )
        ]
