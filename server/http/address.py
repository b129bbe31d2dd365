"""Addresses that browsers and programs give us: text of anybody's, so one that is none is told from one that is."""

from urllib.parse import SplitResult, urlsplit


def split_address(text: str) -> SplitResult | None:
    """The parts of an address; None where it is none, such as ``http://[``.

    >>> split_address("http://[") is None
    True
    """
    try:
        parts = urlsplit(text)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
