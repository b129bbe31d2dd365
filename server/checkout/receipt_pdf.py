"""A receipt as PDF: one narrow page, as long as it needs to be, like a till's paper."""

import io
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.renderPDF import draw
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from smartcart.server.catalogue.money import money
from smartcart.server.catalogue.product import percent
from smartcart.server.checkout.receipt import Receipt
from smartcart.server.runtime.zone import mark

_FONT: Final = "DejaVuSans"  # contains Latin, Greek and Cyrillic letters; a reader's own fonts may not
_FONT_FILE: Final = Path(__file__).parents[1] / "fonts" / f"{_FONT}.ttf"
_WIDTH: Final = 80 * mm
_EDGE: Final = 6 * mm
_QR: Final = 36 * mm
_SIZE: Final = 9
_LEADING: Final = 1.45


def receipt_pdf(receipt: Receipt, address: str, zone: ZoneInfo) -> bytes:
    """The PDF file; ``address`` is the content of its QR code, ``zone`` the store's."""
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(_FONT, _FONT_FILE))
    height = _Paper(None, 0).print(receipt, address, zone)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(_WIDTH, height), invariant=True, lang="en")
    canvas.setTitle(f"Receipt {receipt.title}")
    canvas.setCreator("smartcart")
    _Paper(canvas, height).print(receipt, address, zone)
    canvas.save()
    return out.getvalue()


class _Paper:
    """Prints from the top down; without a canvas it only measures."""

    def __init__(self, canvas: Canvas | None, height: float) -> None:
        self._canvas: Any = canvas
        self._top = height
        self._y = height - _EDGE

    def print(self, receipt: Receipt, address: str, zone: ZoneInfo) -> float:
        """Returns the length of the paper."""
        bill = receipt.bill
        for words in receipt.seller.splitlines():
            self._text(words, size=_SIZE + 1)
        self._text(f"Receipt {receipt.title}", size=_SIZE + 5)
        self._text(f"{mark(receipt.issued_at.astimezone(zone), '%Y-%m-%d %H:%M')} ({zone.key})")
        self._rule()
        for line in bill.lines:
            count = f"{line.quantity} \N{MULTIPLICATION SIGN} " if line.quantity > 1 else ""
            self._row(f"{count}{line.name}", money(line.total, bill.currency))
            if line.per_kg is not None and line.weight_g is not None:
                self._text(
                    f"   {line.weight_g / 1000:.3f} kg at {money(line.per_kg, bill.currency)}/kg", size=_SIZE - 1
                )
            elif line.quantity > 1:
                self._text(f"   {money(line.price, bill.currency)} each", size=_SIZE - 1)
        self._rule()
        self._row("Total", money(bill.total, bill.currency), size=_SIZE + 5)
        for tax in bill.taxes:
            of = f"Tax {percent(tax.rate)} % of {money(tax.net, bill.currency)}"
            self._row(of, money(tax.tax, bill.currency), size=_SIZE - 1)
        self._rule()
        self._text(f"Paid: {receipt.reference}", size=_SIZE - 1)
        self._text(f"Cart {bill.cart}", size=_SIZE - 1)
        self._qr(address)
        self._text("Show this code at the door.", size=_SIZE - 1)
        return float(self._top - self._y + _EDGE)

    def _text(self, text: str, size: int = _SIZE, width: float = _WIDTH - 2 * _EDGE) -> None:
        for line in simpleSplit(text, _FONT, size, width) or [""]:
            self._y -= size * _LEADING
            if self._canvas:
                self._canvas.setFont(_FONT, size)
                self._canvas.drawString(_EDGE, self._y, line)

    def _row(self, text: str, amount: str, size: int = _SIZE) -> None:
        room = _WIDTH - 2 * _EDGE - pdfmetrics.stringWidth(amount, _FONT, size) - 3 * mm
        self._text(text, size, room)
        if self._canvas:
            self._canvas.drawRightString(_WIDTH - _EDGE, self._y, amount)

    def _rule(self) -> None:
        self._y -= 2.2 * mm
        if self._canvas:
            self._canvas.setLineWidth(0.4)
            self._canvas.line(_EDGE, self._y, _WIDTH - _EDGE, self._y)
        self._y -= 0.8 * mm

    def _qr(self, address: str) -> None:
        self._y -= _QR + 4 * mm
        if self._canvas:
            code = QrCodeWidget(address, barWidth=_QR, barHeight=_QR, barLevel="M")
            drawing = Drawing(_QR, _QR)
            drawing.add(code)
            draw(drawing, self._canvas, (_WIDTH - _QR) / 2, self._y)
