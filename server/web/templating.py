"""The one Jinja environment, and how a whole page for one visitor is made from a template."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartcart.server.clock import utc_now
from smartcart.server.money import money
from smartcart.server.office.secrets import new_secret
from smartcart.server.product import percent as tax_percent
from smartcart.server.web import cookies
from smartcart.server.web.form_token import form_token

_FILES: Final = Path(__file__).parents[1]
STATIC: Final = _FILES / "static"
_VISIT_SECONDS: Final = 24 * 3600


class Templates:
    """Renders templates; what a template does not know is an error, what it shows is escaped."""

    def __init__(self, *, currency: str | None, is_open: bool) -> None:
        self._currency = currency or "EUR"
        self.environment = Environment(
            loader=FileSystemLoader(_FILES / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["clock"] = _clock
        self.environment.filters["minute"] = lambda time: _clock(time)[:5]
        self.environment.filters["day"] = _day
        self.environment.filters["hour"] = lambda moment: moment.astimezone().strftime("%H:%M")
        self.environment.filters["percent"] = lambda fraction: f"{fraction:.0%}"
        self.environment.globals.update(
            price=self._price, tax_percent=tax_percent, element_id=element_id, is_open=is_open
        )

    def part(self, template: str, **context: Any) -> str:
        """A piece of HTML that is the same for every visitor."""
        return self.environment.get_template(template).render(context)

    def page(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole page, with the form token (``csrf``) of this browser and, in ``visitor``, who looks at it."""
        cookie = _cookie(request)
        fresh = None if cookie else new_secret()
        known = {"visitor": None, "csrf": form_token(cookie or fresh or ""), "path": request.url.path, "status": status}
        known["now"] = utc_now()
        response = HTMLResponse(self.part(template, **(known | context)), status)
        if fresh:
            cookies.write(request, response, "visit", fresh, seconds=_VISIT_SECONDS)
        return response

    @staticmethod
    def csrf(request: Request) -> str:
        """The form token of a browser that has a page of ours open, for what that page gets later."""
        return form_token(_cookie(request) or "")

    def _price(self, minor: int, currency: str | None) -> str:
        return money(minor, currency or self._currency)


def _cookie(request: Request) -> str | None:
    return cookies.read(request, "login") or cookies.read(request, "visit")


def element_id(kind: str, name: str) -> str:
    """An id for HTML that no cart's name can break."""
    return f"{kind}-{hashlib.blake2s(name.encode(), digest_size=8).hexdigest()}"


def _clock(time: str) -> str:
    """The time of day of an RFC 3339 time, on the server's own clock."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return time  # of the right form, but no date that exists


def _day(moment: datetime) -> str:
    """A date and time of day, on the server's own clock."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone().strftime("%Y-%m-%d %H:%M")
