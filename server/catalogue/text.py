"""Decodes a catalogue file, whatever its code page; an unknown one is asked for, never guessed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smartcart.server.errors import ServerError

_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_LINES: Final = 3
_SAMPLE: Final = 60


class Encoding(StrEnum):
    """The code pages that spreadsheets write, the commonest first."""

    WESTERN = "cp1252"
    CENTRAL = "cp1250"
    CYRILLIC = "cp1251"
    GREEK = "cp1253"
    TURKISH = "cp1254"
    DOS = "cp850"
    MAC = "mac_roman"


NAMES: Final = {
    Encoding.WESTERN: "Western European (Windows)",
    Encoding.CENTRAL: "Central European (Windows)",
    Encoding.CYRILLIC: "Cyrillic (Windows)",
    Encoding.GREEK: "Greek (Windows)",
    Encoding.TURKISH: "Turkish (Windows)",
    Encoding.DOS: "Western European (MS-DOS)",
    Encoding.MAC: "Western European (Macintosh)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample:
    """How some of a file reads in one code page."""

    encoding: Encoding
    text: str

    @property
    def name(self) -> str:
        return NAMES[self.encoding]


class TextError(ServerError):
    """The file is not text, or not in the given code page."""


class UnknownEncodingError(TextError):
    """A text that is not UTF-8; ``samples`` are its possible readings, for a person to choose from."""

    def __init__(self, samples: tuple[TextSample, ...]) -> None:
        reads = ", ".join(f"{sample.encoding} reads “{sample.text}”" for sample in samples)
        super().__init__(f"is not in UTF-8: save it so, or say its encoding ({reads})")
        self.samples = samples


def decoded(data: bytes, encoding: Encoding | None = None) -> str:
    """A file's text: UTF-16 with its mark, otherwise in the given code page, otherwise UTF-8.

    Raises:
        UnknownEncodingError: it is not UTF-8, and no code page was given.
        TextError: it is not text, or not in this code page.
    """
    if data.startswith(_MARKS):
        return _read(data, "utf-16")
    if encoding is not None:
        return _read(data, encoding)
    if b"\0" not in data and not _is_utf8(data) and (found := samples(data)):
        raise UnknownEncodingError(found)
    return _read(data, "utf-8-sig")


def samples(data: bytes) -> tuple[TextSample, ...]:
    """The first words beyond ASCII, once for each code page in which they differ and that contains all of them."""
    lines = [line for line in data.splitlines() if not line.isascii()][:_SAMPLE_LINES]
    found: dict[str, TextSample] = {}
    for encoding in Encoding:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = " / ".join(_around(line.decode(encoding)) for line in lines)
        if text.isprintable():
            found.setdefault(text, TextSample(encoding=encoding, text=text))
    return tuple(found.values())


def _around(line: str) -> str:
    """The part of a line with its first letter beyond ASCII."""
    at = next(i for i, letter in enumerate(line) if not letter.isascii())
    return line[max(0, at - _SAMPLE // 2) :][:_SAMPLE].strip().replace("\t", " ")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise TextError("is not text of this kind: save it as CSV in UTF-8")
    return text.removeprefix("\ufeff")
