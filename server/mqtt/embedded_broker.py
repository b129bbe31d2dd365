"""The embedded MQTT broker: amqtt in its own thread, for a laptop and a demo.

It speaks MQTT 3.1.1 only, keeps everything in memory, accepts everybody, and holds some hundred carts. A store runs
Mosquitto instead. It reads no configuration and writes no file.
"""

import asyncio
import logging
import socket
import threading
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from amqtt.adapters import ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from smartcart.server.runtime.listening import listen

_MQTT_311: Final = 4
_CONNECT: Final = 0x10
_REFUSED_VERSION: Final = b"\x20\x02\x00\x01"
_CONNECT_SECONDS: Final = 10
_FAREWELL_SECONDS: Final = 0.2
"""How long an outgoing goodbye is waited for."""
_LISTENER: Final = "default"


class Everybody(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Accepts every client.

    amqtt's own anonymous plug-in does so too, but keeps nothing for a client that is away.
    """

    async def authenticate(self, *, session: Session) -> bool:
        return True


class _Will(NamedTuple):
    topic: str
    message: bytes
    qos: int
    retain: bool


class _Broker(Broker):  # type: ignore[misc]  # amqtt has no types
    """amqtt without two of its faults; see each method."""

    def __init__(self, config: BrokerConfig) -> None:
        super().__init__(config, loop=asyncio.get_running_loop())
        self._connected: dict[str, asyncio.Task[None] | None] = {}
        self._wills: dict[str, _Will] = {}

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """amqtt sends a new client the retained messages of all subscriptions; this sends only those of its own."""
        if any(holder is session for holder, _ in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _handle_client_session(
        self, reader: ReaderAdapter, writer: StreamWriterAdapter, session: Session, *more: Any
    ) -> None:
        """When the older connection of a returned client ends, amqtt considers it gone and sends it nothing more.

        So the older one is ended first, and its last will is published before the new one is heard, as MQTT requires.
        """
        name = session.client_id
        while (older := self._connected.get(name)) is not None:
            ended, _ = await asyncio.wait([older], timeout=_FAREWELL_SECONDS)
            if ended:
                continue
            will = self._wills.get(name)
            older.cancel()
            await asyncio.wait([older])
            if will is not None:
                await self._broadcast_message(session, will.topic, will.message, will.qos)
            if will is not None and will.retain:
                await self.retain_message(session, will.topic, will.message, will.qos)
        self._connected[name] = asyncio.current_task()
        if session.will_flag:
            self._wills[name] = _Will(session.will_topic, session.will_message, session.will_qos, session.will_retain)
        try:
            await super()._handle_client_session(reader, writer, session, *more)
        finally:
            del self._connected[name]
            self._wills.pop(name, None)

    async def _handle_disconnect(self, session: Session, *more: Any) -> None:
        """From here on amqtt sends the will itself, or the client has said goodbye and has none."""
        self._wills.pop(session.client_id, None)
        await super()._handle_disconnect(session, *more)


class EmbeddedBroker:
    """An MQTT broker inside this process, started and stopped as a context manager.

    ``port=0`` takes a free port; ``port`` and ``url`` are the real ones.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 1883) -> None:
        self._host = host
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"mqtt://{host}:{self._port}"

    def start(self) -> None:
        """Opens the port and serves until ``stop``.

        Raises:
            ListenError: the port is taken, or the address is not this machine's.
        """
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        listening = listen(self._host, self._port, "the broker")
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listening,), name="mqtt-broker", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Closes every connection and the port; does nothing if it is not running."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, listening: socket.socket) -> None:
        try:
            asyncio.run(self._serve(listening))
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self, listening: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        config = BrokerConfig(
            listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
            plugins={f"{Everybody.__module__}.{Everybody.__name__}": {}},
        )
        broker = _Broker(config)
        await broker.start()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_connection(broker, reader, writer))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

        server = await asyncio.start_server(accept, sock=listening)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        await broker.shutdown()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


async def _connection(broker: _Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hands a client to amqtt, once it is known to speak 3.1.1.

    amqtt mistakes an MQTT 5 CONNECT for an incomplete 3.1.1 one and never answers. This answers "wrong version" at
    once, so that a client can come again with 3.1.1.
    """
    try:
        start, level = await asyncio.wait_for(_connect_start(reader), _CONNECT_SECONDS)
        if level == _MQTT_311:
            await broker.external_connected(_Rejoined(start, reader), StreamWriterAdapter(writer), _LISTENER)
        elif level is not None:
            writer.write(_REFUSED_VERSION)
            await writer.drain()
    except (OSError, EOFError, TimeoutError):
        pass  # the client went away, or never sent a CONNECT
    finally:
        writer.close()


async def _connect_start(reader: asyncio.StreamReader) -> tuple[bytes, int | None]:
    """The first bytes of a CONNECT up to its protocol level, and that level; None if it is not a CONNECT."""
    start = await reader.readexactly(2)
    while start[-1] & 0x80 and len(start) < 5:
        start += await reader.readexactly(1)
    if start[0] != _CONNECT:
        return start, None
    head = await reader.readexactly(7)
    return start + head, head[6] if head[:6] == b"\x00\x04MQTT" else None


class _Rejoined(ReaderAdapter):  # type: ignore[misc]  # amqtt has no types
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, reader: asyncio.StreamReader) -> None:
        self._start = start
        self._rest = StreamReaderAdapter(reader)

    async def read(self, n: int = -1) -> bytes:
        end = len(self._start) if n < 0 else n
        taken, self._start = self._start[:end], self._start[end:]
        if n < 0 or len(taken) < n:
            taken += await self._rest.read(n if n < 0 else n - len(taken))
        return taken

    def feed_eof(self) -> None:
        self._rest.feed_eof()
