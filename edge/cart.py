"""One cart at work: the frame loop with everything that hangs on it."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, Self

from smartcart.edge.camera_watch import CameraWatch
from smartcart.edge.decision import Decision
from smartcart.edge.events import CameraHealth, Command
from smartcart.edge.frames import Frame
from smartcart.edge.pipeline import Pipeline, Step
from smartcart.edge.publisher import Publisher
from smartcart.edge.sink import SinkError

log = logging.getLogger(__name__)


class Carrier(Protocol):
    """What brings events away and tells the cart's status: the courier, or nothing."""

    def tell(self, *, camera: CameraHealth, session: str | None) -> None: ...

    def wake(self) -> None: ...


class NoCarrier:
    """For a cart that writes its events to a file only."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def tell(self, *, camera: CameraHealth, session: str | None) -> None:
        pass

    def wake(self) -> None:
        pass


class Cart:
    """Runs one camera's pipeline, publishes its decisions and tells its status.

    A decision that the sink cannot take (outbox or disk full) waits in memory and is tried again with every frame.
    """

    def __init__(self, pipeline: Pipeline, publisher: Publisher, watch: CameraWatch) -> None:
        self._pipeline = pipeline
        self._publisher = publisher
        self._watch = watch
        self._carrier: Carrier = NoCarrier()
        self._lock = threading.RLock()
        self._held: deque[Decision] = deque()
        self._complained = False
        self._stopping = False
        self._stood: dict[str, int] = {}

    def run(
        self,
        frames: Iterable[Frame],
        carrier: Carrier,
        *,
        initial: Mapping[str, int] | None = None,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Works until the frames end or ``stop`` is called; ends the session on the way out.

        Args:
            initial: label to count of what stands in the basket at the start.

        Raises:
            SourceError: the source broke off; the session is ended first.
            SinkError: the session could not be opened or ended.
        """
        self._carrier = carrier
        with self._lock:
            self._publisher.start(initial)
            self._tell(CameraHealth.OK)
        try:
            for step in self._pipeline.run(frames):
                self._take(step)
                on_step(step)
                if self._stopping:
                    break
        finally:
            with self._lock:
                self._publish_held()
                self._publisher.end()
                self._tell(self._watch.health)
                self._carrier.wake()

    def stop(self) -> None:
        """Ends ``run`` after the frame under way."""
        self._stopping = True

    def camera_present(self, present: bool) -> None:
        """The source says that the camera went away or is back; called from the source's thread."""
        log.warning("the camera %s", "is back" if present else "is gone; trying to open it again")
        with self._lock:
            self._tell(self._watch.health if present else CameraHealth.GONE)

    def command(self, command: Command) -> None:
        """Does what the server asks; called from the network thread."""
        try:
            with self._lock:
                if command.action == "end_session" and command.session in (None, self._publisher.session):
                    self._publisher.end()
                elif command.action == "start_session" and self._publisher.session is None:
                    self._publisher.restart(self._contents())
                self._tell(self._watch.health)
                self._carrier.wake()
        except SinkError as error:
            log.error("%s", error)

    def _take(self, step: Step) -> None:
        health = self._watch.update(step.frame)
        with self._lock:
            self._held.extend(step.decisions)
            self._publish_held()
            self._stood = self._contents()
            self._publisher.idle()
            self._tell(health)

    def _publish_held(self) -> None:
        while self._held:
            try:
                self._publisher.decided(self._held[0], self._stood)
            except SinkError as error:
                if not self._complained:
                    log.error("%s", error)
                self._complained = True
                return
            self._complained = False
            self._held.popleft()
            self._carrier.wake()

    def _contents(self) -> dict[str, int]:
        return dict(Counter(item.label for item in self._pipeline.judge.contents))

    def _tell(self, health: CameraHealth) -> None:
        self._carrier.tell(camera=health, session=self._publisher.session)
