"""Which corrections stand: a word that names another word, and says that nothing happened, takes it back. Pure."""

from collections.abc import Iterable

from smartcart.server.basket.records import StoredCorrection


def effective_corrections(words: Iterable[StoredCorrection]) -> list[StoredCorrection]:
    """The corrections of a session less those that were taken back, and less what took them back; in their order.

    A correction by hand is no word on anything else: what names it is a reading of it, and stays.
    """
    every = list(words)
    back = taken_back(every)
    readings = {word.correction.id for word in every if word.correction.corrects is not None}
    return [word for word in every if word.correction.id not in back and word.correction.corrects not in readings]


def taken_back(words: Iterable[StoredCorrection]) -> dict[str, StoredCorrection]:
    """The ids of the corrections that were taken back, each with the word that did it."""
    every = list(words)
    readings = {word.correction.id for word in every if word.correction.corrects is not None}
    said = ((word.correction.corrects, word) for word in every if word.correction.action == "none")
    return {named: word for named, word in said if named is not None and named in readings}
