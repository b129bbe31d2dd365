"""What a number that was typed or scanned stands for, and how products are found by a few letters."""

import pytest
from biip.rcn import RcnRegion
from wire_events import product

from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.lookup import NumberError, ScaleRulesError, look_up, scale_rules
from smartcart.server.catalogue.product import Product, ProductError, Unit, product_from
from smartcart.server.catalogue.search import best, search

SHELF = Catalogue(
    [
        product("water", gtin="4006381333931"),
        product("soda", gtin="0036000291452"),
        product("syrup", gtin="012345000065"),
        product("ham", 1990, unit=Unit.KG, gtin="2812340000002"),
        product("olives", 990, unit=Unit.KG, plu="12345"),
        product("banana", plu="4011"),
        product("bananas by the kilogram", unit=Unit.KG, plu="4011"),
        product("gone", gtin="96385074", active=False),
    ]
)


def skus(typed: str, region: RcnRegion | None = None) -> list[str]:
    return [one.sku for one in look_up(SHELF, typed, region).products]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("4006381333931", ["WATER"]),
        (" 4006381 333931 ", ["WATER"]),
        ("04006381333931", ["WATER"]),
        ("036000291452", ["SODA"]),
        ("01234565", ["SYRUP"]),
        ("4011", ["BANANA", "BANANAS BY THE KILOGRAM"]),
        ("04011", ["BANANA", "BANANAS BY THE KILOGRAM"]),
        ("WATER", ["WATER"]),
        ("]d2010400638133393117261231", ["WATER"]),
    ],
    ids=["EAN-13", "blanks", "GTIN-14", "UPC-A", "UPC-E", "PLU", "PLU of five digits", "SKU", "GS1 DataMatrix"],
)
def test_a_number_is_read_however_it_is_written(typed: str, found: list[str]) -> None:
    assert skus(typed) == found


def test_a_scales_label_gives_product_and_weight_or_price() -> None:
    label = look_up(SHELF, "2812342003506", RcnRegion.GERMANY)
    assert ([one.sku for one in label.products], label.weight_g, label.price) == (["HAM"], 350, None)
    label = look_up(SHELF, "212345604991")
    assert ([one.sku for one in label.products], label.weight_g, label.price) == (["OLIVES"], None, 499)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("4006381333932", "last digit does not fit"),
        ("5901234123457", "No product here has the number 5901234123457"),
        ("96385074", "No product here"),
        ("123456789", "has 9 digits"),
        ("9" * 40, "has 40 digits"),
        ("  ", "Type the number"),
        ("²³", "No product here"),
        ("\x00", "No product here"),
    ],
)
def test_a_number_that_stands_for_nothing_says_why(typed: str, why: str) -> None:
    with pytest.raises(NumberError, match=why):
        look_up(SHELF, typed)


def test_a_label_that_says_0_is_not_taken() -> None:
    with pytest.raises(NumberError, match="says 0"):
        look_up(SHELF, "212345600009")


def test_the_rules_of_a_country_are_known_or_named() -> None:
    assert (scale_rules(None), scale_rules("DE")) == (None, RcnRegion.GERMANY)
    with pytest.raises(ScaleRulesError, match="known are"):
        scale_rules("Atlantis")


def test_a_plu_is_a_short_number() -> None:
    fields = {"sku": "A", "name": "Apple", "currency": "EUR", "plu": "4131"}
    assert product_from(fields).plu == "4131"
    for wrong in ("41a", "1234567"):
        with pytest.raises(ProductError, match="plu"):
            product_from(fields | {"plu": wrong})


def named(*names: str) -> list[Product]:
    return [product(name, name=name, sku=f"S{number}") for number, name in enumerate(names)]


@pytest.mark.parametrize("typed", ["käse", "KASE", "kaese", "kas jung", "jung kä"])
def test_case_and_accents_make_no_difference(typed: str) -> None:
    shelf = named("Käse, jung", "Brot", "Crème fraîche", "Żurek")
    assert [one.name for one in search(shelf, typed)] == ["Käse, jung"]
    assert [one.name for one in search(shelf, "creme")] == ["Crème fraîche"]
    assert [one.name for one in search(shelf, "zurek")] == ["Żurek"]


def test_what_fits_best_comes_first() -> None:
    shelf = [*named("Grape apple juice", "Pineapple", "Apple, red"), product("x", name="Loose", plu="17")]
    assert [one.name for one in best(shelf, "app", 5)] == ["Apple, red", "Grape apple juice", "Pineapple"]
    assert [one.name for one in best(shelf, "app", 1)] == ["Apple, red"]
    assert best([*shelf, *named("Batch 17")], "17", 5)[0].name == "Loose"
    assert best(shelf, " ", 5) == []
    assert best([product("old", name="Apple", active=False)], "apple", 5) == []
