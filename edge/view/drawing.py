"""The annotated picture: zone, boxes with tracks, the visit under way, and the last decisions."""

from collections import deque
from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Image
from smartcart.edge.contract.events import EventType
from smartcart.edge.gallery.teacher import Taught
from smartcart.edge.judge.decision import Decision
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Step
from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone

# blue, green, red
GREEN: Final = (96, 200, 80)
AMBER: Final = (40, 170, 245)
RED: Final = (80, 80, 235)
BLUE: Final = (235, 160, 70)
GREY: Final = (190, 190, 190)
INK: Final = (30, 26, 24)
FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
SHOWN_FOR: Final = 3.0
WORTH_SAYING: Final = 0.1
WORDS: Final = {
    EventType.ITEM_ADDED: ("+ ", GREEN),
    EventType.ITEM_REMOVED: ("- ", RED),
    EventType.ITEM_UNCERTAIN: ("? ", AMBER),
}


class Annotator:
    """Draws observations and decisions onto copies of the frames; remembers the last decisions for 3 s."""

    def __init__(self, zone: Zone, judge: Judge) -> None:
        self._zone = zone
        self._judge = judge
        self._said: deque[tuple[float, Decision]] = deque(maxlen=4)

    def draw(self, step: Step) -> Image:
        """The step's frame with everything drawn on it, height x width x 3 as the frame."""
        image = step.frame.image.copy()
        visit = self._judge.visit_since is not None
        self._draw_zone(image, AMBER if visit else GREY)
        if step.taught is not None:
            _draw_lesson(image, step.taught)
        for track in step.tracks:
            if track.seen:
                colour = BLUE if track.is_hand else GREEN
                _draw_box(image, track.box, f"{track.label} #{track.id}", colour)
        self._draw_trails(image, step.frame.time)
        self._said.extend((step.frame.time, decision) for decision in step.decisions)
        self._draw_words(image, step.frame.time, visit)
        return image

    def _draw_zone(self, image: Image, colour: tuple[int, int, int]) -> None:
        size = np.array([image.shape[1] - 1, image.shape[0] - 1])
        corners = np.round(np.array(self._zone.polygon) * size).astype(np.int32)
        cv2.polylines(image, [corners], isClosed=True, color=colour, thickness=2, lineType=cv2.LINE_AA)

    def _draw_trails(self, image: Image, time: float) -> None:
        """The trail of each recently decided item, and the box at which it was decided."""
        size = np.array([image.shape[1], image.shape[0]])
        for at, decision in self._said:
            if not 0 <= time - at <= SHOWN_FOR:
                continue
            _, colour = WORDS[decision.type]
            trail = np.array([point[1:] for point in decision.evidence.get("trail", ())], float).reshape(-1, 2)
            points = np.round(trail * size).astype(np.int32)
            cv2.polylines(image, [points], isClosed=False, color=colour, thickness=2, lineType=cv2.LINE_AA)
            if decision.box is not None:
                low, high = np.round(np.array(decision.box).reshape(2, 2) * size).astype(int).tolist()
                cv2.rectangle(image, low, high, colour, 3, cv2.LINE_AA)

    def _draw_words(self, image: Image, time: float, visit: bool) -> None:
        scale = max(0.5, image.shape[0] / 640)
        line = round(34 * scale)
        if visit:
            _draw_label(image, (8, line), "visit", AMBER, scale)
        recent = [(at, d) for at, d in self._said if 0 <= time - at <= SHOWN_FOR]
        for row, (_, decision) in enumerate(recent):
            sign, colour = WORDS[decision.type]
            text = f"{sign}{decision.label or 'something'} {decision.confidence:.0%}{_reasons(decision)}"
            _draw_label(image, (8, image.shape[0] - 10 - line * (len(recent) - 1 - row)), text, colour, 1.2 * scale)


def _reasons(decision: Decision) -> str:
    """The evidence in words: the kinds of evidence that are true, and the next best class."""
    words = [name for name, value in decision.evidence.items() if value is True]
    others = [c for c in decision.candidates if c.outcome != "none" and c.label != decision.label]
    words += [f"or {c.label} {c.probability:.0%}" for c in others[:1] if c.probability >= WORTH_SAYING]
    return f"  ({', '.join(words)})" if words else ""


def _draw_lesson(image: Image, taught: Taught) -> None:
    """The taught product, in green if a new view of it was taken."""
    if taught.box is not None:
        _draw_box(image, taught.box, taught.said or "", GREEN if taught.said == "taken" else AMBER)


def _draw_box(image: Image, box: Box, text: str, colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    top_left = round(box.x1 * width), round(box.y1 * height)
    cv2.rectangle(image, top_left, (round(box.x2 * width), round(box.y2 * height)), colour, 2, cv2.LINE_AA)
    _draw_label(image, (top_left[0], max(14, top_left[1] - 4)), text, colour, max(0.4, height / 1000))


def _draw_label(image: Image, at: tuple[int, int], text: str, colour: tuple[int, int, int], scale: float) -> None:
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    x, y = at
    cv2.rectangle(image, (x, y - height - base), (x + width + 6, y + base), colour, cv2.FILLED)
    cv2.putText(image, text, (x + 3, y), FONT, scale, INK, 1, cv2.LINE_AA)
