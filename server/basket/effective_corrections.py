"""Effective corrections: a correction of a correction to *nothing happened* takes it back. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from smartcart.server.basket.records import StoredCorrection

SHOPPER: Final = "the shopper"
"""Who said it, where the cart's own screen was pressed; no account can have this name."""


def effective_corrections(words: Iterable[StoredCorrection]) -> list[StoredCorrection]:
    """The corrections of a session without those that were taken back and those that took them back; in their order.

    A correction by hand corrects no other: one that names it corrects it, and stays.
    """
    every = list(words)
    back = taken_back(every)
    readings = {word.correction.id for word in every if word.correction.corrects is not None}
    return [word for word in every if word.correction.id not in back and word.correction.corrects not in readings]


def taken_back(words: Iterable[StoredCorrection]) -> dict[str, StoredCorrection]:
    """The ids of the corrections that were taken back, each with the correction that did it."""
    every = list(words)
    readings = {word.correction.id for word in every if word.correction.corrects is not None}
    said = ((word.correction.corrects, word) for word in every if word.correction.action == "none")
    return {named: word for named, word in said if named is not None and named in readings}


def to_confirm(words: Sequence[StoredCorrection]) -> dict[str, StoredCorrection]:
    """What the shopper has said last of an event, or has added, and nobody of the store has seen yet: by the id of the
    event or addition.

    Args:
        words: those that stand, see ``effective_corrections``.
    """
    last = {word.correction.corrects or word.correction.id: word for word in words}
    added = {word.correction.id for word in words if word.correction.corrects is None}
    return {
        about: word
        for about, word in last.items()
        if word.correction.by == SHOPPER
        and (word.correction.action != "none" if about in added else not word.match.choices)
    }
