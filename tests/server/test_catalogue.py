"""Catalogue files, good and bad."""

from pathlib import Path

import pytest

from smartcart.models.labels import ITEMS
from smartcart.server.catalogue import DEFAULT_CATALOGUE, Catalogue, CatalogueError, Match, load_catalogue

HEADER = "sku,gtin,label,name,price,currency\n"
TOML_PRODUCT = '[[product]]\nsku = "A"\nlabel = "can"\nname = "Can"\ncurrency = "EUR"\n'


def load(tmp_path: Path, name: str, text: str | bytes) -> Catalogue:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_catalogue(path)


def test_the_shipped_catalogue_prices_what_the_model_knows() -> None:
    catalogue = load_catalogue(DEFAULT_CATALOGUE)
    labels = {product.label for product in catalogue.products}
    assert labels <= set(ITEMS)
    assert len(labels) >= len(ITEMS) - 2
    assert any(product.price is None for product in catalogue.products)


def test_a_csv_file_with_an_empty_price(tmp_path: Path) -> None:
    text = HEADER + 'A1,4006381333931,can,"Can, ""big""",119,EUR\r\nB1,,cup,Cup,,EUR\n'
    catalogue = load(tmp_path, "c.csv", "\ufeff" + text)
    assert catalogue.match("can", None) == Match(sku="A1", name='Can, "big"', price=119, currency="EUR")
    assert catalogue.match("cup", None).price is None
    assert catalogue.currency == "EUR"


def test_a_product_is_found_by_sku_gtin_and_label(tmp_path: Path) -> None:
    catalogue = load(tmp_path, "c.csv", HEADER + "A,4006381333931,jar,Jam,100,EUR\nB,,jar,Honey,200,EUR\n")
    assert catalogue.match("jar", "B").name == "Honey"
    assert catalogue.match("jar", "4006381333931").name == "Jam"
    assert catalogue.match("jar", None) == Match(choices=("A", "B"))
    assert catalogue.match("jar", "unknown") == Match(sku="unknown", choices=("A", "B"))
    assert catalogue.match("boot", None) == Match()
    assert catalogue.match(None, None) == Match()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("c.xls", "", "a .csv or a .toml file"),
        ("c.csv", "", "column 'sku' is missing"),
        ("c.csv", "sku,label,name\n", "column 'currency' is missing"),
        ("c.csv", HEADER + "A,,can,Can,1.19,EUR\n", "line 2, field price: '1.19' is not a whole number"),
        ("c.csv", HEADER + "A,,can,Can,-1,EUR\n", "line 2, field price"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nB,,cup,Cup,1,XXX\n", "line 3, field currency: 'XXX'"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nB,,cup,Cup,1,USD\n", "line 3, field currency: USD here but EUR"),
        ("c.csv", HEADER + "A,4006381333932,can,Can,1,EUR\n", "field gtin: '4006381333932'"),
        ("c.csv", HEADER + "A,,,Can,1,EUR\n", "line 2, field label: is empty"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nA,,cup,Cup,1,EUR\n", "line 3: 'A' is there twice, first in line 2"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR,more\n", "line 2: more values than columns"),
        ("c.csv", HEADER + '"A', "after line 1: unexpected end of data"),
        ("c.csv", HEADER + 'A,,can,"two\nlines",1,EUR\n', "field name: is too long, or has characters"),
        ("c.csv", b"\xff\xfe", "not UTF-8"),
        ("c.toml", "[[product]", "not TOML"),
        ("c.toml", "product = 3", "[[product]] table"),
        ("c.toml", TOML_PRODUCT + "price = 1.5", "product 1, field price: '1.5'"),
        ("c.toml", TOML_PRODUCT + "price = true", "product 1, field price: 'True'"),
        ("c.toml", TOML_PRODUCT + "cost = 1", "product 1, field cost: unknown"),
        ("c.toml", TOML_PRODUCT + "gtin = 12", "product 1, field gtin: must be text"),
        ("c.toml", TOML_PRODUCT + TOML_PRODUCT, "product 2: 'A' is there twice, first in product 1"),
    ],
)
def test_a_bad_file_is_refused_naming_row_and_field(tmp_path: Path, name: str, text: str | bytes, reason: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        load(tmp_path, name, text)
    assert reason in str(refused.value)
    assert name in str(refused.value)


def test_a_folder_is_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / "c.csv").mkdir()
    with pytest.raises(CatalogueError, match=r"c\.csv"):
        load_catalogue(tmp_path / "c.csv")
