"""Calls for help on both databases: known after a restart, and to every server that shares them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.carts import help_requests
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

    def make(on_change: Callable[[CartKey], None] = lambda _: None, **more: Any) -> HelpRequests:
        offices.append(open_database(url))
        return HelpRequests(offices[-1], AuditLog(offices[-1]), on_change, **more)

    yield make
    for office in offices:
        office.close()


def actions(calls: HelpRequests) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in calls._audit.entries()]


def test_a_call_outlives_the_server_and_is_answered_once(server: Server) -> None:
    first = server()
    assert first.call(CART, SCREEN, reason="pay")
    assert not first.call(CART, SCREEN)
    again = server()
    assert again.of(CART) == first.of(CART) is not None
    assert again.of(OTHER) is None
    assert (again.waiting(), server().waiting()) == (1, 1)
    assert again.take(CART, ANNA)
    assert not again.take(CART, ANNA)
    assert not first.take(CART, ANNA)
    on_the_way = first.of(CART)
    assert on_the_way and (on_the_way.reason, on_the_way.taken_by) == ("pay", "anna")
    assert first.waiting() == 0
    assert first.finish(CART, ANNA)
    assert not again.finish(CART, ANNA)
    assert server().of(CART) is None
    assert actions(again) == [
        ("anna", "help given", "store-1/cart-1"),
        ("anna", "help answered", "store-1/cart-1"),
        ("store-1/cart-1", "help called", "store-1/cart-1"),
    ]


def test_another_server_hears_of_it_when_it_looks(server: Server) -> None:
    heard: list[CartKey] = []
    here, there = server(), server(heard.append)
    here.call(CART, SCREEN)
    there.refresh()
    assert heard == [CART]
    assert there.of(CART)
    here.call(OTHER, SCREEN)
    here.finish(CART, ANNA)
    there.refresh()
    assert sorted(heard) == [CART, CART, OTHER]
    assert there.of(CART) is None


def test_a_call_ends_with_its_trip(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    over: set[str | None] = set()
    calls = server(is_over=lambda _, session: session in over)
    calls.call(CART, SCREEN, "first")
    over.add("first")
    assert (calls.of(CART), calls.waiting()) == (None, 0)
    assert server().of(CART)  # a server that knows of no session leaves it
    assert calls.call(CART, SCREEN, "second")
    calls.refresh()
    assert calls.of(CART)
    over.add("second")
    monkeypatch.setattr(help_requests, "_LEAST", timedelta(0))
    calls.refresh()
    assert server().of(CART) is None
