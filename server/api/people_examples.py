"""Examples of the answers about accounts, tokens, screens and the audit log, for ``/openapi.json``."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_TOKEN: Final[Json] = {
    "id": "T7Q2M4",
    "name": "till 3",
    "scope": "read",
    "created_by": "anna",
    "created_at": "2026-03-01T08:00:00.000Z",
    "expires_at": "2027-03-01T08:00:00.000Z",
    "revoked_at": None,
    "used_at": "2026-03-02T10:15:02.502Z",
}
PEOPLE_EXAMPLES: Final[Mapping[str, Json]] = {
    "AccountAnswer": {
        "name": "anna",
        "role": "staff",
        "created_at": "2026-03-01T08:00:00.000Z",
        "changed_at": "2026-03-01T08:00:00.000Z",
        "disabled_at": None,
        "last_login_at": "2026-03-02T09:58:11.040Z",
    },
    "TokenAnswer": _TOKEN,
    "TokenSecret": {"token": _TOKEN, "secret": "smartcart_…"},
    "CodeAnswer": {"code": "K7M2QX", "expires_at": "2026-03-02T10:25:00.000Z"},
    "ScreenAnswer": {
        "id": "S3K9P1",
        "store": "store-1",
        "cart": "cart-7",
        "paired_by": "anna",
        "paired_at": "2026-03-01T08:05:00.000Z",
        "expires_at": "2027-03-01T08:05:00.000Z",
    },
    "AuditAnswer": {
        "position": 42,
        "at": "2026-03-02T10:31:07.120Z",
        "actor": "anna",
        "via": "login",
        "action": "session closed",
        "subject": "store-1/cart-7/0199a1b2-3c4d-7e5f-8a6b-9c0d1e2f3a4b",
        "detail": {"address": "10.0.0.31"},
    },
}
"""The examples by the name of their schema."""
