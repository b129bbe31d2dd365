"""Finding products by what somebody types: all words of it, in name, codes or labels. Pure."""

from collections.abc import Iterable

from smartcart.server.catalogue.product import Product


def search(products: Iterable[Product], typed: str) -> list[Product]:
    """The products that have every word, in their given order; all of them for no word.

    Upper and lower case are the same.
    """
    words = typed.casefold().split()
    return [product for product in products if not words or _has(product, words)]


def _has(product: Product, words: list[str]) -> bool:
    text = "\n".join((product.name, product.sku, product.gtin or "", *product.labels)).casefold()
    return all(word in text for word in words)
