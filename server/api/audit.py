"""``/audit``: who changed what. For admins who are logged in."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from smartcart.server.api.answers import Answer
from smartcart.server.site.permissions import FOR_ADMINS
from smartcart.server.site.site import TheSite

router = APIRouter(prefix="/audit", tags=["audit"], dependencies=[FOR_ADMINS])


class AuditAnswer(Answer):
    """One entry of the log; ``position`` counts up, ``via`` is how its author came in."""

    position: int
    at: str
    actor: str
    via: str
    action: str
    subject: str
    detail: dict[str, Any]


@router.get("")
def entries(
    site: TheSite,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="exclude this position and everything newer")
    ] = None,
) -> list[AuditAnswer]:
    """The log, the newest first."""
    return [AuditAnswer(**entry.to_json()) for entry in site.doors.audit.entries(limit, before)]


@router.get("/lines", response_class=StreamingResponse, responses={200: {"content": {"application/jsonl": {}}}})
def lines(site: TheSite) -> StreamingResponse:
    """The whole log from its beginning, each line a JSON object."""
    headers = {"Content-Disposition": 'attachment; filename="smartcart-audit.jsonl"'}
    return StreamingResponse(site.doors.audit.lines(), media_type="application/jsonl", headers=headers)
