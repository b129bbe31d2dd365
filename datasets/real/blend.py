"""Blends rendered things into a photo: light, colour, sharpness and edges."""

import cv2
import numpy as np

from smartcart.datasets.products.textures import Picture
from smartcart.datasets.scene.camera import FloatPicture, Mask

FEATHER = 0.8
MATCH = 0.7
GAIN = (0.6, 1.6)
DARKEST = 0.3


def blend(things: Picture, mask: Mask, table: Mask, photo: Picture) -> Picture:
    """Lays the masked part of a rendered studio picture over a photo.

    Args:
        things: RGB (h, w, 3), rendered on a white table.
        mask: the pixels to lay over.
        table: the pixels of the white table; where it is in shadow, the photo becomes darker.
        photo: RGB (h, w, 3).

    Returns:
        RGB (h, w, 3); pixels far from the mask and from its shadows are the photo's own.
    """
    light = things.astype(np.float32)
    cover = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), FEATHER), np.float32)[..., None]
    front = _spread(light, mask) * _gain(light, table, photo)
    behind = photo.astype(np.float32) * _shadow(light, table)
    sharp = sharpness(photo)
    front = np.asarray(cv2.GaussianBlur(front, (0, 0), sharp), np.float32) if sharp > 0.3 else front
    return np.clip(front * cover + behind * (1 - cover), 0, 255).astype(np.uint8)


def _spread(light: FloatPicture, mask: Mask) -> FloatPicture:
    """The things' own colours, extended over their edges, which the renderer has mixed with the table."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)[..., None]
    near = cv2.GaussianBlur(light * inner, (0, 0), 1.6), cv2.GaussianBlur(inner, (0, 0), 1.6)[..., None]
    guess = near[0] / np.maximum(near[1], 1e-3)
    known = np.maximum(inner, near[1] < 1e-2)  # parts thinner than the brush keep their colour
    return np.asarray(light * known + guess * (1 - known), np.float32)


def _gain(light: FloatPicture, table: Mask, photo: Picture) -> FloatPicture:
    """How much brighter each channel of the photo's light is than the studio's, which the table shows as white.

    The photo's light is estimated by shades of grey (Finlayson and Trezzi 2004), the mean of high powers.
    """
    small = cv2.resize(photo, (80, 60), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    estimate = (small**6).mean((0, 1)) ** (1 / 6) * 255
    white = np.percentile(light[table], 80, axis=0) if table.sum() > 500 else np.full(3, 215.0)
    gain = (np.maximum(estimate, 20) / np.maximum(white, 40)) ** MATCH
    return np.asarray(np.clip(gain, *GAIN), np.float32)


def _shadow(light: FloatPicture, table: Mask) -> FloatPicture:
    """The share of the lamps' light that reaches each pixel, as the table shows it; 1 without a table."""
    clean = cv2.erode(table.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    grey = light.mean(2) * clean
    lit = cv2.GaussianBlur(cv2.dilate(grey, np.ones((91, 91), np.uint8)), (0, 0), 30)
    share = np.where(clean > 0, grey / np.maximum(lit, 1), 0.0).astype(np.float32)
    soft = cv2.GaussianBlur(share, (0, 0), 2.5) / np.maximum(cv2.GaussianBlur(clean, (0, 0), 2.5), 1e-3)
    covered = cv2.GaussianBlur(clean, (0, 0), 2.5)
    soft = np.where(covered > 0.02, np.clip(soft / 0.97, DARKEST, 1), 1.0)
    return np.asarray(soft[..., None], np.float32)


def sharpness(photo: Picture) -> float:
    """The blur (sigma in pixels) that makes the things no sharper than the photo, 0 to 1.2."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    coarse = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 2.0), cv2.CV_32F))
    ratio = float(np.percentile(fine, 99) / max(float(np.percentile(coarse, 99)), 1e-3))
    return float(np.clip(1.5 - ratio / 6, 0.0, 1.2))
