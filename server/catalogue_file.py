"""Catalogue files: CSV and TOML with the fields of a product, read row by row with every fault named.

A CSV file has the columns ``sku, gtin, label, name, price, currency, unit, tax, active``, a TOML file a ``[[product]]``
table a product with the same keys. Several labels of one product stand with ``|`` between them.
"""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smartcart.server.catalogue import Catalogue
from smartcart.server.product import FIELDS, Problem, Product, ProductError, product_from, same_gtin

DEFAULT_CATALOGUE: Final = Path(__file__).parent / "catalogue.toml"
_MAX_BYTES: Final = 64 * 2**20
_MAX_ROWS: Final = 100_000
_NEEDED: Final = ("sku", "name")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class CatalogueError(Exception):
    """A catalogue file that cannot be taken; the message names file, row and field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a file: a product, or what is wrong with it. ``where`` names its place, as in ``line 7``."""

    where: str
    product: Product | None
    problems: tuple[Problem, ...] = ()


def load_catalogue(path: Path) -> Catalogue:
    """Reads a catalogue file, CSV or TOML by its suffix.

    Raises:
        CatalogueError: the file cannot be read, or a row of it is wrong.
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


def csv_rows(data: bytes, currency: str | None = None) -> list[Row]:
    """The rows of a CSV file with commas, semicolons or tabs; in UTF-8, UTF-16 with its mark, or Windows-1252.

    Args:
        currency: the store's; without it every row must name the first one's.

    Raises:
        CatalogueError: the file as a whole cannot be read.
    """
    return list(_checked(_csv_fields(decoded(data), needs_currency=currency is None), currency))


def toml_rows(data: bytes, currency: str | None = None) -> list[Row]:
    """The rows of a TOML file.

    Raises:
        CatalogueError: the file as a whole cannot be read.
    """
    return list(_checked(_toml_fields(data), currency))


def to_csv(products: Iterable[Product]) -> str:
    """A CSV file that ``csv_rows`` reads again; what a spreadsheet would take for a formula begins with ``'``."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for product in products:
        writer.writerow({name: _as_text(value) for name, value in product.to_fields().items()})
    return out.getvalue()


def decoded(data: bytes) -> str:
    """A file's text, whichever of the usual encodings a spreadsheet has given it."""
    has_mark = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if has_mark else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise CatalogueError("is no text: save it as CSV in UTF-8")


def _as_text(value: str) -> str:
    return f"'{value}" if value.startswith((*_FORMULA, "'")) else value


def _from_text(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith((*_FORMULA, "'")) else value


def _csv_fields(text: str, *, needs_currency: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        for name in (*_NEEDED, "currency") if needs_currency else _NEEDED:
            if name not in columns:
                raise CatalogueError(f"column {name!r} is missing in the first line")
        for name in columns:
            if name not in FIELDS or columns.count(name) > 1:
                word = "there twice" if name in FIELDS else "unknown"
                raise CatalogueError(f"column {name[:40]!r} is {word}; known are {', '.join(FIELDS)}")
        reader.fieldnames = columns
        for count, row in enumerate(reader, 1):
            if count > _MAX_ROWS:
                raise CatalogueError(f"more than {_MAX_ROWS} rows")
            fields = {str(name): _from_text(value or "") for name, value in row.items() if name is not None}
            yield f"line {reader.line_num}", fields | ({"": row[None]} if None in row else {})
    except csv.Error as error:
        raise CatalogueError(f"after line {reader.line_num}: {error}") from None


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
    """Each row by itself, and then beside those before it."""
    seen: dict[str, str] = {}
    for where, fields in rows:
        problems = [_unknown(str(name)) for name in fields if name not in FIELDS]
        product = None
        try:
            product = product_from(fields, currency)
        except ProductError as error:
            problems += error.problems
        else:
            currency = currency or product.currency
            for column, code in (("sku", product.sku), ("gtin", product.gtin and same_gtin(product.gtin))):
                if code and seen.setdefault(code, where) != where:
                    reason = f"is there twice, first in {seen[code]}"
                    problems.append(Problem(column=column, value=fields[column], reason=reason))
        yield Row(where=where, product=None if problems else product, problems=tuple(problems))


def _unknown(name: str) -> Problem:
    reason = f"unknown; known are {', '.join(FIELDS)}" if name else "more values than columns"
    return Problem(column=name[:40], value="", reason=reason)
