"""How a cart names products: the gallery that it stores and fetches, and the codes that it reads."""

import logging
from dataclasses import dataclass
from pathlib import Path

from smartcart.edge.codes.reader import CodeReader
from smartcart.edge.codes.scan import CodeScan
from smartcart.edge.gallery.embedder import Embedder, OnnxEmbedder
from smartcart.edge.gallery.fetching import GalleryFetch
from smartcart.edge.gallery.in_use import GalleryInUse, read_gallery, write_gallery
from smartcart.edge.gallery.namer import ProductNamer
from smartcart.edge.gallery.sightings import Sightings
from smartcart.models.labels import DEFAULT_EMBEDDING

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CartProducts:
    """One run's: ``fetch`` and ``embedder`` are None on a cart without an embedding, which reads codes alone.

    ``scan`` reads a code for the cart's screen.
    """

    namer: ProductNamer
    scan: CodeScan
    fetch: GalleryFetch | None
    embedder: Embedder | None


def cart_products(kept: Path, *, given: Path | None, embedding: Path | None, threads: int) -> CartProducts:
    """Builds the parts of a run.

    Args:
        kept: the file in which the cart stores the fetched gallery.
        given: a gallery to start with instead.
        embedding: the model; None takes the shipped one, if it is there.
        threads: ONNX Runtime's threads within one operator.

    Raises:
        ModelError: the model is not an embedding.
        GalleryError: the given gallery cannot be used here, or not be stored.
    """
    file, scan = embedding or DEFAULT_EMBEDDING, CodeScan()
    if embedding is None and not file.exists():
        return CartProducts(namer=ProductNamer(codes=CodeReader(scan)), scan=scan, fetch=None, embedder=None)
    embedder = OnnxEmbedder(file, threads=threads)
    if given is not None:
        write_gallery(kept, read_gallery(given).checked(embedding=embedder.embedding.id).to_bytes())
    in_use = GalleryInUse(kept, embedding=embedder.embedding.id, on_refused=lambda why: log.warning("%s", why))
    namer = ProductNamer(Sightings(embedder), in_use.index, CodeReader(scan), in_use.between_visits)
    return CartProducts(namer=namer, scan=scan, fetch=GalleryFetch(in_use), embedder=embedder)
