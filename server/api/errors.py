"""How a refusal looks in ``/openapi.json``: a status, and the reason in words."""

from typing import Any

from pydantic import BaseModel, ConfigDict

Refusals = dict[int | str, dict[str, Any]]


class Refusal(BaseModel):
    """Why it is not possible, and what to do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"detail": "nothing was ever heard of cart store-1/x"}]})

    detail: str


def refused(status: int, why: str) -> Refusals:
    """One documented refusal, for a route's ``responses``."""
    return {status: {"model": Refusal, "description": why}}


NO_CART = refused(404, "There is no such cart or session.")
OF_EVERY_ROUTE = {
    **refused(401, "Sign in, or give an API token."),
    **refused(403, "This token may only read, or this is for admins only."),
    **refused(503, "The server cannot reach its database at the moment."),
}
