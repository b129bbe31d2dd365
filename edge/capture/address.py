"""Classifies the string that names a frame source, and shows an address without its secrets."""

import re
from pathlib import Path
from typing import Final, Literal

from smartcart.edge.capture.frames import SourceError

SCHEMES: Final = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "http", "https", "udp", "tcp", "rtp")

Kind = Literal["number", "device", "stream", "path", "unknown"]


def kind_of(source: str) -> Kind:
    """The kind of source that the string names: a camera's number, its device, a stream, a path, or an unknown address.

    >>> [kind_of(word) for word in ("0", "/dev/video0", "RTSP://camera/1", "clip.mp4", "ftp://host/clip.mp4")]
    ['number', 'device', 'stream', 'path', 'unknown']
    >>> kind_of("rtsp:/camera/key")
    'unknown'
    """
    if source.isdecimal():
        return "number"
    if source.startswith("/dev/"):
        return "device"
    scheme, sign, _ = source.partition("://")
    if sign and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return "stream" if scheme.lower() in SCHEMES else "unknown"
    if source.partition(":")[0].lower() in SCHEMES and ":" in source:  # mistyped, and may contain a secret
        return "unknown"
    return "unknown" if re.match(r"[^/]*:.*@", source) else "path"


def is_live(source: str) -> bool:
    """True if the string names a camera or a stream, that is, something without an end."""
    return kind_of(source) in ("number", "device", "stream")


def whole_name(path: Path) -> str:
    """A file name for OpenCV and FFmpeg, made absolute because both take ``a:b.mp4`` for an address.

    Raises:
        SourceError: it is not valid text; OpenCV ends the process at such a name.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"{str(path)!a}: the name contains bytes that are not valid text; rename it") from None
    return name


def with_plain_scheme(address: str) -> str:
    """A stream's address with its scheme in lower case, as FFmpeg expects it."""
    scheme, sign, rest = address.partition("://")
    return scheme.lower() + sign + rest


def shown(address: str) -> str:
    """A stream's scheme, host and port, which are safe to show. Users, passwords, and keys in paths or queries are not.

    >>> shown("RTSP://anna:secret@10.0.0.7:554/live?key=abc")
    'rtsp://10.0.0.7:554'
    >>> shown("http://anna:a/b@10.0.0.7/live")
    'http://...'
    """
    scheme, _, rest = address.partition("://")
    host, *behind = re.split(r"[/?#\\]", rest, maxsplit=1)
    if "@" in "".join(behind):  # perhaps a password that contains such a character
        host = "..."
    return f"{scheme.lower()}://{host.rpartition('@')[2]}"
