"""Labels of a catalogue that no camera reports, and what was probably meant. Pure."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from smartcart.server.catalogue.import_plan import ProductChange
from smartcart.server.catalogue.product import LABEL_SEPARATOR

_ALIKE: Final = 0.6
"""Similarity (0 to 1) from which one word counts as the other misspelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLabel:
    """A label that no detector of the store reports; ``nearest`` is the most similar one, if any is similar."""

    where: str
    sku: str
    label: str
    nearest: str | None

    @property
    def column(self) -> str:
        return "label"

    @property
    def advice(self) -> str:
        """The advice, as a sentence."""
        hint = f"did you mean “{self.nearest}”?" if self.nearest else "check how the model names it."
        return f"No camera label is called “{self.label}”: {hint}"


def unknown_labels(changes: Iterable[ProductChange], known: Collection[str]) -> list[UnknownLabel]:
    """The labels of an import that are not ``known``; none if no label is known."""
    if not known:
        return []
    return [
        UnknownLabel(where=change.where, sku=change.product.sku, label=label, nearest=nearest_label(label, known))
        for change in changes
        for label in change.product.labels
        if label not in known and label not in _before(change)
    ]


def nearest_label(label: str, known: Collection[str]) -> str | None:
    """The known label most similar to this one; None if none is similar."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    found = difflib.get_close_matches(label.casefold(), by_folded, n=1, cutoff=_ALIKE)
    return by_folded[found[0]] if found else None


def _before(change: ProductChange) -> list[str]:
    """The labels that the product had."""
    label = next((found.before for found in change.differences if found.column == "label"), None)
    return list(change.product.labels) if label is None else label.split(LABEL_SEPARATOR)
