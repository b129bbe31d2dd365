"""Finds the codes that product numbers stand in, and returns what they contain."""

from typing import Final

import zxingcpp

from smartcart.edge.capture.frames import Image

FORMATS: Final = zxingcpp.BarcodeFormats(
    [
        *(zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.EAN8, zxingcpp.BarcodeFormat.UPCA),
        *(zxingcpp.BarcodeFormat.UPCE, zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix),
    ]
)


def texts_in(grey: Image, *, upright_too: bool = True, inverted_too: bool = True) -> list[str]:
    """The contents of all whole codes in a picture.

    A GS1 code is returned as its data, without the brackets that people read around application identifiers.

    Args:
        grey: height x width, 8 bits.
        upright_too: look for codes turned by 90 degrees as well.
        inverted_too: look for light codes on dark ground as well.
    """
    found = zxingcpp.read_barcodes(
        grey,
        formats=FORMATS,
        text_mode=zxingcpp.TextMode.Plain,
        try_rotate=upright_too,
        try_invert=inverted_too,
        try_downscale=False,
    )
    return [code.text for code in found if code.valid]
