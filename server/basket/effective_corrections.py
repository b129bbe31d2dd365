"""Effective corrections: a correction of a correction to *nothing happened* takes it back. Pure."""

from collections.abc import Iterable

from smartcart.server.basket.records import StoredCorrection


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
