"""The kinds of code that product numbers stand in."""

from typing import Final

import zxingcpp

FORMATS: Final = zxingcpp.BarcodeFormats(
    [
        *(zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.EAN8, zxingcpp.BarcodeFormat.UPCA),
        *(zxingcpp.BarcodeFormat.UPCE, zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix),
    ]
)
