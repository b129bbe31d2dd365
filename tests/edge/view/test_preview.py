"""The live picture: only for who knows the token, from this machine, and from the dashboard's own origin."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from processes import wait_until

from smartcart.edge.view.preview import Preview


@pytest.fixture
def preview() -> Iterator[Preview]:
    with Preview() as preview:
        yield preview


def ask(preview: Preview, path: str | None = None, **headers: str) -> http.client.HTTPResponse:
    parts = urlsplit(preview.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=5)
    connection.request("GET", path or parts.path, headers=headers)
    return connection.getresponse()


def test_it_streams_the_newest_picture(preview: Preview) -> None:
    preview.show(np.full((48, 64, 3), 200, np.uint8))
    response = ask(preview)
    assert response.status == 200
    assert response.readline() == b"--frame\r\n"
    assert response.readline() == b"Content-Type: image/jpeg\r\n"
    length = int(response.readline().split()[-1])
    response.readline()
    image = cv2.imdecode(np.frombuffer(response.read(length), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (48, 64, 3)
    assert abs(float(image.mean()) - 200) < 3
    assert preview.watched
    response.close()


def test_a_watcher_that_leaves_is_forgotten(preview: Preview) -> None:
    response = ask(preview)
    wait_until(lambda: preview.watched)
    response.close()

    def nobody_after_a_new_picture() -> bool:
        preview.show(np.zeros((480, 640, 3), np.uint8))
        return not preview.watched

    wait_until(nobody_after_a_new_picture)


@pytest.mark.parametrize("path", ["/", "/live.mjpg", "/guess/live.mjpg"])
def test_without_the_token_there_is_nothing(preview: Preview, path: str) -> None:
    assert ask(preview, path).status == 404


def test_a_rebound_name_and_a_foreign_page_are_refused(preview: Preview) -> None:
    assert ask(preview, Host="evil.example").status == 403
    assert ask(preview, Origin="https://evil.example").status == 403
    preview.allow_origin("http://127.0.0.1:8000")
    preview.show(np.zeros((8, 8, 3), np.uint8))
    response = ask(preview, Origin="http://127.0.0.1:8000")
    assert response.status == 200
    response.close()


def test_it_listens_on_loopback_with_a_long_random_token(preview: Preview) -> None:
    assert preview.url.startswith("http://127.0.0.1:")
    with Preview() as other:
        tokens = {urlsplit(p.url).path.split("/")[1] for p in (preview, other)}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)
