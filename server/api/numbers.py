"""``/numbers``: the shift hour by hour."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from smartcart.server.api.answers import Answer
from smartcart.server.carts.shift_book import as_csv
from smartcart.server.site.site import TheSite

router = APIRouter(prefix="/numbers", tags=["numbers"])

Hours = Annotated[int, Query(ge=1, le=168, description="how far back, including the current hour")]


class HourAnswer(Answer):
    """One hour. ``uncertain_rate`` is a fraction, ``settle_seconds`` a median; null if there are no events."""

    begin: datetime
    events: int
    added: int
    removed: int
    uncertain: int
    uncertain_rate: float | None
    corrected: int
    settle_seconds: float | None
    carts: int


class TopAnswer(Answer):
    """A product and how often it was put in, less how often it was taken out."""

    name: str
    sku: str | None
    quantity: int


class ShiftAnswer(Answer):
    """The hours of the store's time zone, and their totals."""

    time_zone: str
    events: int
    uncertain_rate: float | None
    settle_seconds: float | None
    settled: int
    waiting: int
    carts: int
    sessions: int
    hours: list[HourAnswer]
    products: list[TopAnswer]


@router.get("")
def numbers(site: TheSite, hours: Hours = 12) -> ShiftAnswer:
    """The last hours in numbers, in the store's time zone, by the time at which the server stored the events."""
    return ShiftAnswer.model_validate(site.shifts.read(datetime.now(UTC), hours))


@router.get("/csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def numbers_csv(site: TheSite, hours: Hours = 12) -> Response:
    """The same as CSV, one row an hour."""
    return Response(as_csv(site.shifts.read(datetime.now(UTC), hours)), media_type="text/csv")
