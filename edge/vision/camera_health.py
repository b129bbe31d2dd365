"""Camera health from the pictures alone: covered, dark, blurred, frozen or moved.

Looks at a 160 x 120 grey copy a few times a second. A state is reported once it has lasted for a while, so a hand
before the lens is not a covered camera. *Moved* compares the basket with its earlier looks, by phase correlation
(Kuglin and Hines, 1975): it means that the whole basket shifted, not that one item more or less is in it.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.capture.frames import Frame
from smartcart.edge.contract.events import CameraHealth
from smartcart.edge.vision.zone import Zone

SIZE: Final = (160, 120)
LEARNING: Final = 0.05

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """Grey levels in [0, 255]; times in seconds.

    ``flat`` is the least contrast (deviation over mean) of a usable scene, ``black`` the mean below which it is dark;
    ``blur`` is sharpness as a share of this camera's earlier sharpness; ``shift`` is in picture widths, and ``peak``
    the least correlation peak at which it counts.
    """

    every: float = 0.25
    hold: float = 1.5
    frozen_after: float = 3.0
    dark: float = 30.0
    black: float = 8.0
    flat: float = 0.03
    blur: float = 0.15
    blur_floor: float = 12.0
    shift: float = 0.04
    peak: float = 0.12


class CameraWatch:
    """Watches one camera; feed it every frame."""

    def __init__(self, zone: Zone, settings: WatchSettings | None = None) -> None:
        self._settings = settings or WatchSettings()
        self._window = _zone_window(zone)
        self._next = 0.0
        self._previous: NDArray[np.uint8] | None = None
        self._same_since: float | None = None
        self._reference: Floats | None = None
        self._sharp: float | None = None
        self._candidate = CameraHealth.OK
        self._since = 0.0
        self.health = CameraHealth.OK

    def update(self, frame: Frame) -> CameraHealth:
        """The camera's health as of this frame."""
        if frame.time < self._next:
            return self.health
        self._next = frame.time + self._settings.every
        grey = cv2.cvtColor(cv2.resize(frame.image, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        found = self._look(frame.time, np.asarray(grey, np.uint8))
        if found is not self._candidate:
            self._candidate, self._since = found, frame.time
        if found is self.health or frame.time - self._since >= self._settings.hold:
            self.health = found
        return self.health

    def _look(self, time: float, grey: NDArray[np.uint8]) -> CameraHealth:
        limits = self._settings
        frozen = self._frozen(time, grey)
        mean, deviation = float(grey.mean()), float(grey.std())
        if mean < limits.black or deviation < limits.flat * mean:
            return CameraHealth.COVERED
        if mean < limits.dark:
            return CameraHealth.DARK
        if self._blurred(grey):
            return CameraHealth.BLURRED
        if frozen:
            return CameraHealth.FROZEN
        return CameraHealth.MOVED if self._moved(grey) else CameraHealth.OK

    def _frozen(self, time: float, grey: NDArray[np.uint8]) -> bool:
        """A live sensor's noise never repeats; an identical picture for long is an old one."""
        if self._previous is None or not np.array_equal(self._previous, grey):
            self._same_since = time
        self._previous = grey
        return self._same_since is not None and time - self._same_since >= self._settings.frozen_after

    def _blurred(self, grey: NDArray[np.uint8]) -> bool:
        sharp = float(cv2.Laplacian(grey, cv2.CV_32F).var())
        if self._sharp is None:
            self._sharp = sharp
        blurred = sharp < max(self._settings.blur * self._sharp, self._settings.blur_floor)
        if not blurred:
            self._sharp += (0.5 if sharp > self._sharp else 0.01) * (sharp - self._sharp)
        return blurred

    def _moved(self, grey: NDArray[np.uint8]) -> bool:
        now = grey.astype(np.float32)
        if self._reference is None:
            self._reference = now
        windowed = [(image - image.mean()) * self._window for image in (self._reference, now)]
        (dx, dy), peak = cv2.phaseCorrelate(windowed[0], windowed[1])
        shift = float(np.hypot(dx, dy)) / SIZE[0]
        moved = shift > self._settings.shift and peak > self._settings.peak
        if not moved and shift < self._settings.shift / 2:
            self._reference = (1 - LEARNING) * self._reference + LEARNING * now
        return moved


def _zone_window(zone: Zone) -> Floats:
    """A soft mask of the basket, so that movement behind the cart does not count."""
    mask = np.zeros((SIZE[1], SIZE[0]), np.float32)
    corners = np.round(np.array(zone.polygon) * SIZE).astype(np.int32)
    cv2.fillPoly(mask, [corners], (1.0,))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 6), np.float32)
