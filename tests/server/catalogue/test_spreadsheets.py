"""What spreadsheets make of a catalogue: taken, named, or asked about; never garbled and never a factor of 100 off."""

from typing import Any

import pytest
from wire_events import product

from smartcart.server.catalogue.file import CatalogueError, Prices, Row, csv_rows
from smartcart.server.catalogue.import_plan import plan
from smartcart.server.catalogue.oddities import oddities
from smartcart.server.catalogue.product import Product
from smartcart.server.catalogue.text import Encoding, TextError, UnknownEncodingError, decoded

EAN = "4006381333931"


def rows(text: str, **how: Any) -> list[Row]:
    return csv_rows(text.encode(), "EUR", **how)


def only(text: str, **how: Any) -> Product:
    (row,) = rows(text, **how)
    assert row.product, row.problems
    return row.product


@pytest.mark.parametrize(
    "text",
    [
        "sku,name,price\r\nA,Bread,199\r\n,,\r\n , ,\r\n",
        "sku,name,price\r\n\r\n\r\nA,Bread,199\r\n\r\n",
        ",,\r\nsku,name,price\r\nA,Bread,199\r\n",
        "sku,name,price,,\r\nA,Bread,199,,\r\n,,,,\r\n",
        "sku,name,,price\r\nA,Bread,,199,,,\r\n",
        "sep=;\r\nsku;name;price\r\nA;Bread;199\r\n",
        '"sep=;"\nsku;name;price\nA;Bread;199\n',
        "SEP=\t\nsku\tname\tprice\nA\tBread\t199\n",
        "\ufeffsep=,\r\nsku,name,price\r\nA,Bread,199\r\n",
        "\ufeffsku,name,price\r\nA,Bread,199\r\n",
        "\ufeff\ufeffsku,name,price\r\nA,Bread,199\r\n",
        'sku,name,price\r\n"=""A""",Bread,199\r\n',
    ],
)
def test_what_a_spreadsheet_leaves_behind_is_passed_over(text: str) -> None:
    found = only(text)
    assert (found.sku, found.name, found.price) == ("A", "Bread", 199)


def test_lines_are_counted_as_the_file_has_them() -> None:
    found = rows("sep=;\nsku;name;price\n;;\nA;Bread;x\n\n;;199\n")
    assert [(row.where, row.problems[0].column) for row in found] == [("line 4", "price"), ("line 6", "sku")]
    with pytest.raises(CatalogueError, match="after line 3"):
        rows('sep=;\nsku;name\nA;Bread\nB;"')


def test_a_value_in_a_column_without_a_name_is_named() -> None:
    (row,) = rows("sku,name,,\nA,Bread,,x\n")
    assert [problem.reason for problem in row.problems] == ["more values than columns"]


@pytest.mark.parametrize("typed", [EAN, "4 006381 333931", "4006381-333931", f'"=""{EAN}"""', "4\u00a0006381 333931"])
def test_a_gtin_is_taken_as_people_write_it(typed: str) -> None:
    assert only(f"sku,name,gtin\nA,Bread,{typed}\n").gtin == EAN


@pytest.mark.parametrize("cut", ["4.01E+12", '"4,01E+12"', "4E+12", "4.00638133393E+12"])
def test_a_gtin_that_a_spreadsheet_has_cut_is_named(cut: str) -> None:
    (row,) = rows(f"sku,name,gtin\nA,Bread,{cut}\n")
    assert [(p.column, p.value) for p in row.problems] == [("gtin", cut.strip('"'))]
    assert "was truncated by a spreadsheet" in row.problems[0].reason


@pytest.mark.parametrize("typed", ["3.49", '"3,49"', "3.49 €", "€3.49", "EUR 3.49", '"3,49 eur"'])
@pytest.mark.parametrize("head", ["price (EUR)", "Price in eur", "PRICE €", "price [EUR]", "price"])
def test_prices_have_decimals_where_the_file_or_a_person_says_so(typed: str, head: str) -> None:
    prices = Prices.UNITS if head == "price" else Prices.MINOR
    assert only(f"sku,name,{head}\nA,Bread,{typed}\n", prices=prices).price == 349


def test_prices_with_decimals_are_amounts_of_the_stores_currency() -> None:
    assert only("sku,name,price (EUR)\nA,Bread,3\n").price == 300
    assert only("sku,name,price (EUR)\nA,Bread,\n").price is None
    for bad in ("3.499", "1.299,00", "-1", "3 $", "x", "99999999"):
        (row,) = rows(f'sku,name,price (EUR)\nA,Bread,"{bad}"\n')
        assert [(p.column, p.value) for p in row.problems] == [("price", bad)]
    with pytest.raises(CatalogueError, match="the store's currency is EUR"):
        rows("sku,name,price (USD)\nA,Bread,3\n")
    with pytest.raises(CatalogueError, match="there twice"):
        rows("sku,name,price (EUR),price €\nA,Bread,3,3\n")
    (row,) = rows("sku,name,price\nA,Bread,3.49\n")
    assert "name the column price (EUR)" in row.problems[0].reason


@pytest.mark.parametrize("heads", ["price,price (EUR)", "price (EUR),price", "price (EUR),price €", "price,Price"])
def test_two_columns_of_prices_are_one_too_many(heads: str) -> None:
    with pytest.raises(CatalogueError, match="column 'price' is there twice"):
        rows(f"sku,name,{heads}\nA,Bread,1,2\n")


def test_what_hardly_can_be_meant_is_said() -> None:
    now = [product("can", 349), product("cup", 100), product("jar", 250)]
    text = (
        "sku,name,label,price,tax\nCAN,The can,can,3,0\nCUP,The cup,cup,500,0\nJAR,The jar,jar,50,0\n"
        "A,Bread,,199,0.19\nB,Tea,,199,1\n4.01E+12,Cut,,1,0\n"
    )
    found = oddities(plan(rows(text), now).changes)
    assert [(odd.where, odd.sku, odd.column) for odd in found] == [
        ("line 2", "CAN", "price"),
        ("line 5", "A", "tax"),
        ("line 7", "4.01E+12", "sku"),
    ]
    assert "from €3.49 to €0.03" in found[0].advice
    assert "0.19 %" in found[1].advice
    (row,) = oddities(plan(rows("sku,name,label,price\nCUP,The cup,cup,501\n"), now).changes)
    assert "from €1.00 to €5.01" in row.advice


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("cp1252", "Käse à la crème"), ("cp1250", "Żółty ser"), ("cp1251", "Хлеб"), ("cp1253", "Ψωμί")),
        *(("cp1254", "Şeker"), ("cp850", "Käse"), ("mac_roman", "Käse")),
    ],
)
def test_another_code_page_is_asked_about_with_a_sample(encoding: str, name: str) -> None:
    data = f"sku,name\r\nA,Bread\r\nB,{name}\r\n".encode(encoding)
    with pytest.raises(UnknownEncodingError) as asked:
        decoded(data)
    right = [sample for sample in asked.value.samples if name in sample.text]
    assert len(right) == 1
    assert len({sample.text for sample in asked.value.samples}) == len(asked.value.samples) > 1
    found = csv_rows(data, "EUR", encoding=right[0].encoding)
    assert [row.product.name for row in found if row.product] == ["Bread", name]
    with pytest.raises(CatalogueError, match=f"is not in UTF-8.*{name}"):
        csv_rows(data, "EUR")


def test_what_is_no_text_is_not_asked_about() -> None:
    for data in (b"PK\x03\x04\x00\x00\xff", b"\xff\xfe\x00", b"\x00"):
        with pytest.raises(TextError, match="is not text") as refused:
            decoded(data)
        assert not isinstance(refused.value, UnknownEncodingError)
    with pytest.raises(TextError, match="is not text"):
        decoded(b"\x81", Encoding.GREEK)
