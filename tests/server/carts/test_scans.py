"""Codes that a cart's screen asks its cart for."""

from wire_events import TIME

from smartcart.edge.contract.code import CodeReport
from smartcart.edge.contract.events import Status, parse_command
from smartcart.server.carts.carts import Carts
from smartcart.server.carts.commands import Commands
from smartcart.server.carts.scans import ASK_SECONDS, WANTED_SECONDS, Scans
from smartcart.server.ledger.memory import MemoryLedger

AT = ("store-1", "cart-1")


def test_a_cart_is_asked_as_long_as_its_screen_waits_and_what_it_reads_is_the_screens() -> None:
    now = [100.0]
    carts = Carts(MemoryLedger(), Commands())
    scans = Scans(carts, lambda: now[0])
    carts.tell_status(AT, Status(online=True, time=TIME))
    assert scans.want(AT, None) is None, "an older cart"
    carts.tell_status(AT, Status(online=True, time=TIME, reads_codes=True))
    scan = scans.want(AT, None)
    assert scan
    ((_, command),) = scans.due()
    assert parse_command(command.to_bytes()) == command
    assert scans.due() == []
    now[0] += ASK_SECONDS
    assert [c.scan for _, c in scans.due()] == [scan.id]
    scans.take(AT, b"{}")
    scans.take(AT, CodeReport(scan=scan.id, text="4006381333931").to_bytes())
    again = scans.want(AT, scan.id)
    assert again
    assert (again.text, scans.due()) == ("4006381333931", [])
    now[0] += WANTED_SECONDS
    assert scans.due() == []
