"""The audit log: who changed what, when, and how they came in. Entries are only ever added."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select

from smartcart.edge.contract.times import rfc3339
from smartcart.server.database.database import Database
from smartcart.server.database.tables import AUDIT

Via = Literal["login", "token", "screen", "command", "open", "door"]
"""How somebody came in: ``command`` is the command line, ``open`` a demo, ``door`` somebody not logged in yet."""

_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The author of a change; ``address`` is the network address of the request, if there is one."""

    name: str
    via: Via
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the log; ``position`` counts up."""

    position: int
    at: datetime
    actor: str
    via: str
    action: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "at": rfc3339(self.at),
            "actor": self.actor,
            "via": self.via,
            "action": self.action,
            "subject": self.subject,
            "detail": self.detail,
        }


class AuditLog:
    """The log; written inside the transaction of the change that it records."""

    def __init__(self, office: Database) -> None:
        self._office = office

    def write(self, connection: Connection, actor: Actor, action: str, subject: str, **detail: Any) -> None:
        """Adds an entry; ``detail`` must be JSON, without secrets."""
        if actor.address is not None:
            detail["address"] = actor.address
        connection.execute(
            insert(AUDIT),
            {
                "at": self._office.now(),
                "actor": actor.name,
                "via": actor.via,
                "action": action,
                "subject": subject,
                "detail": json.dumps(detail, ensure_ascii=False),
            },
        )

    def note(self, actor: Actor, action: str, subject: str, **detail: Any) -> None:
        """Adds an entry about something that changes no table of the database."""
        with self._office.writing() as connection:
            self.write(connection, actor, action, subject, **detail)

    def entries(self, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The newest entries first; ``before`` excludes that position and everything newer."""
        query = select(AUDIT).order_by(AUDIT.c.position.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.position < before)
        return self._read(query)

    def newest(self, action: str, subject: str) -> AuditEntry | None:
        """The last entry of this kind about a subject."""
        query = select(AUDIT).where(AUDIT.c.action == action, AUDIT.c.subject == subject)
        return next(iter(self._read(query.order_by(AUDIT.c.position.desc()).limit(1))), None)

    def lines(self) -> Iterator[str]:
        """Everything from the beginning, each entry a JSON object."""
        last = 0
        while batch := self._read(select(AUDIT).where(AUDIT.c.position > last).order_by(AUDIT.c.position).limit(_PAGE)):
            last = batch[-1].position
            yield "".join(json.dumps(entry.to_json(), ensure_ascii=False) + "\n" for entry in batch)

    def _read(self, query: Any) -> list[AuditEntry]:
        with self._office.reading() as connection:
            rows = connection.execute(query).mappings().all()
            return [AuditEntry(**(dict(row) | {"detail": json.loads(row["detail"])})) for row in rows]
