"""Limits attempts at a password or a pairing code; counted in the database, for all servers that share it.

An attempt fills a bucket, which empties over time. Only the time when a bucket will be empty is kept. An attempt
postpones it by one step, and is allowed while it stays within the bucket's depth (the generic cell rate algorithm of
ITU-T I.371, by virtual scheduling). Empty buckets are deleted with the next attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, case, delete, select, update

from smartcart.server.access.secrets import fingerprint
from smartcart.server.database.database import Database, inserting
from smartcart.server.database.tables import TRIES

MOST_BUCKETS: Final = 10_000
"""Maximum number kept; those that would be empty first make room."""
_FURTHEST: Final = 3_600_000
"""A bucket that is empty later than this (ms) was filled while a clock was wrong, and is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """``tries`` are free; then one every ``seconds / tries``, since a full bucket is empty after ``seconds``.

    ``whose`` is the caller or the target; only a hash of it is kept.
    """

    whose: str
    tries: int
    seconds: int

    @property
    def key(self) -> str:
        return fingerprint(self.whose)

    @property
    def depth(self) -> int:
        """In milliseconds, as all times here."""
        return self.seconds * 1000

    @property
    def step(self) -> int:
        """The amount that one attempt fills."""
        return self.depth // self.tries


class _FullError(Exception):
    """Another attempt came in between."""


class RateLimit:
    """Safe to use from several threads and servers at once."""

    def __init__(self, office: Database) -> None:
        self._office = office

    def take(self, *buckets: Bucket) -> float:
        """Counts an attempt in each bucket; returns 0 if all allow it, otherwise the seconds to wait.

        A refused attempt is not counted.

        Raises:
            DatabaseError: the tables cannot be read or written.
        """
        now = self._now()
        with self._office.reading() as connection:  # a crowd of refused attempts writes nothing
            wait = max(_wait(connection, bucket, now) for bucket in buckets)
        if wait > 0:
            return wait / 1000
        try:
            with self._office.writing() as connection:
                for bucket in _in_order(buckets):
                    _fill(connection, bucket, now)
                _throw_away(connection, now)  # last, since it waits for nobody
        except _FullError:
            return max(bucket.step for bucket in buckets) / 1000
        return 0

    def give_back(self, *buckets: Bucket) -> None:
        """Takes back a successful attempt.

        Raises:
            DatabaseError: the tables cannot be written.
        """
        with self._office.writing() as connection:
            for bucket in _in_order(buckets):
                less = TRIES.c.empty_at - bucket.step
                connection.execute(update(TRIES).where(TRIES.c.key == bucket.key).values(empty_at=less))

    def _now(self) -> int:
        return int(self._office.now().timestamp() * 1000)


def _in_order(buckets: Sequence[Bucket]) -> list[Bucket]:
    """A fixed order, so that two servers with the same buckets never deadlock."""
    return sorted(buckets, key=lambda bucket: bucket.key)


def _wait(connection: Connection, bucket: Bucket, now: int) -> int:
    """Seconds until another attempt is allowed; 0 or less if it is now."""
    empty_at = connection.execute(select(TRIES.c.empty_at).where(TRIES.c.key == bucket.key)).scalar()
    if empty_at is None or not now < empty_at <= now + _FURTHEST:
        return 0
    return int(empty_at - now) + bucket.step - bucket.depth


def _fill(connection: Connection, bucket: Bucket, now: int) -> None:
    holds = TRIES.c.empty_at.between(now, now + _FURTHEST)
    query = inserting(connection, TRIES).values(key=bucket.key, empty_at=now + bucket.step)
    query = query.on_conflict_do_update(
        index_elements=[TRIES.c.key],
        set_={"empty_at": case((holds, TRIES.c.empty_at), else_=now) + bucket.step},
        where=~holds | (TRIES.c.empty_at <= now + bucket.depth - bucket.step),
    )
    if connection.execute(query.returning(TRIES.c.key)).first() is None:
        raise _FullError


def _throw_away(connection: Connection, now: int) -> None:
    """Empty buckets, those filled by a wrong clock, and of too many those that are empty first."""
    fullest = select(TRIES.c.empty_at).order_by(TRIES.c.empty_at.desc()).offset(MOST_BUCKETS).limit(1)
    until = max(now, connection.execute(fullest).scalar() or 0)
    over = select(TRIES.c.key).where((TRIES.c.empty_at <= until) | (TRIES.c.empty_at > now + _FURTHEST))
    over = over.with_for_update(skip_locked=True)  # rows that another server has locked are left to it
    connection.execute(delete(TRIES).where(TRIES.c.key.in_(over)))
