"""Enrols a product from its catalogue picture: enough to suggest it, too little to decide."""

from typing import Final

import cv2
import numpy as np

from smartcart.edge.capture.frames import Frame, Image
from smartcart.edge.gallery.embedder import Embedder
from smartcart.edge.gallery.enrolment import ADVICE, Enrolment
from smartcart.edge.gallery.gallery_file import Enrolled, GalleryError
from smartcart.edge.vision.detection import Detector

BEHIND: Final = 255
"""The grey level behind a transparent picture."""


def known_from_picture(embedder: Embedder, detector: Detector, picture: bytes, sku: str, name: str) -> Enrolled:
    """Enrols the product as tentative.

    Raises:
        GalleryError: the picture cannot be used; the message says why.
    """
    enrolment = Enrolment(embedder, whole_pictures=True)
    frame = Frame(index=0, time=0.0, image=_decoded(picture, sku))
    said = enrolment.see(frame, detector.detect(frame))
    if said != "taken":
        raise GalleryError(f"the picture of {sku} cannot be used: {said}: {ADVICE[said]}")
    return enrolment.enrolled(sku, name, tentative=True)


def _decoded(picture: bytes, sku: str) -> Image:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3:
        raise GalleryError(f"the picture of {sku} cannot be read: set it anew in the catalogue")
    if image.shape[2] == 3:
        return np.asarray(image, np.uint8)
    opaque = image[..., 3:].astype(np.float32) / 255
    return np.asarray(image[..., :3] * opaque + BEHIND * (1 - opaque), np.uint8)
