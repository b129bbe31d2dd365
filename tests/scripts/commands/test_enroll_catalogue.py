"""``smartcart products enroll-catalogue``: a catalogue's pictures suggest products, and never decide."""

from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest
from open_server import open_server

from smartcart.edge.gallery.embedder import OnnxEmbedder
from smartcart.edge.gallery.enrolment import WHOLE
from smartcart.edge.gallery.gallery_file import Gallery
from smartcart.edge.gallery.search import Index
from smartcart.models.labels import DEFAULT_EMBEDDING
from smartcart.scripts.main import main
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker


@pytest.fixture
def server() -> Iterator[BasketServer]:
    with EmbeddedBroker(port=0) as broker, open_server(broker) as running:
        yield running


def face(colour: tuple[int, int, int], text: str) -> np.ndarray:
    """A pack on nothing, as catalogues show them."""
    image = np.zeros((320, 240, 4), np.uint8)
    image[20:300, 30:210] = (*colour, 255)
    cv2.putText(image, text, (40, 170), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (250, 250, 250, 255), 5, cv2.LINE_AA)
    return image


JAM, HONEY = face((40, 40, 190), "JAM"), face((30, 160, 220), "HONEY")


def put_picture(server: BasketServer, sku: str, image: np.ndarray) -> None:
    data = cv2.imencode(".png", image)[1].tobytes()
    answer = httpx.put(f"{server.url}api/v1/catalogue/picture", params={"sku": sku}, content=data, timeout=30)
    assert answer.status_code == 204, answer.text


def enroll(server: BasketServer) -> int:
    return main(["products", "enroll-catalogue", "--server", server.url])


def test_pictures_of_the_catalogue_are_a_start_that_is_marked_as_one(
    server: BasketServer, capsys: pytest.CaptureFixture[str]
) -> None:
    put_picture(server, "JAM", JAM)
    put_picture(server, "HONEY", HONEY)
    put_picture(server, "CAN", cv2.GaussianBlur(HONEY, (201, 201), 80))
    assert enroll(server) == 1
    out, err = capsys.readouterr()
    assert "2 of 3 products can be suggested in the queue now" in out
    assert "the picture of CAN cannot be used: blurred" in err
    gallery = Gallery.from_bytes(httpx.get(f"{server.url}api/v1/gallery", timeout=30).content)
    assert [(p.sku, p.name, p.tentative) for p in gallery.products] == [
        ("HONEY", "The jar", True),
        ("JAM", "The jar", True),
    ]
    embedder, index = OnnxEmbedder(DEFAULT_EMBEDDING), Index(gallery)
    seen = np.asarray(cv2.GaussianBlur(JAM[..., :3], (3, 3), 0), np.uint8)
    assert index.opinion(embedder.embed(seen, [WHOLE])).best[0] == "JAM"
    assert not index.may_decide("JAM")
    assert index.labels == frozenset()
    page = httpx.get(f"{server.url}catalogue/product?sku=JAM", timeout=30).text
    assert "never decide by its looks" in page
    assert enroll(server) == 1
    assert "2 products were enrolled before and stay as they are" in capsys.readouterr().out
    assert main(["products", "list", "--server", server.url]) == 0
    assert "3 prototypes, suggested only" in capsys.readouterr().out


def test_what_was_taught_is_not_made_worse_by_a_picture(server: BasketServer) -> None:
    put_picture(server, "JAM", JAM)
    assert enroll(server) == 0
    place = f"{server.url}api/v1/gallery"
    tentative = Gallery.from_bytes(httpx.get(place, timeout=30).content)
    (known,) = tentative.products
    taught = Gallery(
        store="s",
        version=1,
        embedding=tentative.embedding,
        products=(type(known)(sku="JAM", name="Jam", labels=("jar",), prototypes=known.prototypes),),
    )
    put = f"{place}/product?sku=JAM"
    assert httpx.put(put, content=taught.to_bytes(), timeout=30).status_code == 200
    refused = httpx.put(put, content=tentative.to_bytes(), timeout=30)
    assert refused.status_code == 409
    assert "was taught by more than this" in refused.json()["detail"]


def test_a_catalogue_without_pictures_says_where_to_set_them(
    server: BasketServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enroll(server) == 2
    assert "set some on the page Catalogue" in capsys.readouterr().err
