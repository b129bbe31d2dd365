"""A server that lets everybody in, with the tests' catalogue, for looking at its pages."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page
from wire_events import CATALOGUE

from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.site.entrance import Entrance

TIMEOUT = 60_000
"""How long a page of a busy machine may take, in ms."""
Open = Callable[..., Page]
"""Opens a page that is live; see the fixture ``open_page``."""

PRESSED_TWICE = """() => document.addEventListener("htmx:sse:after:message", () => {
  const second = new MouseEvent("click", { bubbles: true, cancelable: true, detail: 2 });
  document.querySelector("[data-doubt] .choice")?.dispatchEvent(second);
})"""
"""Has a page get the second half of a double click just when the next question has moved up."""


def open_server(broker: EmbeddedBroker, ledger_url: str = "memory:", port: int = 0, **more: Any) -> BasketServer:
    options: dict[str, Any] = {"catalogue": CATALOGUE, "entrance": Entrance(is_open=True)}
    return BasketServer(broker_url=broker.url, ledger_url=ledger_url, port=port, **(options | more))
