"""Two machines under one cart's name, noticed on the server; two servers under one name."""

import socket
import urllib.error
import urllib.request
from contextlib import ExitStack, closing

import pytest
from processes import wait_until

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import CameraHealth, ModelName, Status
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.server.app.service import BasketServer
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.carts.twins import OFTEN, SETTLED, WITHIN_SECONDS, Turns
from smartcart.server.ledger.address import open_ledger
from smartcart.server.ledger.memory import MemoryLedger
from smartcart.server.ledger.port import LedgerError
from smartcart.server.ledger.sole_use import sole_use
from smartcart.server.mqtt.connection import Connection
from smartcart.server.runtime.clock import utc_now
from smartcart.server.site.entrance import Entrance


def told(*sessions):
    turns = Turns()
    for session in sessions:
        turns.tell(session)
    return turns.words(0.0) or ""


def test_sessions_that_come_in_turns_are_of_two_machines():
    assert "Another machine" in told("a", "b", "a")
    assert "Another machine" in told("a", "a", "b", "b", "b", "a")


def test_one_session_after_the_other_is_one_machine():
    assert told("a", "a", "b", "c", "c") == ""


def test_when_one_machine_is_gone_the_other_is_believed_again():
    assert told("a", "b", "a", *["a"] * SETTLED) == ""


def test_a_cart_that_comes_and_goes_within_a_minute_is_asked_about_and_later_no_more():
    turns = Turns()
    for second in range(OFTEN):
        assert turns.words(float(second)) is None
        turns.came(float(second))
    assert "another machine" in (turns.words(OFTEN) or "")
    assert turns.words(WITHIN_SECONDS + 1) is None


def test_a_second_server_on_one_sqlite_ledger_is_refused_until_the_first_has_stopped(tmp_path, broker_url):
    url, other_name = f"sqlite:///{tmp_path / 'l.sqlite'}", tmp_path / "other.sqlite"
    other_name.symlink_to(tmp_path / "l.sqlite")
    options = {"broker_url": broker_url, "port": 0, "entrance": Entrance(is_open=True)}
    with BasketServer(**options, ledger_url=url) as first:
        for again in (url, f"sqlite:///{other_name}"):
            with pytest.raises(LedgerError, match="another server uses the ledger"):
                BasketServer(**options, ledger_url=again).start()
        with urllib.request.urlopen(first.url + "healthz", timeout=30) as answer:
            assert answer.status == 200
        open_ledger(url, existing=True).close()  # commands look at it meanwhile
    with BasketServer(**options, ledger_url=url):
        pass


def test_a_lock_that_cannot_be_opened_is_said(tmp_path):
    with pytest.raises(LedgerError, match="missing or not writable"):
        sole_use(f"sqlite:///{tmp_path / 'missing' / 'l.sqlite'}")
    (tmp_path / "l.sqlite.lock").write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match=r"l\.sqlite\.lock"):
        sole_use(f"sqlite:///{tmp_path / 'l.sqlite'}")


def test_two_machines_under_one_carts_name_are_seen_at_any_broker(broker_url, tmp_path):
    """Machines as they are: each tells its own session, and comes again a second after it was put out."""
    identity = Identity(store="store-1", cart="cart-1", model=ModelName(name="eye", hash="0123456789ab"))
    options = {"broker_url": broker_url, "ledger_url": "memory:", "port": 0, "entrance": Entrance(is_open=True)}
    with BasketServer(**options) as server, ExitStack() as stack:
        for name in ("one", "two"):
            outbox = stack.enter_context(closing(Outbox(tmp_path / f"{name}.sqlite", store="store-1", cart="cart-1")))
            publisher = Publisher(outbox, identity)
            publisher.start()
            courier = Courier(outbox, identity, broker=BrokerAddress.parse(broker_url), version="test", linger=0.1)
            courier.tell(camera=CameraHealth.OK, session=publisher.session)
            stack.enter_context(courier)
        wait_until(lambda: b"another machine" in _read(server.url + "carts/store-1/cart-1").lower(), 60)


def test_a_server_that_loses_its_own_connection_takes_no_cart_for_two():
    carts = Carts(MemoryLedger(), Commands())
    here = Status(online=True, time=utc_now(), version="1", model=None, session=None, camera=CameraHealth.OK, outbox=0)
    for _ in range(2 * OFTEN):
        carts.tell_status(("store-1", "cart-1"), here)
        carts.tell_status(("store-1", "cart-1"), here, utc_now())
        carts.forget_statuses()
    assert carts.view(("store-1", "cart-1")).twins is None


def _read(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read()
    except urllib.error.HTTPError:
        return b""  # nothing was heard of the cart yet


def test_two_servers_under_one_name_both_say_what_it_is(broker_url):
    address, said = BrokerAddress.parse(broker_url), {"first": set(), "second": set()}
    both = {name: Connection(address, "smartcart-server-x") for name in said}
    for name, connection in both.items():
        connection._on_change = lambda name=name, connection=connection: said[name].add(connection.trouble)
        connection.start()
    try:
        wait_until(lambda: all(any("another server" in (text or "") for text in texts) for texts in said.values()))
    finally:
        for connection in both.values():
            connection.stop()


def test_one_server_whose_broker_comes_back_says_nothing_of_another(mosquitto_with):
    connection = Connection(BrokerAddress.parse(mosquitto_with().url), "smartcart-server-x")
    connection.start()
    wait_until(lambda: connection.trouble is None)
    connection._link._client.socket().shutdown(socket.SHUT_RDWR)
    wait_until(lambda: not connection.inbox.empty())
    assert "another server" not in str(connection.trouble)
    wait_until(lambda: connection.trouble is None)
    connection.stop()
