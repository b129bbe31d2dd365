"""Whatever stands in the gallery's row: the server starts, its pages answer, and products can be taught again."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from smartcart.edge.gallery.gallery_file import Embedding, Enrolled, Gallery
from smartcart.server.access.access import Access
from smartcart.server.access.audit import Actor
from smartcart.server.database.database import Database, open_database
from smartcart.server.gallery.keeper import Galleries

ANNA = Actor(name="anna", via="login")
JAM = Enrolled(sku="JAM", name="Jam", labels=("jar",), prototypes=np.eye(4, 8, dtype=np.float32))
ALONE = Gallery(store="s", version=1, embedding=Embedding(id="e", like=0.5, sharpness=20.0), products=(JAM,))
GOOD = ALONE.to_bytes()


@pytest.fixture
def office(tmp_path: Any) -> Any:
    database = open_database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield database
    database.close()


def stored(office: Database, **row: object) -> Galleries:
    """The keeper of a server that starts on such a row."""
    audit = Access(office).audit
    Galleries(office, audit).enrol("JAM", ALONE, ANNA)
    with office.writing() as connection:
        for name, value in row.items():
            connection.execute(text(f"UPDATE office_galleries SET {name} = :value"), {"value": value})
    return Galleries(office, audit)


@pytest.mark.parametrize("data", ["not bytes", 10**12, 1.5, b"", b"\x00" * 40, GOOD[:-1], b"[" * 5000, GOOD])
def test_a_damaged_row_counts_as_none_and_the_next_product_is_news_to_carts(
    office: Database, data: object, caplog: pytest.LogCaptureFixture
) -> None:
    galleries = stored(office, data=data, version=7)
    assert galleries.now is None
    assert galleries.product("JAM") is None
    assert "the gallery is damaged" in caplog.text
    caplog.clear()
    galleries.look()
    assert not caplog.text
    assert galleries.enrol("JAM", ALONE, ANNA) == 8
    assert galleries.product("JAM") is not None


@pytest.mark.parametrize("version", ["seven", -1, 2**63 - 1, 1.5, b"\x01"])
def test_a_version_that_is_none_stops_nothing(office: Database, version: object) -> None:
    galleries = stored(office, version=version)
    assert galleries.now is None
    assert galleries.enrol("JAM", ALONE, ANNA) >= 1
