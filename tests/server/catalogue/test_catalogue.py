"""Products and catalogue files, good and bad; what a label stands for, and what it costs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_events import product

from smartcart.models.labels import ITEMS
from smartcart.server.catalogue.catalogue import Catalogue, Match
from smartcart.server.catalogue.file import DEFAULT_CATALOGUE, CatalogueError, csv_rows, load_catalogue, to_csv
from smartcart.server.catalogue.import_plan import plan
from smartcart.server.catalogue.product import Product, ProductError, Unit, is_gtin, product_from
from smartcart.server.catalogue.text import Encoding

HEADER = "sku,gtin,label,name,price,currency\n"
TOML_PRODUCT = '[[product]]\nsku = "A"\nlabel = "can"\nname = "Can"\ncurrency = "EUR"\n'


def load(tmp_path: Path, name: str, text: str | bytes) -> Catalogue:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_catalogue(path)


def test_the_shipped_catalogue_prices_what_the_model_knows() -> None:
    catalogue = load_catalogue(DEFAULT_CATALOGUE)
    labels = {label for product in catalogue.products for label in product.labels}
    assert labels <= set(ITEMS)
    assert len(labels) >= len(ITEMS) - 2
    assert any(product.price is None for product in catalogue.products)
    assert all(product.tax_rate for product in catalogue.products if product.price)


def test_a_csv_file_with_an_empty_price(tmp_path: Path) -> None:
    text = HEADER + 'A1,4006381333931,can,"Can, ""big""",119,EUR\r\nB1,,cup,Cup,,EUR\n'
    catalogue = load(tmp_path, "c.csv", "\ufeff" + text)
    assert catalogue.match("can", None) == Match(sku="A1", name='Can, "big"', price=119, currency="EUR")
    assert catalogue.match("cup", None).price is None
    assert catalogue.currency == "EUR"


def test_a_product_is_found_by_sku_gtin_and_label(tmp_path: Path) -> None:
    catalogue = load(tmp_path, "c.csv", HEADER + "A,4006381333931,jar,Jam,100,EUR\nB,,jar | pot,Honey,200,EUR\n")
    assert catalogue.match("jar", "B").name == "Honey"
    assert catalogue.match("pot", None).name == "Honey"
    assert catalogue.match("jar", "4006381333931").name == "Jam"
    assert catalogue.match("jar", "04006381333931").name == "Jam"
    assert catalogue.match("jar", None) == Match(choices=("A", "B"))
    assert catalogue.match("jar", "unknown") == Match(sku="unknown", choices=("A", "B"))
    assert catalogue.match("boot", None) == Match()
    assert catalogue.match(None, None) == Match()


def test_what_is_not_sold_any_more_is_not_matched() -> None:
    catalogue = Catalogue([product("jar", sku="JAM"), product("jar", sku="OLD", active=False)])
    assert catalogue.match("jar", None).sku == "JAM"
    assert catalogue.match("jar", "OLD").sku == "JAM"
    assert catalogue.find("OLD") is None


@pytest.mark.parametrize(("grams", "price"), [(1000, 349), (1, 0), (2, 1), (500.4, 175), (0.2, None), (-5, None)])
def test_by_weight_it_is_weighed_or_to_be_weighed_and_never_free(grams: float, price: int | None) -> None:
    apples = product("apple", 349, unit=Unit.KG, tax_rate=700)
    match = Catalogue([apples]).match("apple", None)
    assert (match.price, match.per_kg, match.to_weigh) == (None, 349, True)
    weighed = Catalogue([apples]).match("apple", None, grams)
    assert weighed.price == price
    assert weighed.to_weigh == (price is None)
    assert Match.from_text(weighed.to_text()) == weighed


def test_what_an_older_version_stored_is_read() -> None:
    old = '["JAM","Jam",250,"EUR",[]]'
    assert Match.from_text(old) == Match(sku="JAM", name="Jam", price=250, currency="EUR")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("c.xls", "", "a .csv or a .toml file"),
        ("c.csv", "", "column 'sku' is missing"),
        ("c.csv", "sku,label,name\n", "column 'currency' is missing"),
        ("c.csv", "sku,name,currency,cost\n", "column 'cost' is unknown"),
        ("c.csv", "sku,name,currency,sku\n", "column 'sku' is there twice"),
        ("c.csv", HEADER + "A,,can,Can,1.19,EUR\n", "line 2, field price: '1.19' is not a whole number"),
        ("c.csv", HEADER + "A,,can,Can,-1,EUR\n", "line 2, field price"),
        ("c.csv", HEADER + "A,,can,Can,99999999999,EUR\n", "line 2, field price"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nB,,cup,Cup,1,XXX\n", "line 3, field currency: 'XXX'"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nB,,cup,Cup,1,USD\n", "line 3, field currency: 'USD' the store's"),
        ("c.csv", HEADER + "A,4006381333932,can,Can,1,EUR\n", "field gtin: '4006381333932'"),
        ("c.csv", HEADER + "A,,can,,1,EUR\n", "line 2, field name: is empty"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR\nA,,cup,Cup,1,EUR\n", "field sku: 'A' occurs twice, first in line 2"),
        ("c.csv", HEADER + "A,,can,Can,1,EUR,more\n", "line 2, field : more values than columns"),
        ("c.csv", HEADER + '"A', "after line 1: unexpected end of data"),
        (
            "c.csv",
            HEADER + 'A,,can,"two\nlines",1,EUR\n',
            "field name: 'two\\nlines' is too long, or contains unprintable characters",
        ),
        ("c.csv", HEADER + f"A,,can,{'x' * 200_000},1,EUR\n", "field larger than field limit"),
        ("c.csv", "sku,name,currency,unit\nA,Can,EUR,litre\n", "field unit: 'litre' is neither piece nor kg"),
        ("c.csv", "sku,name,currency,tax\nA,Can,EUR,190\n", "field tax: '190' is not a percentage"),
        ("c.csv", "sku,name,currency,active\nA,Can,EUR,maybe\n", "field active: 'maybe' is neither yes nor no"),
        ("c.csv", b"\x81\x00\xff", "is not text"),
        ("c.toml", b"\xff\xfe", "not UTF-8"),
        ("c.toml", "[[product]", "not TOML"),
        ("c.toml", "product = 3", "[[product]] table"),
        ("c.toml", TOML_PRODUCT + "price = 1.5", "product 1, field price: '1.5'"),
        ("c.toml", TOML_PRODUCT + "price = true", "product 1, field price: 'True'"),
        ("c.toml", TOML_PRODUCT + "cost = 1", "product 1, field cost: unknown"),
        ("c.toml", TOML_PRODUCT + "gtin = 12", "product 1, field gtin: '12' must be text"),
        ("c.toml", TOML_PRODUCT + TOML_PRODUCT, "product 2, field sku: 'A' occurs twice, first in product 1"),
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_may_write_as_it_likes(encoding: str, delimiter: str) -> None:
    text = "SKU,Name,Tax\r\nA,Käse,7\r\n".replace(",", delimiter)
    (row,) = csv_rows(text.encode(encoding), "EUR", encoding=Encoding(encoding) if encoding == "cp1252" else None)
    assert row.product
    assert (row.product.name, row.product.tax_rate, row.product.currency) == ("Käse", 700, "EUR")


def test_every_bad_row_is_told_with_every_reason() -> None:
    text = HEADER + "A,12,can,,x,USD\nB,,can,Can,1,\n,,can,,,\n"
    rows = csv_rows(text.encode(), "EUR")
    told = [(row.where, problem.column) for row in rows for problem in row.problems]
    assert told == [
        *(("line 2", column) for column in ("name", "currency", "gtin", "price")),
        *(("line 4", column) for column in ("sku", "name")),
    ]


printable = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
products = st.builds(
    Product,
    sku=printable,
    gtin=st.sampled_from([None, "4006381333931", "96385074"]),
    labels=st.lists(printable.filter(lambda t: "|" not in t), max_size=3, unique=True).map(lambda v: tuple(sorted(v))),
    name=st.one_of(printable, st.sampled_from(["=1+1", "@SUM(A1)", "+1", "-1", "'=1", "''"])),
    price=st.none() | st.integers(0, 10**9),
    currency=st.just("EUR"),
    unit=st.sampled_from(Unit),
    tax_rate=st.integers(0, 10_000),
    active=st.booleans(),
)


@given(products)
def test_what_is_exported_is_imported_again_and_no_formula(made: Product) -> None:
    text = to_csv([made])
    (row,) = csv_rows(text.encode(), "EUR")
    assert row.product == made
    cells = text.splitlines()[1].split(",")
    assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_plan_says_what_would_change() -> None:
    now = [product("can", 89, gtin="96385074"), product("cup", None)]
    text = HEADER + "CUP,,cup,The cup,,EUR\nNEW,000096385074,,New,1,EUR\nTEA,,,Tea,5,EUR\n"
    found = plan(csv_rows(text.encode(), "EUR"), now)
    assert [(c.where, c.product.sku, c.is_new) for c in found.changes] == [("line 4", "TEA", True)]
    assert (found.new, found.changed, found.unchanged) == (1, 0, 1)
    assert [(bad.where, bad.problem.column) for bad in found.bad] == [("line 3", "gtin")]
    assert "belongs to the product CAN" in found.bad[0].problem.reason
    again = plan(csv_rows((HEADER + "CAN,96385074,can,The can,95,EUR\n").encode(), "EUR"), now)
    (change,) = again.changes
    assert [(d.column, d.before, d.after) for d in change.differences] == [("price", "89", "95")]


@pytest.mark.parametrize("code", ["96385074", "036000291452", "4006381333931", "10012345678902"])
def test_check_digits(code: str) -> None:
    assert is_gtin(code)
    assert not is_gtin(code[:-1] + str((int(code[-1]) + 1) % 10))
    assert not is_gtin(code[1:])


def test_a_product_says_everything_that_is_wrong_with_it() -> None:
    with pytest.raises(ProductError) as refused:
        product_from({"sku": "", "name": "x" * 201, "price": "1e3", "tax": "-1", "currency": "EURO"})
    assert [p.column for p in refused.value.problems] == ["sku", "name", "currency", "price", "tax"]
