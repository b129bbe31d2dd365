"""Finds products by words: all of them must occur in name, codes or labels. Pure.

Case and accents make no difference: *Käse* is found by ``kase`` and by ``kaese``, *Żurek* by ``zurek``.
"""

import heapq
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from smartcart.server.catalogue.product import Product

_MOST_KEPT: Final = 100_000
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def search(products: Iterable[Product], typed: str) -> list[Product]:
    """The products that contain every word, in their given order; all products if there is no word."""
    words = plain(typed).split()
    return [product for product in products if not words or _has(product, words)]


def best(products: Iterable[Product], typed: str, most: int) -> list[Product]:
    """The best fitting products on sale, at most ``most``; none if there is no word.

    First the one with this number, then names that begin with the words, then those with a word that does, then the
    rest.
    """
    words = plain(typed).split()
    if not words:
        return []
    found = [product for product in products if product.active and _has(product, words)]
    return heapq.nsmallest(most, found, key=lambda product: _rank(product, words))


def plain(text: str) -> str:
    """Lower case without accents.

    >>> plain("Crème BRÛLÉE"), plain("Smørrebrød"), plain("Weißbrot")
    ('creme brulee', 'smorrebrod', 'weissbrot')
    """
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _has(product: Product, words: list[str]) -> bool:
    text = _names(product.name) + _codes(product.sku, product.gtin, product.plu, product.labels)
    return all(word in text for word in words)


@lru_cache(maxsize=_MOST_KEPT)
def _names(name: str) -> str:
    """The name without accents, each word after a blank; and again with its umlauts spelled out."""
    written_out = unicodedata.normalize("NFC", name.casefold()).translate(_UMLAUTS)
    return "".join(f"\n {' '.join(plain(one).split())}" for one in dict.fromkeys((name.casefold(), written_out)))


@lru_cache(maxsize=_MOST_KEPT)
def _codes(sku: str, gtin: str | None, plu: str | None, labels: tuple[str, ...]) -> str:
    return plain("\n".join(("", sku, gtin or "", plu or "", *labels)))


def _rank(product: Product, words: list[str]) -> int:
    first, names = words[0], _names(product.name)
    if len(words) == 1 and first in (plain(product.sku), product.gtin, product.plu):
        return 0
    return 1 if f"\n {first}" in names else 2 if f" {first}" in names else 3
