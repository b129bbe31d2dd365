"""Calls for help on both databases: known after a restart, and to every server that shares them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts.commands import CartKey
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.database.database import Database, open_database
from smartcart.server.ledger.address import open_ledger

CART, OTHER = ("store-1", "cart-1"), ("store-1", "cart-2")
SCREEN, ANNA = Actor(name="store-1/cart-1", via="screen"), Actor(name="anna", via="login")

Server = Callable[..., HelpRequests]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    made = str(
        request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{tmp_path / 'l.sqlite'}"
    )
    open_ledger(made).close()
    return made


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    """What each server process has of the calls."""
    offices: list[Database] = []

    def make(on_change: Callable[[CartKey], None] = lambda _: None) -> HelpRequests:
        offices.append(open_database(url))
        return HelpRequests(offices[-1], AuditLog(offices[-1]), on_change)

    yield make
    for office in offices:
        office.close()


def actions(calls: HelpRequests) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in calls._audit.entries()]


def test_a_call_outlives_the_server_and_is_answered_once(server: Server) -> None:
    first = server()
    assert first.call(CART, SCREEN)
    assert not first.call(CART, SCREEN)
    again = server()
    assert again.since(CART) == first.since(CART) is not None
    assert again.since(OTHER) is None
    assert again.answer(CART, ANNA)
    assert not again.answer(CART, ANNA)
    assert not first.answer(CART, ANNA)
    assert first.since(CART) is None
    assert server().since(CART) is None
    assert actions(again) == [
        ("anna", "help answered", "store-1/cart-1"),
        ("store-1/cart-1", "help called", "store-1/cart-1"),
    ]


def test_another_server_hears_of_it_when_it_looks(server: Server) -> None:
    heard: list[CartKey] = []
    here, there = server(), server(heard.append)
    here.call(CART, SCREEN)
    there.refresh()
    assert heard == [CART]
    assert there.since(CART)
    here.call(OTHER, SCREEN)
    here.answer(CART, ANNA)
    there.refresh()
    assert sorted(heard) == [CART, CART, OTHER]
    assert there.since(CART) is None
