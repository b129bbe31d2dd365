"""``/health`` and ``/dead-letters``: the server's state, and the messages that it refused."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from smartcart.server.api.answers import DeadLettersAnswer, HealthAnswer
from smartcart.server.site.site import TheSite

router = APIRouter(tags=["condition"])


@router.get("/health", responses={503: {"model": HealthAnswer}})
def health(site: TheSite, response: Response) -> HealthAnswer:
    """Broker and ledger; status 503 if one is not available."""
    now = site.health()
    response.status_code = 200 if now.ok else 503
    return HealthAnswer.of(now, carts=len(site.carts), dead_letters=site.carts.dead_letters)


@router.get("/dead-letters")
def dead_letters(site: TheSite, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> DeadLettersAnswer:
    """Refused messages, the newest first, and their total number."""
    return DeadLettersAnswer.of(site.ledger.dead_letter_count(), site.ledger.dead_letters(limit))
