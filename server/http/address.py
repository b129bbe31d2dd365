"""Parses addresses from browsers and programs, which may be malformed."""

from urllib.parse import SplitResult, urlsplit


def split_address(text: str) -> SplitResult | None:
    """The parts of an address; None if it is malformed, such as ``http://[``.

    >>> split_address("http://[") is None
    True
    """
    try:
        parts = urlsplit(text)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
