"""The Jinja environment, and how a template becomes a whole page for one visitor."""

import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from smartcart.server.access.secrets import new_secret
from smartcart.server.catalogue.money import money
from smartcart.server.catalogue.product import percent as tax_percent
from smartcart.server.http import cookies
from smartcart.server.http.form_token import form_token
from smartcart.server.runtime.clock import utc_now
from smartcart.server.runtime.zone import mark

_FILES: Final = Path(__file__).parents[1]
STATIC: Final = _FILES / "static"
_DATE: Final = "%Y-%m-%d"
_VISIT_SECONDS: Final = 24 * 3600


class Templates:
    """Renders templates; an unknown variable is an error, and output is escaped.

    Every time on a page is one of ``zone``, which every page names, with its date where that is not today.
    """

    def __init__(self, *, currency: str | None, is_open: bool, zone: ZoneInfo) -> None:
        self._currency = currency or "EUR"
        self._zone = zone
        self.environment = Environment(
            loader=FileSystemLoader(_FILES / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name, form in (("clock", "%H:%M:%S"), ("minute", "%H:%M"), ("day", f"{_DATE} %H:%M")):
            self.environment.filters[name] = partial(self._time, form)
        self.environment.filters["percent"] = lambda fraction: f"{fraction:.0%}"
        self.environment.globals.update(
            price=self.price, tax_percent=tax_percent, element_id=element_id, is_open=is_open, time_zone=zone.key
        )

    def part(self, template: str, **context: Any) -> str:
        """A piece of HTML that is the same for every visitor."""
        return self.environment.get_template(template).render(context)

    def page(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole page, with the form token (``csrf``) of this browser and the ``visitor``."""
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
        """The form token of a browser with an open page of ours, for that page's later updates."""
        return form_token(_cookie(request) or "")

    def price(self, minor: int, currency: str | None) -> str:
        """An amount of minor units as the pages say it; in the store's currency where none is known."""
        return money(minor, currency or self._currency)

    def _time(self, form: str, moment: datetime | str) -> str:
        """A time, or an RFC 3339 text, in the store's zone."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        local = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(self._zone)
        is_today = local.date() == datetime.now(self._zone).date()
        return mark(local, form if is_today or form.startswith(_DATE) else f"{_DATE} {form}")


def _cookie(request: Request) -> str | None:
    return cookies.read(request, "login") or cookies.read(request, "visit")


def element_id(kind: str, name: str) -> str:
    """An HTML id that no cart's name can break."""
    return f"{kind}-{hashlib.blake2s(name.encode(), digest_size=8).hexdigest()}"
