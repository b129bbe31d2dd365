"""What changed though the detector saw nothing: kept for a while, since it may yet see what it is, and then asked."""

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
        """Keeps a decision until a media time (s)."""
        self._waiting = due, decision

    def drop(self) -> None:
        """Something was decided after all: there is nothing to ask."""
        self._waiting = None

    def ask(self, known: Sequence[Box], time: float | None = None) -> list[Decision]:
        """What is due at this time, or at any if None is given, unless a known item explains it by now."""
        if self._waiting is None or (time is not None and time < self._waiting[0]):
            return []
        decision, self._waiting = self._waiting[1], None
        if decision.box is None or explained(decision.box, known):
            return []
        self._asked = [*self._asked, decision.box][-UNKNOWN_ITEM.most :]
        return [decision]

    def asked_of(self, box: Box) -> bool:
        """Whether a thing that comes into sight was asked of before; it is asked of once."""
        mine = next((other for other in self._asked if explained(box, [other])), None)
        if mine is not None:
            self._asked.remove(mine)
        return mine is not None
