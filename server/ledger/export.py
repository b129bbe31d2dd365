"""A ledger's contents for other programs: JSON lines, or Parquet with one column per field.

Rows are created and written a few at a time, however large the ledger is.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, TextIO

from smartcart.server.basket.basket import Basket
from smartcart.server.basket.records import SessionKey, StoredCorrection, StoredEvent
from smartcart.server.ledger.port import Ledger, LedgerError
from smartcart.server.ledger.verification import MAX_FAULTS, baskets

What = Literal["events", "corrections", "baskets"]
Row = dict[str, Any]

_ROWS_A_GROUP: Final = 5_000
_TEXT, _COUNT, _REAL, _FLAG, _JSON = "string", "int64", "float64", "bool", "json"
_PRODUCT: Final = {"product_sku": _TEXT, "product_name": _TEXT, "price": _COUNT, "currency": _TEXT}
COLUMNS: Final[dict[What, dict[str, str]]] = {
    "events": {
        **{"id": _TEXT, "store": _TEXT, "cart": _TEXT, "session": _TEXT, "seq": _COUNT, "type": _TEXT, "time": _TEXT},
        **{"stored_at": _TEXT, "late": _FLAG, "media_time": _REAL, "label": _TEXT, "sku": _TEXT, "quantity": _COUNT},
        **{"confidence": _REAL, "candidates": _JSON, "evidence": _JSON, "box": _JSON, "track": _COUNT},
        **{"weight_g": _REAL, "model": _JSON, "initial": _JSON, **_PRODUCT},
    },
    "corrections": {
        **{"id": _TEXT, "store": _TEXT, "cart": _TEXT, "session": _TEXT, "number": _COUNT, "after": _COUNT},
        **{"time": _TEXT, "by": _TEXT, "corrects": _TEXT, "action": _TEXT, "label": _TEXT, "sku": _TEXT},
        **{"quantity": _COUNT, "source": _TEXT, **_PRODUCT},
    },
    "baskets": {
        **{"store": _TEXT, "cart": _TEXT, "session": _TEXT, "state": _TEXT, "started_at": _TEXT, "ended_at": _TEXT},
        **{"closed_at": _TEXT, "events": _COUNT, "corrections": _COUNT, "items": _COUNT, "total_minor": _COUNT},
        **{"currency": _TEXT, "unpriced": _COUNT, "uncertain": _COUNT, "discrepancies": _COUNT, "missing": _COUNT},
        **{"problems": _JSON, "lines": _JSON},
    },
}
"""The columns of each table; prices in minor units, times in RFC 3339."""


def rows(ledger: Ledger, what: What, faults: list[str]) -> Iterator[Row]:
    """The rows of one table, in the order of arrival; unreadable ones are added to ``faults``.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    match what:
        case "events":
            yield from (_event(stored) for stored in ledger.every_event())
            faults.extend(islice(ledger.integrity(), MAX_FAULTS))
        case "corrections":
            for key in ledger.every_session():
                yield from (_correction(key, stored) for stored in ledger.session(key).corrections)
        case "baskets":
            yield from (_basket(basket) for _, basket in baskets(ledger, faults) if basket is not None)


def write_lines(entries: Iterable[Row], out: TextIO) -> int:
    """Writes one JSON object a line; returns their number."""
    count = 0
    for row in entries:
        out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def write_parquet(entries: Iterable[Row], what: What, path: Path) -> int:
    """Writes a Parquet file; returns the number of rows. Nested values are stored as JSON text.

    Raises:
        LedgerError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise LedgerError('Parquet needs: pip install "smartcart[export]"; or take --format jsonl') from None
    columns = COLUMNS[what]
    schema = pyarrow.schema([(name, "string" if kind == _JSON else kind) for name, kind in columns.items()])
    nested = [name for name, kind in columns.items() if kind == _JSON]
    count, waiting = 0, iter(entries)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(waiting, _ROWS_A_GROUP)):
            for row in group:
                row |= {name: json.dumps(row[name]) for name in nested if row[name] is not None}
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _event(stored: StoredEvent) -> Row:
    told = stored.event.to_json()
    row = {name: told.get(name) for name in COLUMNS["events"]}
    return row | {"stored_at": stored.stored_at, "late": stored.late} | _product(stored)


def _correction(key: SessionKey, stored: StoredCorrection) -> Row:
    said = stored.correction.to_json()
    row = {name: said.get(name) for name in COLUMNS["corrections"]}
    place = {"store": key.store, "cart": key.cart, "session": key.session}
    return row | place | {"number": stored.number, "after": stored.after} | _product(stored)


def _product(stored: StoredEvent | StoredCorrection) -> Row:
    match = stored.match
    return {
        "product_sku": match.sku,
        "product_name": match.name,
        "price": match.price,
        "currency": match.currency,
    }


def _basket(basket: Basket) -> Row:
    lines = [
        {name: getattr(line, name) for name in ("label", "sku", "name", "quantity", "price", "total", "currency")}
        for line in basket.lines
    ]
    row = {name: getattr(basket, name) for name in COLUMNS["baskets"]}
    return row | {
        "lines": lines,
        "problems": list(basket.problems),
        "uncertain": len(basket.uncertain),
        "discrepancies": len(basket.discrepancies),
        "missing": sum(last - first + 1 for first, last in basket.missing),
    }
