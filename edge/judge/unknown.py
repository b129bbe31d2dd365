"""Changes without a detection: held back for a while, since the detector may still recognise the item, then asked."""

from collections.abc import Sequence

from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.settings import UNKNOWN_ITEM
from smartcart.edge.judge.weighing import explained
from smartcart.edge.vision.detection import Box


class Unknown:
    """One camera's unknown items."""

    def __init__(self) -> None:
        self._waiting: tuple[float, Decision] | None = None
        self._asked: list[Box] = []

    def wonder(self, decision: Decision, due: float) -> None:
        """Holds back a decision until a media time (s)."""
        self._waiting = due, decision

    def drop(self) -> None:
        """Something was decided after all, so there is nothing to ask."""
        self._waiting = None

    def ask(self, known: Sequence[Box], time: float | None = None) -> list[Decision]:
        """The decisions due at this time, or all if None is given, without those that a known item explains by now."""
        if self._waiting is None or (time is not None and time < self._waiting[0]):
            return []
        decision, self._waiting = self._waiting[1], None
        if decision.box is None or explained(decision.box, known):
            return []
        self._asked = [*self._asked, decision.box][-UNKNOWN_ITEM.most :]
        return [decision]

    def asked_of(self, box: Box) -> bool:
        """True if an item that comes into sight was asked about before; each is asked about once."""
        mine = next((other for other in self._asked if explained(box, [other])), None)
        if mine is not None:
            self._asked.remove(mine)
        return mine is not None
