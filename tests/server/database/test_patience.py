"""A database that is away is waited for; anything else is said at once."""

import logging
import time

import pytest

from smartcart.server.database.database import open_database
from smartcart.server.database.patience import opened
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import Ledger, LedgerError

pytest.importorskip("psycopg")
NOBODY = "postgresql://me:secret@127.0.0.1:1/db"


def test_it_is_tried_again_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[str] = []

    def opening() -> Ledger:
        tries.append("once more")
        return open_ledger(NOBODY if len(tries) < 3 else "memory:")

    with caplog.at_level(logging.WARNING):
        opened(opening).close()
    assert len(tries) == 3
    (said,) = caplog.messages
    assert "trying again" in said
    assert "secret" not in said


@pytest.mark.parametrize("opening", [open_ledger, open_database])
def test_in_the_end_it_is_given_up(opening) -> None:  # type: ignore[no-untyped-def]
    begun = time.monotonic()
    with pytest.raises(Exception, match="cannot"):
        opened(lambda: opening(NOBODY), seconds=0.6)
    assert time.monotonic() - begun >= 0.6


def test_another_failure_is_said_at_once() -> None:
    tries: list[str] = []

    def opening() -> Ledger:
        tries.append("once")
        return open_ledger("postgres:nowhere")

    with pytest.raises(LedgerError, match="looks like"):
        opened(opening)
    assert len(tries) == 1
