"""A receipt: the bill of a paid basket, with a number and a code that proves at the door that it was paid."""

import io
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import segno

from smartcart.edge.contract.times import rfc3339
from smartcart.server.checkout.bill import Bill

_CODE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """``number`` counts up without gaps in a store; ``code`` cannot be guessed; ``shown_at``: when it was shown."""

    number: int
    code: str
    bill: Bill
    seller: str
    reference: str
    issued_at: datetime
    shown_at: datetime | None = None
    shown_by: str | None = None

    @property
    def title(self) -> str:
        """The printed form of the number."""
        return f"{self.bill.store}-{self.number:06d}"

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.title,
            "seller": self.seller,
            "issued_at": rfc3339(self.issued_at),
            "payment": self.reference,
            "shown_at": rfc3339(self.shown_at) if self.shown_at else None,
            **self.bill.to_json(),
        }


def new_code() -> str:
    """A secret of the receipt's holder: 128 random bits."""
    return secrets.token_urlsafe(_CODE_BYTES)


def qr_svg(address: str) -> str:
    """A QR code as an SVG picture, dark on light whatever the page's colours are."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out,
        kind="svg",
        scale=4,
        border=3,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        nl=False,
        omitsize=True,
    )
    return out.getvalue().decode()
