"""``/history``: the sessions of any day, by cart, product, amount, receipt or person."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from smartcart.server.site.permissions import Staff
from smartcart.server.site.site import TheSite
from smartcart.server.views.history import FIRST_DAY, LAST_DAY, Wanted

router = APIRouter(prefix="/history", include_in_schema=False)


@router.get("")
def history(
    request: Request,
    site: TheSite,
    visitor: Staff,
    day: Annotated[str, Query(max_length=10)] = "",
    cart: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    wanted = Wanted(day=chosen_day(day), cart=cart.strip(), words=q, before=before)
    today = datetime.now(site.zone).date()
    days = [("Today", today), ("Yesterday", today - timedelta(days=1))]
    context: dict[str, Any] = {"visitor": visitor, "wanted": wanted, "found": site.history.find(wanted), "days": days}
    return site.templates.page(request, "history.html", **context)


def chosen_day(text: str) -> date | None:
    """A day as a date field sends it; None if it is empty, not a date or out of range."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None
