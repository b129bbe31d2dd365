"""Compares two quiet pictures of one place: where they differ, and whether something came or went there.

A smooth gain removes the change of light (a surface of second degree in the logarithm, fitted without the largest
differences). Whatever then differs by more than the noise, and by more than a shift of one pixel explains, makes spots.
In the picture that contains the object, a spot looks unlike the ring around it and has an edge along its contour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from smartcart.edge.capture.frames import Image
from smartcart.edge.judge.settings import COMPARISON

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

NEAR: Final = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A connected part of the picture that differs; ``mask`` covers the whole picture, 1 inside; ``area`` in pixels."""

    mask: Mask
    area: int


def relit(before: Image, after: Image) -> Floats:
    """The earlier picture in the light of the later one."""
    surface = _surface(before.shape[0], before.shape[1])
    logs = [np.log(image.astype(np.float32) + COMPARISON.dark) for image in (before, after)]
    few = np.s_[:: COMPARISON.every, :: COMPARISON.every]
    basis = surface[few].reshape(-1, surface.shape[-1])
    gain = (logs[1] - logs[0])[few].reshape(-1, 3)
    keep = np.ones(len(basis), bool)
    for _ in range(COMPARISON.rounds):
        fit = np.linalg.lstsq(basis[keep], gain[keep], rcond=None)[0]
        off = np.abs(gain - basis @ fit).max(axis=-1)
        keep = off <= max(0.02, COMPARISON.trimmed * float(np.median(off)))
    return np.asarray(np.exp(logs[0] + surface @ fit.astype(np.float32)) - COMPARISON.dark, np.float32)


@lru_cache(maxsize=4)
def _surface(height: int, width: int) -> Floats:
    """The terms of a surface of second degree at every pixel: height x width x 6."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)


def differing(before: Floats, after: Image, where: Mask) -> Mask:
    """1 where two pictures in the same light differ, within ``where``."""
    then, now = (cv2.GaussianBlur(np.asarray(image, np.float32), (0, 0), 0.8) for image in (before, after))
    over = np.maximum(now - cv2.dilate(then, NEAR), cv2.erode(then, NEAR) - now).max(axis=-1)
    off = np.abs(now - then).max(axis=-1)
    noise = float(np.quantile(off[where > 0], COMPARISON.calm)) if where.any() else 0.0
    least = min(max(COMPARISON.least_levels, COMPARISON.noises * noise), COMPARISON.most_levels)
    mask = ((over > 0.5 * COMPARISON.least_levels) & (off > least) & (where > 0)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, NEAR), np.uint8)


def spots(mask: Mask) -> Sequence[Spot]:
    """The connected parts of the difference, the largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = sorted(((int(stats[i, cv2.CC_STAT_AREA]), i) for i in range(1, count)), reverse=True)
    return [
        Spot(mask=(labels == i).astype(np.uint8), area=area) for area, i in areas if area >= COMPARISON.least_pixels
    ]


def polarity(before: Floats, after: Image, part: Mask, calm: Mask) -> float:
    """In [-1, 1]: near 1 if something new stands there, near -1 if something is gone.

    Args:
        calm: 1 where the pictures do not differ; the ring is taken from it.
    """
    then = np.clip(before, 0, 255).astype(np.uint8)
    gap, wide = COMPARISON.ring
    ring = _grown(part, gap + wide) * (1 - _grown(part, gap)) * calm
    unlike = alike(then, part, then, ring) - alike(after, part, after, ring) if ring.any() else 0.0
    contour = _grown(part, 1) - np.asarray(cv2.erode(part, NEAR), np.uint8)
    edge_then, edge_now = (float(_edges(image)[contour > 0].mean()) for image in (then, after))
    edges = (edge_now - edge_then) / (edge_now + edge_then + COMPARISON.faint)
    return float(np.tanh(COMPARISON.scale * (unlike + COMPARISON.edges_weight * edges)))


def alike(image: Image, part: Mask, other: Image, other_part: Mask) -> float:
    """Similarity of two parts of two pictures in colour, in [0, 1]: the mean Bhattacharyya coefficient of channels."""
    pairs = zip(_histograms(image, part), _histograms(other, other_part), strict=True)
    return float(np.mean([np.sqrt(a * b).sum() for a, b in pairs]))


def _grown(mask: Mask, by: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask, kernel), np.uint8)


def _edges(image: Image) -> Floats:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(cv2.magnitude(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)), np.float32)


def _histograms(image: Image, part: Mask) -> list[Floats]:
    """A histogram of each channel of Lab, with sum 1."""
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    counts = [cv2.calcHist([lab], [c], part, [COMPARISON.bins], [0, 256]).reshape(1, -1) for c in range(3)]
    soft = [cv2.GaussianBlur(count, (0, 0), COMPARISON.soft) for count in counts]
    return [np.asarray(count / max(float(count.sum()), 1e-9), np.float32) for count in soft]
