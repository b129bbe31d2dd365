"""Who comes in, over real HTTP: logins, form tokens, roles, API tokens, and what nobody sees without one."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from people import PASSWORD, TESTER, add_person, doors_of, forget_tries, form_token_of, send, sign_in
from wire_events import CATALOGUE, Trip

from smartcart.server.access.accounts import Role
from smartcart.server.access.logins import LoginTimes
from smartcart.server.access.tokens import Scope
from smartcart.server.app.service import BasketServer
from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
from smartcart.server.runtime.listening import ListenError, listen
from smartcart.server.site.entrance import Entrance, EntranceError
from smartcart.server.views import feed
from smartcart.server.web.login import own_path

FOR_EVERYBODY = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/cart/{store}/{cart}"),
    ("POST", "/cart/{store}/{cart}"),
    ("GET", "/pictures/{name}"),
    ("GET", "/receipt/{code}"),
    ("GET", "/receipt/{code}.pdf"),
    ("GET", "/openapi.json"),
    ("HEAD", "/openapi.json"),
}
FROM_HERE = {("GET", "/metrics")}

Client = Callable[[], httpx.Client]


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0) as running:
        yield running


@pytest.fixture(scope="module")
def server(broker: EmbeddedBroker) -> Iterator[BasketServer]:
    with BasketServer(broker_url=broker.url, ledger_url="memory:", port=0, catalogue=CATALOGUE) as running:
        add_person(running, "boss", Role.ADMIN)
        add_person(running, "anna")
        yield running


@pytest.fixture
def anybody(server: BasketServer) -> Iterator[Client]:
    """Makes clients that nobody knows yet, each from an address of its own."""
    made: list[httpx.Client] = []
    count = iter(range(1, 250))

    def make() -> httpx.Client:
        address = {"X-Forwarded-For": f"192.0.2.{next(count)}"}
        made.append(httpx.Client(base_url=server.url, timeout=30, headers=address))
        return made[-1]

    forget_tries(server)
    yield make
    for client in made:
        client.close()


@pytest.fixture
def anna(anybody: Client) -> httpx.Client:
    client = anybody()
    assert sign_in(client, "anna").status_code == 303
    return client


@pytest.fixture
def boss(anybody: Client) -> httpx.Client:
    client = anybody()
    assert sign_in(client, "boss").status_code == 303
    return client


@pytest.fixture
def trip(server: BasketServer, fake_carts: Any, request: pytest.FixtureRequest) -> Trip:
    trip = Trip(cart=request.node.name[:40].replace("[", "-").replace("]", ""))
    cart = fake_carts(str(server._address), cart=trip.cart)
    cart.send_until_answered(trip.start(), trip.add("bottle"))
    assert server.wait_for("store-1", trip.cart, lambda b: b.events == 2, timeout=20)
    return trip


def routes(server: BasketServer) -> list[tuple[str, str]]:
    """Every method and path that the app answers."""
    app = server._web._server.config.app
    found: list[tuple[str, str]] = []

    def walk(some: Any, prefix: str) -> None:
        for route in some:
            path = prefix + getattr(route, "path", "")
            if inner := getattr(route, "effective_route_contexts", None):
                found.extend((method, context.path) for context in inner() for method in context.methods or ())
            elif isinstance(route, APIRoute) or getattr(route, "methods", None):
                found.extend((method, path) for method in route.methods)
            elif path != "/static":
                raise AssertionError(f"a route that this test does not understand: {route}")

    walk(app.routes, "")
    return sorted(set(found))


def fill(path: str, trip: Trip | None = None) -> str:
    words = {"{store}": "store-1", "{cart}": trip.cart if trip else "c", "{action}": "end", "{key}": "k", "{name}": "n"}
    words |= {"{session}": "s", "{code}": "c"}
    for word, value in words.items():
        path = path.replace(word, value)
    assert "{" not in path, path
    return path


def test_no_route_tells_anything_to_somebody_who_is_not_in(server: BasketServer, anybody: Client, trip: Trip) -> None:
    walked = routes(server)
    assert len(walked) > 30
    with anybody() as client:
        token = form_token_of(client.get("login"))
        for method, path in walked:
            if (method, path) in FOR_EVERYBODY:
                continue
            answer = client.request(method, fill(path, trip), headers={"X-CSRF-Token": token})
            where = f"{method} {path} -> {answer.status_code}"
            if path.startswith("/api/") or (method, path) in FROM_HERE or path.startswith("/cart/"):
                assert answer.status_code == 401, where
            else:
                assert answer.status_code == 303, where
                assert answer.headers["location"].startswith("/login"), where
            assert "The bottle" not in answer.text
            assert trip.session not in answer.text


def test_the_list_for_everybody_names_only_what_there_is(server: BasketServer) -> None:
    assert set(routes(server)) >= FOR_EVERYBODY | FROM_HERE


def test_what_everybody_sees_tells_nothing_of_a_cart(anybody: Client, trip: Trip) -> None:
    for path in ("login", "healthz", "readyz", f"cart/store-1/{trip.cart}", "openapi.json"):
        answer = anybody().get(path)
        assert answer.status_code == 200, path
        assert "The bottle" not in answer.text
    unknown, known = (anybody().get(f"cart/store-1/{cart}") for cart in ("nobody", trip.cart))
    assert unknown.status_code == known.status_code


def test_staff_come_in_and_go_out(anna: httpx.Client, trip: Trip) -> None:
    page = anna.get("")
    assert page.status_code == 200
    assert trip.cart in page.text
    assert "anna" in page.text
    assert anna.get("login").headers["location"] == "/"
    secret = anna.cookies["smartcart_login"]
    assert send(anna, "logout", form_of="").headers["location"] == "/login"
    assert "smartcart_login" not in anna.cookies
    assert anna.get("").status_code == 303
    anna.cookies.set("smartcart_login", secret)
    assert anna.get("").status_code == 303, "the login has ended on the server too"


def test_the_cookie_is_kept_from_scripts_and_other_sites(anybody: Client) -> None:
    answer = sign_in(anybody(), "anna")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("smartcart_login="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie, "this is plain HTTP"


def test_behind_a_proxy_that_says_https_the_cookie_is_for_https(anybody: Client) -> None:
    client = anybody()
    client.headers["X-Forwarded-Proto"] = "https"
    token, visit = form_token_of(page := client.get("login")), page.headers["set-cookie"].split(";")[0]
    fields = {"csrf": token, "name": "anna", "password": PASSWORD}
    answer = client.post("login", data=fields, headers={"Cookie": visit})
    assert answer.status_code == 303
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "login" in value)
    assert cookie.startswith("__Host-smartcart_login=")
    assert "Secure" in cookie
    assert "max-age=" in answer.headers["strict-transport-security"]


def test_a_login_gets_a_new_secret_each_time(anybody: Client) -> None:
    client = anybody()
    client.cookies.set("smartcart_login", "planted", domain="127.0.0.1", path="/")
    assert sign_in(client, "anna").status_code == 303
    first = client.cookies["smartcart_login"]
    assert first != "planted"
    assert len(first) > 40


def test_names_are_the_same_however_they_are_typed(anybody: Client) -> None:
    assert sign_in(anybody(), " Anna ").status_code == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong password"), ("nobody", PASSWORD), ("anna\0", PASSWORD), ("", ""), ("a" * 900, "x")],
)
def test_a_wrong_name_or_password_is_refused_in_the_same_words(anybody: Client, name: str, password: str) -> None:
    answer = sign_in(anybody(), name, password)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert PASSWORD not in answer.text


def test_an_unknown_name_takes_as_long_as_a_wrong_password(anybody: Client) -> None:
    def seconds(name: str) -> float:
        client = anybody()
        token = form_token_of(client.get("login"))
        begin = time.perf_counter()
        client.post("login", data={"csrf": token, "name": name, "password": "wrong password"})
        return time.perf_counter() - begin

    pairs = [(seconds("anna"), seconds(f"nobody-{i}")) for i in range(8)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))  # what else runs here only adds
    assert 0.4 < known / unknown < 2.5, "a password that is not checked at all takes a tenth of the time"


def test_trying_again_and_again_is_stopped_for_an_address(anybody: Client) -> None:
    client = anybody()
    codes = [sign_in(client, f"somebody-{i}", "wrong password").status_code for i in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert 1 <= int(sign_in(client, "anna").headers["retry-after"]) <= 300
    assert sign_in(anybody(), "anna").status_code == 303, "others come in"


def test_trying_again_and_again_is_stopped_for_an_account_from_everywhere(anybody: Client) -> None:
    codes = [sign_in(anybody(), "anna", "wrong password").status_code for i in range(22)]
    assert codes == [401] * 20 + [429] * 2
    assert sign_in(anybody(), "boss").status_code == 303


def test_good_logins_use_no_tries_up(anybody: Client) -> None:
    client = anybody()
    for _ in range(12):
        assert sign_in(client, "anna").status_code == 303
        send(client, "logout", form_of="")


@pytest.mark.parametrize("token", [None, "", "0" * 64, "\N{SNOWMAN}"])
def test_a_form_without_its_token_changes_nothing(anna: httpx.Client, trip: Trip, token: str | None) -> None:
    fields = {} if token is None else {"csrf": token}
    for path in (f"carts/store-1/{trip.cart}/end", "logout", "password", f"screens/store-1/{trip.cart}/code"):
        answer = anna.post(path, data=fields)
        assert answer.status_code == 403, path
        assert "too old" in answer.text
    assert anna.get("").status_code == 200, "still in"


def test_the_token_of_another_login_is_no_good(anna: httpx.Client, boss: httpx.Client, trip: Trip) -> None:
    theirs = form_token_of(boss.get(""))
    assert anna.post(f"carts/store-1/{trip.cart}/end", data={"csrf": theirs}).status_code == 403
    assert send(anna, f"carts/store-1/{trip.cart}/end", form_of="").status_code == 204


def test_the_login_form_has_a_token_too(anybody: Client) -> None:
    client = anybody()
    client.get("login")
    assert client.post("login", data={"name": "anna", "password": PASSWORD}).status_code == 403


def test_the_api_with_a_cookie_wants_the_token_as_a_header(anna: httpx.Client, trip: Trip) -> None:
    path, ask = f"api/v1/carts/store-1/{trip.cart}/session", {"action": "end"}
    assert anna.get("api/v1/carts").status_code == 200
    assert anna.post(path, json=ask).status_code == 403
    assert anna.post(path, json=ask, headers={"X-CSRF-Token": form_token_of(anna.get(""))}).status_code == 202


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "http:/x",
    ],
)
def test_a_login_leads_nowhere_else(anybody: Client, where: str) -> None:
    assert sign_in(anybody(), "anna", next=where).headers["location"] == "/"
    assert own_path(where) == "/"


def test_a_login_leads_where_one_wanted_to_go(anybody: Client) -> None:
    client = anybody()
    answer = client.get("screens?x=1")
    assert answer.headers["location"] == "/login?next=/screens%3Fx%3D1"
    page = client.get(answer.headers["location"])
    assert 'name="next" value="/screens?x=1"' in page.text
    assert sign_in(client, "anna", next="/screens?x=1").headers["location"] == "/screens?x=1"


def test_staff_are_no_admins(anna: httpx.Client, boss: httpx.Client) -> None:
    for path in ("accounts", "tokens", "audit", "api/v1/accounts", "api/v1/tokens", "api/v1/audit"):
        assert anna.get(path).status_code == 403, path
        assert boss.get(path).status_code == 200, path
    fields = {"name": "mallory", "role": "admin", "password": PASSWORD}
    assert send(anna, "accounts", form_of="", **fields).status_code == 403


def test_a_disabled_account_is_out_at_once(server: BasketServer, anybody: Client, boss: httpx.Client) -> None:
    add_person(server, "bert")
    bert = anybody()
    sign_in(bert, "bert")
    assert bert.get("").status_code == 200
    assert send(boss, "accounts/bert/disable", form_of="accounts").status_code == 303
    assert bert.get("").status_code == 303
    assert sign_in(anybody(), "bert").status_code == 401
    send(boss, "accounts/bert/enable", form_of="accounts")
    assert sign_in(anybody(), "bert").status_code == 303


def test_another_password_ends_every_login_but_ones_own(server: BasketServer, anybody: Client) -> None:
    add_person(server, "cleo")
    here, there = anybody(), anybody()
    sign_in(here, "cleo")
    sign_in(there, "cleo")
    fresh = "quite another set of words"
    wrong = {"password": "not this", "fresh": fresh, "again": fresh}
    assert send(here, "password", **wrong).status_code == 401
    assert send(here, "password", password=PASSWORD, fresh=fresh, again="typed wrongly").status_code == 422
    assert send(here, "password", password=PASSWORD, fresh="short", again="short").status_code == 422
    assert send(here, "password", password=PASSWORD, fresh=fresh, again=fresh).status_code == 303
    assert here.get("").status_code == 200
    assert there.get("").status_code == 303
    assert sign_in(anybody(), "cleo", fresh).status_code == 303


def test_the_last_admin_stays(boss: httpx.Client) -> None:
    answer = send(boss, "accounts/boss/disable", form_of="accounts")
    assert answer.status_code == 422
    assert "last admin" in answer.text
    assert boss.get("accounts").status_code == 200


def test_an_admin_makes_an_account(boss: httpx.Client, anybody: Client) -> None:
    new = {"role": "staff", "password": PASSWORD}
    assert send(boss, "accounts", name="Dora", **new).status_code == 303
    assert "already" in send(boss, "accounts", name="dora", **new).text
    assert "letters, digits" in send(boss, "accounts", name="<b>", **new).text
    assert "10 to 256" in send(boss, "accounts", name="eve", role="staff", password="short").text
    assert "one of the most common" in send(boss, "accounts", name="eve", role="staff", password="password123!").text
    assert sign_in(anybody(), "dora").status_code == 303


# --- machines -------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(server: BasketServer) -> Iterator[Callable[[str], httpx.Client]]:
    made: list[httpx.Client] = []

    def make(token: str) -> httpx.Client:
        made.append(httpx.Client(base_url=server.url, timeout=30, headers={"Authorization": f"Bearer {token}"}))
        return made[-1]

    yield make
    for client in made:
        client.close()


def new_token(server: BasketServer, scope: Scope, days: int | None = None) -> tuple[str, str]:
    token, secret = doors_of(server).tokens.create("till", scope, days, TESTER)
    return token.id, secret


def test_a_token_reads_or_writes_as_it_was_made(
    server: BasketServer, machine: Callable[[str], httpx.Client], trip: Trip
) -> None:
    _, reads = new_token(server, Scope.READ)
    _, writes = new_token(server, Scope.WRITE, days=1)
    path, ask = f"api/v1/carts/store-1/{trip.cart}/session", {"action": "end"}
    assert machine(reads).get(f"api/v1/carts/store-1/{trip.cart}").json()["counts"] == {"bottle": 1}
    refused = machine(reads).post(path, json=ask)
    assert (refused.status_code, refused.json()["detail"]) == (403, "this token may only read")
    assert machine(writes).post(path, json=ask).status_code == 202
    for path in ("api/v1/accounts", "api/v1/tokens", "api/v1/audit", "accounts"):
        assert machine(writes).get(path).status_code == 403, path


def test_a_revoked_or_expired_token_is_good_for_nothing(
    server: BasketServer, machine: Callable[[str], httpx.Client], boss: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = new_token(server, Scope.READ)
    assert machine(secret).get("api/v1/carts").status_code == 200
    assert send(boss, f"tokens/{key}/revoke", form_of="tokens").status_code == 303
    answer = machine(secret).get("api/v1/carts")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    _, short = new_token(server, Scope.READ, days=1)
    office = doors_of(server).office
    now = office.now
    monkeypatch.setattr(office, "now", lambda: now() + timedelta(days=1, seconds=1))
    assert machine(short).get("api/v1/carts").status_code == 401


def test_an_open_stream_ends_with_its_token(
    server: BasketServer, machine: Callable[[str], httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.2)
    key, secret = new_token(server, Scope.READ)
    with machine(secret).stream("GET", "live") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data:")
        doors_of(server).tokens.revoke(key, TESTER)
        assert "event: over" in list(lines)


def test_a_token_is_shown_once_and_kept_as_a_hash(server: BasketServer, boss: httpx.Client) -> None:
    page = send(boss, "tokens", name="<i>till</i>", scope="read", days="30")
    secret = page.text.split('id="secret" class="secret">')[1].split("<")[0]
    assert secret.startswith("smartcart_")
    assert secret not in boss.get("tokens").text
    assert "&lt;i&gt;till&lt;/i&gt;" in page.text
    with doors_of(server).office.reading() as connection:
        dump = "".join(
            str(connection.connection.execute(f"SELECT * FROM {t}").fetchall())
            for t in ("office_tokens", "office_audit")
        )
    assert secret.rsplit("_", 1)[1] not in dump


@pytest.mark.parametrize("shown", ["x", "smartcart_", "smartcart__", "smartcart_a_b", "é", "smartcart_" + "0" * 4000])
def test_what_is_no_token_is_refused(machine: Callable[[str], httpx.Client], shown: str) -> None:
    with httpx.Client(base_url=machine("x").base_url) as client:
        headers = {"Authorization": f"Bearer {shown}".encode()}
        assert client.get("api/v1/carts", headers=headers).status_code == 401


def test_a_wrong_token_is_not_mended_by_a_cookie(anna: httpx.Client) -> None:
    assert anna.get("api/v1/carts", headers={"Authorization": "Bearer smartcart_x_y"}).status_code == 401
    assert anna.get("api/v1/carts", headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_accounts_and_tokens_by_the_api(boss: httpx.Client) -> None:
    boss.headers["X-CSRF-Token"] = form_token_of(boss.get(""))
    made = boss.post("api/v1/accounts", json={"name": "fred", "role": "staff", "password": PASSWORD})
    assert (made.status_code, made.json()["role"]) == (201, "staff")
    assert "password" not in made.text
    assert boss.post("api/v1/accounts", json={"name": "fred", "role": "staff", "password": PASSWORD}).status_code == 409
    changed = boss.patch("api/v1/accounts/fred", json={"role": "admin", "disabled": True})
    assert changed.json()["disabled_at"] is not None
    assert boss.patch("api/v1/accounts/none", json={}).status_code == 404
    token = boss.post("api/v1/tokens", json={"name": "till", "scope": "read"}).json()
    assert token["secret"].startswith("smartcart_" + token["token"]["id"])
    assert boss.delete(f"api/v1/tokens/{token['token']['id']}").status_code == 204
    assert boss.delete(f"api/v1/tokens/{token['token']['id']}").status_code == 404


# --- the audit log --------------------------------------------------------------------------------------------------


def test_every_change_stands_in_the_audit_log(boss: httpx.Client, anybody: Client, trip: Trip) -> None:
    sign_in(anybody(), "anna", "wrong password")
    sign_in(anybody(), "secret-typed-as-name", "wrong password")
    send(boss, f"carts/store-1/{trip.cart}/end", form_of="")
    lines = boss.get("api/v1/audit?limit=10").json()
    told = {(line["actor"], line["action"], line["subject"]) for line in lines}
    assert ("boss", "session end asked", f"store-1/{trip.cart}") in told
    assert ("", "login refused", "anna") in told
    assert ("boss", "logged in", "boss") in told
    assert lines == sorted(lines, key=lambda line: -line["position"])
    everything = boss.get("api/v1/audit/lines")
    assert everything.headers["content-type"].startswith("application/jsonl")
    assert len(everything.text.splitlines()) == lines[0]["position"]
    assert "secret-typed-as-name" not in everything.text
    assert PASSWORD not in everything.text
    older = boss.get(f"audit?before={lines[2]['position']}").text
    assert "session end asked" not in older.split("</table>")[0] or trip.cart not in older


def test_every_correction_stands_in_the_audit_log_with_who_and_by_which_door(
    server: BasketServer, anna: httpx.Client, boss: httpx.Client, machine: Callable[[str], httpx.Client], trip: Trip
) -> None:
    path, can = f"api/v1/carts/store-1/{trip.cart}/corrections", {"action": "added", "label": "can"}
    _, token = new_token(server, Scope.WRITE)
    for client, headers in ((anna, {"X-CSRF-Token": form_token_of(anna.get(""))}), (machine(token), {})):
        assert client.post(path, json=can, headers=headers).status_code == 201
    first = anna.get(path).json()[0]
    undone = send(anna, f"carts/store-1/{trip.cart}/undo", form_of="", session=trip.session, word=first["id"])
    assert undone.status_code == 204
    told = [line for line in boss.get("api/v1/audit").json() if line["action"] == "item corrected"][2::-1]
    assert [(line["actor"], line["via"]) for line in told] == [
        ("anna", "login"),
        ("token till", "token"),
        ("anna", "login"),
    ]
    assert {line["subject"] for line in told} == {f"store-1/{trip.cart}/{trip.session}"}
    assert told[0]["detail"] | {"address": None} == {
        "id": first["id"],
        "corrects": None,
        "reading": "added",
        "label": "can",
        "sku": "CAN",
        "quantity": 1,
        "address": None,
    }
    assert (told[2]["detail"]["corrects"], told[2]["detail"]["reading"]) == (first["id"], "none")


# --- lifetimes and how the server stands ----------------------------------------------------------------------------


@pytest.mark.parametrize("times", [LoginTimes(idle=timedelta(minutes=5)), LoginTimes(longest=timedelta(minutes=5))])
def test_a_login_that_is_over_is_out(
    broker: EmbeddedBroker, times: LoginTimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"broker_url": broker.url, "ledger_url": "memory:", "entrance": Entrance(times=times)}
    with BasketServer(port=0, **options) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        add_person(server, "anna")
        sign_in(client, "anna")
        office = doors_of(server).office
        begin = office.now()
        for minutes, code in ((3, 200), (4.5, 200), (6 if times.idle > times.longest else 9.9, 303)):
            monkeypatch.setattr(office, "now", lambda minutes=minutes: begin + timedelta(minutes=minutes))
            assert client.get("").status_code == code, minutes
        htmx = client.post(
            "carts/s/c/end", headers={"HX-Request": "true", "X-CSRF-Token": form_token_of(client.get("login"))}
        )
        assert (htmx.status_code, htmx.headers["hx-redirect"]) == (401, "/login?next=/")


def test_an_open_server_is_for_loopback_alone(broker: EmbeddedBroker) -> None:
    options: dict[str, Any] = {"broker_url": broker.url, "ledger_url": "memory:", "host": "0.0.0.0", "port": 0}
    with pytest.raises(EntranceError, match="loopback only"):
        BasketServer(**options, entrance=Entrance(is_open=True)).start()
    with pytest.raises(EntranceError, match="smartcart admin user create"):
        BasketServer(**options).start()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ListenError, match="not an address of this machine"):
        listen("203.0.113.1", 0, "the server")


def test_without_an_account_the_login_says_how_to_make_one(broker: EmbeddedBroker) -> None:
    with BasketServer(broker_url=broker.url, ledger_url="memory:", port=0) as server:
        assert "smartcart admin user create" in httpx.get(server.url + "login").text


def test_a_body_that_is_too_large_is_refused(anybody: Client) -> None:
    client = anybody()
    assert client.post("login", content=b"x" * (3 << 20)).status_code == 413
    pieces = (b"password=" + b"x" * 500_000 for _ in range(8))
    try:
        answer = client.post("login", content=pieces, headers={"Content-Type": "application/x-www-form-urlencoded"})
    except httpx.TransportError:
        return  # the door was shut while it still sent
    assert answer.status_code in (400, 403, 413)


def test_pages_are_not_kept_and_files_are(anna: httpx.Client) -> None:
    assert anna.get("").headers["cache-control"] == "no-store"
    assert "no-store" not in anna.get("static/page.css").headers.get("cache-control", "")
    for name, value in {"x-frame-options": "DENY", "referrer-policy": "same-origin"}.items():
        assert anna.get("").headers[name] == value
    assert "unsafe" not in anna.get("").headers["content-security-policy"]


def test_metrics_are_for_this_machine_or_a_token(
    server: BasketServer, anybody: Client, machine: Callable[[str], httpx.Client], trip: Trip
) -> None:
    assert anybody().get("metrics").status_code == 401
    _, secret = new_token(server, Scope.READ)
    assert machine(secret).get("metrics").status_code == 200
    text = httpx.get(server.url + "metrics").text
    assert "smartcart_login_failures_total" in text
    assert trip.cart not in text
