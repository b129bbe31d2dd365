"""Many connections that say nothing: the pages stay there, with TLS too, and the log stays short."""

import io
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from processes import wait_until

from smartcart.server.http import gate, web_server
from smartcart.server.http.tls import Tls
from smartcart.server.http.web_server import WebServer
from smartcart.server.runtime.listening import listen
from smartcart.server.runtime.logs import PlainLine, Repeated

LOCAL = ("127.0.0.1", "::1")


@pytest.fixture(params=["http", "https"])
def serve(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Serves one page with bounds of its own; gives its port and a client."""
    tls = own_certificate(tmp_path) if request.param == "https" else None
    running: list[Any] = []

    def start(*, most: int = 1000, of_one: int = 1000, unbounded: tuple[str, ...] = ()) -> tuple[int, httpx.Client]:
        monkeypatch.setattr(web_server, "most_connections", lambda: most)
        monkeypatch.setattr(web_server, "MOST_OF_ONE", of_one)
        app = FastAPI()
        app.get("/")(lambda: "here")
        app.post("/")(lambda body: body)
        listening = listen("127.0.0.1", 0, "the test")
        port = listening.getsockname()[1]
        server = WebServer(app, listening, tls=tls, trusted_proxies=unbounded)
        server.start()
        client = httpx.Client(base_url=f"{request.param}://127.0.0.1:{port}", verify=False, timeout=60)
        running.extend([client, server])
        return port, client

    yield start
    for thing in running:
        thing.close() if isinstance(thing, httpx.Client) else thing.stop()


def own_certificate(folder: Path) -> Tls:
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", cert]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return Tls(cert=cert, key=key)


Silent = Callable[..., list[socket.socket]]


@pytest.fixture
def silent() -> Iterator[Silent]:
    """Makes connections that send some first bytes, or none, and no more."""
    made: list[socket.socket] = []

    def connect(port: int, count: int, first: bytes = b"") -> list[socket.socket]:
        new = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        made.extend(new)
        for one in new:
            one.sendall(first)
        return new

    yield connect
    for one in made:
        one.close()


def is_closed(one: socket.socket) -> bool:
    one.settimeout(0.01)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"])
@pytest.mark.parametrize(("bounds"), [{"most": 50, "unbounded": LOCAL}, {"of_one": 50}])
def test_the_silent_make_room_for_who_asks(serve: Any, silent: Silent, first: bytes, bounds: dict[str, Any]) -> None:
    port, client = serve(**bounds)
    crowd = silent(port, 200, first)
    assert client.get("/").json() == "here"
    wait_until(lambda: sum(map(is_closed, crowd)) >= 150)
    assert client.get("/").json() == "here"


def test_who_says_nothing_is_put_out_in_time(serve: Any, silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HEAD_SECONDS", 0.5)
    port, client = serve()
    crowd = silent(port, 20) + silent(port, 20, b"GET / HTTP/1.1\r\nHost:")
    wait_until(lambda: all(map(is_closed, crowd)))
    assert client.get("/").json() == "here"


def test_a_body_that_never_ends_and_a_second_head_are_put_out_too(
    serve: Any, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(gate, "BODY_SECONDS", 1.0)
    port, client = serve()
    if client.base_url.scheme == "https":
        return  # the same above TLS, and these sockets speak none
    whole = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    body = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc"
    (kept,), (posting,) = silent(port, 1, whole), silent(port, 1, body)
    assert kept.recv(100).startswith(b"HTTP/1.1 200")
    kept.sendall(whole[:9])
    for one in (kept, posting):
        one.settimeout(30)
        while one.recv(1000):
            pass


def test_an_address_that_has_enough_is_refused_while_all_of_its_connections_are_at_work(
    serve: Any, silent: Silent, caplog: pytest.LogCaptureFixture
) -> None:
    port, client = serve(of_one=3)
    if client.base_url.scheme == "https":
        return
    crowd = silent(port, 3, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert all(one.recv(100).startswith(b"HTTP/1.1 200") for one in crowd)
    (late,) = silent(port, 1)
    wait_until(lambda: is_closed(late))
    assert "too many connections of 127.0.0.1, all busy: one is refused" in caplog.text
    crowd[0].close()
    wait_until(lambda: not _refused(client))


def _refused(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code != 200
    except httpx.TransportError:
        return True


def test_a_server_that_may_open_few_files_keeps_its_pages_and_a_short_log(silent: Silent, tmp_path: Path) -> None:
    """The whole server in a process of its own that may open 256 files, under 1,000 silent connections."""
    if sys.platform == "win32":
        pytest.skip("Windows has no such limit")
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "from smartcart.scripts.main import main; sys.exit(main(sys.argv[1:]))\n"
    )
    words = [sys.executable, "-c", program, "server", "--port", "0", "--ledger", "memory:"]
    said = tmp_path / "said"
    with (
        said.open("w") as errors,
        subprocess.Popen(
            [*words, "--broker", "mqtt://127.0.0.1:1"], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout
        url = process.stdout.readline().split()[2].rstrip(";")
        try:
            silent(int(url.rstrip("/").rpartition(":")[2]), 1000)
            answers = [httpx.get(f"{url}healthz", timeout=30).status_code for _ in range(20)]
        finally:
            process.terminate()
    lines = said.read_text().splitlines()
    assert answers == [200] * 20
    assert len(lines) < 60, lines[:100]


def test_what_is_said_again_and_again_is_said_a_few_times_and_counted() -> None:
    now = [0.0]
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(PlainLine())
    handler.addFilter(Repeated(lambda: now[0]))
    log = logging.getLogger("test_repeated")
    log.propagate = False
    log.addHandler(handler)
    for number in range(1000):
        log.warning("no room for %d", number)
        log.error("%s", f"fault {number % 2}")
    assert [out.getvalue().count(words) for words in ("no room", "fault 0", "fault 1")] == [20, 20, 20]
    now[0] = 61
    log.warning("no room for %d", 1000)
    assert "no room for 1000 left_out=980" in out.getvalue()
    log.removeHandler(handler)
