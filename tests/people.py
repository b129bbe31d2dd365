"""Somebody with an account, as a client and in a browser; helpers for tests of the doors."""

import re

import httpx
from sqlalchemy import delete

from smartcart.server.access.access import Access
from smartcart.server.access.accounts import Role
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer
from smartcart.server.database.tables import TRIES

PASSWORD = "four words nobody joins"
TESTER = Actor(name="tester", via="command")


def doors_of(server: BasketServer) -> Access:
    return server._doors


def forget_tries(server: BasketServer) -> None:
    """As if it were the next day for those who have tried too often."""
    with doors_of(server).office.writing() as connection:
        connection.execute(delete(TRIES))


def add_person(server: BasketServer, name: str, role: Role = Role.STAFF) -> str:
    doors_of(server).accounts.create(name, role, PASSWORD, TESTER)
    return name


def form_token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text) or re.search(r'"X-CSRF-Token": "(\w+)"', page.text)
    assert found, page.text
    return found.group(1)


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
    token = form_token_of(client.get("login"))
    return client.post("login", data={"csrf": token, "name": name, "password": password, **fields})


def send(client: httpx.Client, path: str, *, form_of: str | None = None, **fields: str) -> httpx.Response:
    """Sends a form with the token of the page that holds it."""
    return client.post(path, data={"csrf": form_token_of(client.get(form_of or path)), **fields})
