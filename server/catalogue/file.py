"""Catalogue files: CSV and TOML with the fields of a product, read row by row, naming every error.

A CSV file has the columns ``sku, gtin, plu, label, name, price, currency, unit, tax, active``, a TOML file a
``[[product]]`` table per product with the same keys. Several labels of one product are separated by ``|``. A CSV file's
prices may be in the currency's units, in a column ``price (EUR)``.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.money import is_currency
from smartcart.server.catalogue.product import AMOUNT, FIELDS, Problem, Product, ProductError, product_from, same_gtin
from smartcart.server.catalogue.text import Encoding, TextError, decoded
from smartcart.server.errors import ServerError

DEFAULT_CATALOGUE: Final = Path(__file__).parents[1] / "catalogue.toml"
_MAX_BYTES: Final = 64 * 2**20
_MAX_ROWS: Final = 100_000
_NEEDED: Final = ("sku", "name")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class CatalogueError(ServerError):
    """A catalogue file with errors; the message names file, row and field."""


class Prices(StrEnum):
    """The unit of the column ``price`` of a file; ``price (EUR)`` is always in units."""

    MINOR = "minor"
    UNITS = "units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a file: a product, or its errors. ``where`` names its place, such as ``line 7``."""

    where: str
    product: Product | None
    problems: tuple[Problem, ...] = ()


def load_catalogue(path: Path) -> Catalogue:
    """Reads a catalogue file, CSV or TOML by its suffix.

    Raises:
        CatalogueError: the file cannot be read, or a row has an error.
    """
    readers = {".csv": csv_rows, ".toml": toml_rows}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise CatalogueError(f"{path}: a catalogue is a .csv or a .toml file")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CatalogueError(f"{path}: larger than {_MAX_BYTES // 2**20} MiB")
        rows = read(path.read_bytes())
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror or error}") from None
    except CatalogueError as error:
        raise CatalogueError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None
    products = []
    for row in rows:
        for problem in row.problems:
            shown = f"{problem.value!r} " if problem.value else ""
            raise CatalogueError(f"{path}: {row.where}, field {problem.column}: {shown}{problem.reason}")
        if row.product:
            products.append(row.product)
    return Catalogue(products)


def csv_rows(
    data: bytes, currency: str | None = None, *, encoding: Encoding | None = None, prices: Prices = Prices.MINOR
) -> list[Row]:
    """The rows of a CSV file with commas, semicolons or tabs.

    Args:
        currency: the store's; without it every row must name the first one's.
        encoding: see ``decoded``.
        prices: the unit of a column that is just called ``price``.

    Raises:
        CatalogueError: the file as a whole cannot be read.
    """
    try:
        text = decoded(data, encoding)
    except TextError as error:
        raise CatalogueError(str(error)) from None
    return list(_checked(_csv_fields(text, currency, prices), currency))


def toml_rows(data: bytes, currency: str | None = None) -> list[Row]:
    """The rows of a TOML file.

    Raises:
        CatalogueError: the file as a whole cannot be read.
    """
    return list(_checked(_toml_fields(data), currency))


def to_csv(products: Iterable[Product]) -> str:
    """A CSV file that ``csv_rows`` can read; ``'`` precedes what a spreadsheet would take for a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for product in products:
        writer.writerow({name: _as_text(value) for name, value in product.to_fields().items()})
    return out.getvalue()


def _as_text(value: str) -> str:
    return f"'{value}" if value.startswith((*_FORMULA, "'")) else value


def _from_text(value: str) -> str:
    """Removes the prefix of ``_as_text``, and the ``="…"`` with which spreadsheets keep digits."""
    if value.startswith("'") and value[1:].startswith((*_FORMULA, "'")):
        return value[1:]
    kept = re.fullmatch(r'="([^"]*)"', value)
    return kept[1] if kept else value


def _csv_fields(text: str, currency: str | None, prices: Prices) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Skips what a spreadsheet leaves behind: a ``sep=`` line, empty rows and columns."""
    separator = re.match(r'"?sep=(.)"?[,;\t]*\r?\n', text, re.IGNORECASE)
    body = text[separator.end() :] if separator else text
    above = 1 if separator else 0
    first = next((line for line in body.splitlines() if line.strip(",;\t ")), "")
    delimiter = separator[1] if separator else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    line = above
    try:
        filled = (row for row in reader if any(cell.strip() for cell in row))
        columns = _columns(next(filled, []), currency, prices)
        line = reader.line_num + above
        for count, row in enumerate(filled, 1):
            if count > _MAX_ROWS:
                raise CatalogueError(f"more than {_MAX_ROWS} rows")
            line = reader.line_num + above
            yield f"line {line}", _named(columns, row)
    except csv.Error as error:
        raise CatalogueError(f"after line {line}: {error}") from None


def _columns(head: list[str], currency: str | None, prices: Prices) -> list[str]:
    """The columns' names; a price in the currency's units is ``AMOUNT``, a column without a name is empty."""
    columns = [_column(name.strip().lower(), currency, prices) for name in head]
    named = ["price" if name == AMOUNT else name for name in columns]  # once only, in either unit
    for name in _NEEDED if currency else (*_NEEDED, "currency"):
        if name not in columns:
            raise CatalogueError(f"column {name!r} is missing in the first line")
    for name in filter(None, named):
        if name not in FIELDS or named.count(name) > 1:
            word = "there twice" if name in FIELDS else "unknown"
            raise CatalogueError(f"column {name[:40]!r} is {word}; known are {', '.join(FIELDS)}")
    return columns


def _column(name: str, currency: str | None, prices: Prices) -> str:
    said = re.fullmatch(r"price\s*(?:in\s+)?[(\[]?\s*([a-z]{3}|[^\w\s])\s*[)\]]?", name)
    if said and currency and not is_currency(said[1], currency):
        raise CatalogueError(f"column {name!r}: the store's currency is {currency}")
    return AMOUNT if said or (name == "price" and prices is Prices.UNITS) else name


def _named(columns: list[str], row: list[str]) -> dict[str, str]:
    """A row's cells by the names of their columns; cells without a column are under the empty name."""
    fields = dict.fromkeys(filter(None, columns), "")
    for name, cell in zip_longest(columns, row, fillvalue=""):
        if name:
            fields[name] = _from_text(cell)
        elif cell.strip():
            fields[""] = cell
    return fields


def _toml_fields(data: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CatalogueError("not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogueError(f"not TOML: {error}") from None
    rows = document.get("product", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CatalogueError("write each product as a [[product]] table")
    for number, row in enumerate(rows, start=1):
        yield f"product {number}", row


def _checked(rows: Iterable[tuple[str, Mapping[str, Any]]], currency: str | None) -> Iterator[Row]:
    """Checks each row by itself, and then against those before it."""
    seen: dict[str, str] = {}
    for where, fields in rows:
        problems = [_unknown(str(name)) for name in fields if name not in (*FIELDS, AMOUNT)]
        product = None
        try:
            product = product_from(fields, currency)
        except ProductError as error:
            problems += error.problems
        else:
            currency = currency or product.currency
            for column, code in (("sku", product.sku), ("gtin", product.gtin and same_gtin(product.gtin))):
                if code and seen.setdefault(code, where) != where:
                    reason = f"occurs twice, first in {seen[code]}"
                    problems.append(Problem(column=column, value=fields[column], reason=reason))
        yield Row(where=where, product=None if problems else product, problems=tuple(problems))


def _unknown(name: str) -> Problem:
    reason = f"unknown; known are {', '.join(FIELDS)}" if name else "more values than columns"
    return Problem(column=name[:40], value="", reason=reason)
