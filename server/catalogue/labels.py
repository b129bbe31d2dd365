"""Labels of a catalogue that no camera tells of, and what was probably meant. Pure."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from smartcart.server.catalogue.import_plan import ProductChange
from smartcart.server.catalogue.product import LABEL_SEPARATOR

_ALIKE: Final = 0.6
"""How alike two words must be (0 to 1) for one to be the other misspelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLabel:
    """A label that no detector of the store tells; ``nearest`` is the one it is most like, if it is like any."""

    where: str
    sku: str
    label: str
    nearest: str | None

    @property
    def column(self) -> str:
        return "label"

    @property
    def advice(self) -> str:
        """What to do about it, as a sentence."""
        hint = f"did you mean “{self.nearest}”?" if self.nearest else "check how the model names it."
        return f"No camera label is called “{self.label}”: {hint}"


def unknown_labels(changes: Iterable[ProductChange], known: Collection[str]) -> list[UnknownLabel]:
    """The labels that an import brings in and that are not ``known``; where nothing is known, nothing is said."""
    if not known:
        return []
    return [
        UnknownLabel(where=change.where, sku=change.product.sku, label=label, nearest=nearest_label(label, known))
        for change in changes
        for label in change.product.labels
        if label not in known and label not in _before(change)
    ]


def nearest_label(label: str, known: Collection[str]) -> str | None:
    """The known label that is most like this one; None where none is."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    found = difflib.get_close_matches(label.casefold(), by_folded, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def _before(change: ProductChange) -> list[str]:
    """The labels that the product had."""
    label = next((found.before for found in change.differences if found.column == "label"), None)
    return list(change.product.labels) if label is None else label.split(LABEL_SEPARATOR)
