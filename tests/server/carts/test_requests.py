"""Requests to carts on both databases: asked on after a restart, by every server, and until the cart has done it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire_events import TIME, Trip, new_id, stored

from smartcart.edge.contract.events import Command, Event
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.basket.records import Closing, SessionKey
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.carts.requests import CartRequests
from smartcart.server.database.database import Database, open_database
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.port import Ledger

CART = ("store-1", "cart-1")
ANNA = Actor(name="anna", via="login")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(
        request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{tmp_path / 'l.sqlite'}"
    )


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = open_ledger(url)
    yield opened
    opened.close()


class Server:
    """What one server process has of it."""

    def __init__(self, ledger: Ledger, office: Database) -> None:
        self.commands = Commands()
        self.carts = Carts(ledger, self.commands)
        self.requests = CartRequests(office, AuditLog(office), self.carts, self.commands)

    @property
    def told(self) -> list[Command]:
        """What it tells the cart next, whatever it has told before."""
        return [command for _, command in self.commands.due(1e9)]


@pytest.fixture
def server(url: str, ledger: Ledger) -> Iterator[Callable[[], Server]]:
    offices: list[Database] = []

    def make() -> Server:
        offices.append(open_database(url))
        return Server(ledger, offices[-1])

    yield make
    for office in offices:
        office.close()


def commit(ledger: Ledger, *events: Event) -> None:
    ledger.commit([stored(event) for event in events])


def test_a_request_outlives_the_server_until_the_cart_has_done_it(server: Callable[[], Server], ledger: Ledger) -> None:
    trip = Trip()
    commit(ledger, trip.start())
    server().requests.ask(CART, "end", trip.session, ANNA)
    assert server().told == [Command(action="end_session", session=trip.session)]
    again = server()
    assert again.commands.asked(CART) == "end"
    commit(ledger, trip.end())  # while the next server is not there yet
    assert server().told == []
    again.carts.refresh()
    assert again.commands.asked(CART) is None


def test_a_session_that_came_and_went_meanwhile_was_the_one_asked_for(
    server: Callable[[], Server], ledger: Ledger
) -> None:
    old, trip = Trip(), Trip()
    commit(ledger, old.start(), old.end())
    server().requests.ask(CART, "start", old.session, ANNA)
    assert server().told == [Command(action="start_session")]
    commit(ledger, trip.start(), trip.end())
    assert server().told == []


def test_a_cart_that_is_only_known_by_its_status_is_asked_again(server: Callable[[], Server]) -> None:
    server().requests.ask(CART, "start", None, ANNA)
    assert server().told == [Command(action="start_session")]


def test_the_last_word_counts_whoever_says_it(server: Callable[[], Server], ledger: Ledger) -> None:
    trip, one, other = Trip(), server(), server()
    changed: list[set[tuple[str, str]]] = []
    other.carts.listen(changed.append)
    commit(ledger, trip.start())
    for at in (one, other):
        at.carts.refresh()
    one.requests.ask(CART, "end", trip.session, ANNA)
    other.requests.refresh()
    assert other.commands.asked(CART) == "end"
    assert changed[-1] == {CART}
    ledger.close_session(
        SessionKey(store=trip.store, cart=trip.cart, session=trip.session), Closing(id=new_id(), by=None, time=TIME)
    )
    for at in (one, other):
        at.carts.refresh()
    other.requests.ask(CART, "start", trip.session, ANNA)
    one.requests.refresh()
    assert [command.action for command in one.told] == ["end_session", "start_session"]  # the first for the closing
    assert [entry.action for entry in one.requests._audit.entries()] == ["session start asked", "session end asked"]
