"""The HTTP server: uvicorn in its own thread, on a socket that is already open."""

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from typing import Final

import uvicorn
from fastapi import FastAPI

from smartcart.server.http.gate import MOST_OF_ONE, Gate, GatedSocket, gated_protocol, most_connections
from smartcart.server.http.tls import Tls

_GRACE_SECONDS: Final = 3


class WebServer:
    """Serves an application from ``start`` to ``stop``.

    Args:
        trusted_proxies: addresses of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` count.
    """

    def __init__(
        self, app: FastAPI, listening: socket.socket, *, tls: Tls | None = None, trusted_proxies: Sequence[str] = ()
    ) -> None:
        gate = Gate(most=most_connections(), most_of_one=MOST_OF_ONE, unbounded=trusted_proxies)
        self._listening = GatedSocket(listening, gate)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=gated_protocol(gate),
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                forwarded_allow_ips=list(trusted_proxies),
                ssl_certfile=tls.cert if tls else None,
                ssl_keyfile=tls.key if tls else None,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                lifespan="off",
                ws="none",
            )
        )
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Starts to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Gives open requests a moment to finish, and ends."""
        self._server.should_exit = True
        self._thread.join()

    def _serve(self) -> None:
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        asyncio.run(self._server.serve(sockets=[self._listening]))
