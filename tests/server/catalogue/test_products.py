"""The catalogue in the office, on every database: seeded once, changed with who and when, seen by all servers."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from people import TESTER
from PIL import Image
from wire_events import CATALOGUE, product

from smartcart.server.access.audit import AuditLog
from smartcart.server.catalogue.file import csv_rows
from smartcart.server.catalogue.import_plan import plan
from smartcart.server.catalogue.in_force import CatalogueInForce
from smartcart.server.catalogue.pictures import PictureError, ProductPictures, small
from smartcart.server.catalogue.product import ProductError, Unit
from smartcart.server.catalogue.store import Products, StaleError
from smartcart.server.database.database import Database, DatabaseError, open_database
from smartcart.server.ledger.address import open_ledger

HEADER = "sku,gtin,label,name,price\n"
Clock = Callable[[], datetime]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    found = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'ledger.sqlite'}"}.get(request.param)
    address = found or str(request.getfixturevalue("postgres_url"))
    ledger = open_ledger(address)
    yield address
    ledger.close()


@pytest.fixture
def office(url: str) -> Iterator[Database]:
    moments = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(10_000))
    opened = open_database(url, lambda: next(moments))
    yield opened
    opened.close()


@pytest.fixture
def products(office: Database) -> Products:
    made = Products(office, AuditLog(office))
    assert made.seed(CATALOGUE, TESTER)
    return made


def test_an_empty_store_is_seeded_once(products: Products) -> None:
    assert {p.sku: p for p in products.catalogue()[1].products} == {p.sku: p for p in CATALOGUE.products}
    assert not products.seed(CATALOGUE, TESTER)
    assert products.shop().currency == "EUR"


def test_a_price_change_is_a_new_version_with_who_and_when(products: Products, office: Database) -> None:
    for price in (99, 99, None):
        products.save(product("can", price), TESTER, new=False)
    versions = products.prices("CAN")
    assert [(v.price, v.set_by) for v in versions] == [(None, "tester"), (99, "tester"), (89, "tester")]
    assert versions[0].set_at > versions[1].set_at > versions[2].set_at
    products.save(product("can", 500, unit=Unit.KG), TESTER, new=False)
    assert products.prices("CAN")[0].unit is Unit.KG
    actions = [(entry.action, entry.detail) for entry in AuditLog(office).entries()]
    assert ("product changed", {"price": "89 → 99"}) in actions


def test_what_is_saved_is_read_again(products: Products) -> None:
    made = product("tea", 250, gtin="96385074", labels=("box", "tea"), tax_rate=550, active=False)
    products.save(made, TESTER, new=True)
    assert products.find("TEA") == made
    with pytest.raises(ProductError, match="sku: is taken"):
        products.save(made, TESTER, new=True)
    with pytest.raises(ProductError, match="sku: is no product"):
        products.save(product("nothing"), TESTER, new=False)
    with pytest.raises(ProductError, match="gtin: belongs to another"):
        products.save(product("can", gtin="0000" + "96385074"), TESTER, new=False)
    assert products.find("CAN") == product("can", 89)


def test_an_import_is_done_as_a_whole_or_not_at_all(products: Products) -> None:
    shop, now = products.catalogue()
    text = HEADER + "CAN,4006381333931,can,Can,95\nTEA,96385074,tea,Tea,1\n"
    products.apply(plan(csv_rows(text.encode(), "EUR"), now.products), shop.version, TESTER)
    assert products.find("CAN") == product("can", 95, name="Can", gtin="4006381333931")
    with pytest.raises(StaleError):
        products.apply(plan(csv_rows(text.encode(), "EUR"), now.products), shop.version, TESTER)
    swapped = HEADER + "CAN,96385074,can,Can,95\nTEA,4006381333931,tea,Tea,1\n"
    shop, now = products.catalogue()
    found = plan(csv_rows(swapped.encode(), "EUR"), now.products)
    assert not found.bad
    products.apply(found, shop.version, TESTER)
    assert products.find("TEA") == product("tea", 1, name="Tea", gtin="4006381333931")
    assert len(products.prices("TEA")) == 1


def test_a_change_is_in_force_here_at_once_and_elsewhere_when_it_looks(products: Products, url: str) -> None:
    here = CatalogueInForce(products)
    if url == "memory:":
        products.save(product("can", 77), TESTER, new=False)
        assert here.match("can", None).price == 77
        return
    other_office = open_database(url)
    other = Products(other_office, AuditLog(other_office))
    there = CatalogueInForce(other)
    products.save(product("can", 77), TESTER, new=False)
    assert here.match("can", None).price == 77
    assert there.match("can", None).price != 77
    there.look()
    assert there.match("can", None).price == 77
    other_office.close()


def picture(side: int = 900, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    beside = {"exif": b"Exif\0\0secret"} if kind == "JPEG" else {}
    Image.new("RGB", (side, side // 2), "green").save(out, kind, **beside)
    return out.getvalue()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [
        *("products SET unit = 'no such'", "products SET name = x'ff'", "products SET tax_rate = 'x'"),
        *("products SET tax_rate = -5", "prices SET price = 'x'", "prices SET price = -1", "labels SET label = x'ff'"),
        *("products SET gtin = x'31'", "products SET picture = x'00'"),
    ],
)
def test_a_damaged_product_is_left_out_and_stops_no_other(
    products: Products, office: Database, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with office.writing() as connection:
        connection.exec_driver_sql(f"UPDATE office_{damage} WHERE sku = 'CAN'")
    in_force = CatalogueInForce(products)
    assert {product.sku for product in in_force.products} == {"BOTTLE", "CUP", "JAM", "HONEY"}
    assert "the product 'CAN' is damaged" in caplog.text
    assert products.find("CAN") is None
    assert products.prices("CAN") is not None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_damaged_settings_are_said_in_a_sentence(products: Products, office: Database) -> None:
    with office.writing() as connection:
        connection.exec_driver_sql("UPDATE office_shop SET currency = x'ff'")
    with pytest.raises(DatabaseError, match=r"settings .* are damaged: restore a backup"):
        CatalogueInForce(products)


def test_a_picture_is_made_small_and_nothing_but_pixels(products: Products, office: Database) -> None:
    pictures = ProductPictures(office)
    name = pictures.keep(picture(kind="JPEG"))
    assert pictures.keep(picture(kind="JPEG")) == name
    products.set_picture("CAN", name, TESTER)
    products.save(product("can", 90), TESTER, new=False)
    found = products.find("CAN")
    assert found
    assert (found.picture, found.price) == (name, 90)
    data = pictures.find(name)
    assert data
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("WEBP", (320, 160))
    assert b"secret" not in data
    second = pictures.keep(picture(100))
    assert pictures.find(name) == data
    products.set_picture("CAN", None, TESTER)
    pictures.keep(picture(50))
    assert pictures.find(name) is None
    assert pictures.find(second) is None


@pytest.mark.parametrize(
    "upload", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, picture()[:200], b"GIF89a" + b"\0" * 40]
)
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(PictureError):
        small(upload)


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(out, "PNG")
    with pytest.raises(PictureError):
        small(out.getvalue())


def plain(form: str, size: tuple[int, int]) -> bytes:
    """A picture of one colour: a small file, whatever its size."""
    out = io.BytesIO()
    Image.new("RGB", size, "brown").save(out, form)
    return out.getvalue()


def test_eight_huge_pictures_at_once_take_no_more_memory_than_one(tmp_path: Path) -> None:
    """In a process of its own, whose largest use is told in KiB (Linux)."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells the largest use in KiB")
    (tmp_path / "huge").write_bytes(plain("PNG", (4000, 2990)))
    program = (
        "import resource, sys, threading, pathlib\n"
        "from smartcart.server.catalogue.pictures import small\n"
        "most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "data, before = pathlib.Path(sys.argv[1]).read_bytes(), most()\n"
        "threads = [threading.Thread(target=small, args=(data,)) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "print((most() - before) // 1024)\n"
    )
    told = subprocess.run([sys.executable, "-c", program, tmp_path / "huge"], capture_output=True, text=True)
    assert int(told.stdout) < 250, told.stderr


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_can_only_be_decoded_whole_may_have_fewer_pixels(form: str) -> None:
    with pytest.raises(PictureError, match=f"{form} picture has more than 12 million pixels: make it smaller"):
        small(plain(form, (4000, 3001)))


def test_a_large_photograph_is_decoded_at_the_size_that_is_needed() -> None:
    with Image.open(io.BytesIO(small(plain("JPEG", (6000, 4000))))) as image:
        assert image.size == (320, 213)
