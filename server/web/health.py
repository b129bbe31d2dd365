"""``/healthz``, ``/readyz`` and ``/metrics``: for monitoring. They disclose no names."""

import ipaddress
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from smartcart.server.runtime.metrics import CONTENT_TYPE
from smartcart.server.site.permissions import MaybeVisitor, address_of
from smartcart.server.site.site import TheSite

router = APIRouter(include_in_schema=False)

_PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@router.get("/healthz")
async def alive() -> PlainTextResponse:
    """The process answers; a supervisor restarts it if it does not."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(site: TheSite) -> JSONResponse:
    """Broker and ledger are available; 503 if one is not. ``/api/v1/health`` describes the error."""
    now = site.health()
    told = {"ready": now.ok, "broker": now.broker is None, "ledger": now.ledger is None}
    return JSONResponse(told, 200 if now.ok else 503)


@router.get("/metrics")
def metrics(request: Request, site: TheSite, visitor: MaybeVisitor) -> Response:
    """For Prometheus on this machine, or with an API token (``authorization: credentials``)."""
    if visitor is None and not _asks_from_here(request):
        raise HTTPException(401, "metrics need an API token from elsewhere", {"WWW-Authenticate": "Bearer"})
    return Response(site.metrics.text(), media_type=CONTENT_TYPE)


def _asks_from_here(request: Request) -> bool:
    """From loopback, and not through a proxy on this machine."""
    try:
        is_loopback = ipaddress.ip_address(address_of(request) or "").is_loopback
    except ValueError:
        return False
    return is_loopback and not any(name in request.headers for name in _PROXY_HEADERS)
