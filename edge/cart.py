"""One cart at work: the frame loop and everything attached to it."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol, Self

from smartcart.edge.capture.frames import Frame
from smartcart.edge.codes.scan import CodeScan
from smartcart.edge.contract.events import CameraHealth, Command
from smartcart.edge.delivery.publisher import Publisher
from smartcart.edge.delivery.sink import SinkError
from smartcart.edge.gallery.teacher import Teacher
from smartcart.edge.judge.decision import Decision
from smartcart.edge.pipeline import Pipeline, Step
from smartcart.edge.vision.camera_health import CameraWatch

log = logging.getLogger(__name__)


class Carrier(Protocol):
    """Delivers events and publishes the cart's status: the courier, or nothing."""

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
    """Runs one camera's pipeline, and publishes its decisions and its status.

    A decision that the sink cannot take (outbox or disk full) waits in memory and is retried with every frame.
    """

    def __init__(
        self, pipeline: Pipeline, publisher: Publisher, watch: CameraWatch, scan: CodeScan | None = None
    ) -> None:
        self._pipeline = pipeline
        self._publisher = publisher
        self._watch = watch
        self._scan = scan
        self._carrier: Carrier = NoCarrier()
        self._lock = threading.RLock()
        self._held: deque[Decision] = deque()
        self._stood: dict[str, int] = {}
        self._initial: Mapping[str, int] = {}
        self._started = False
        self._present = True
        self._complained = False
        self._stopping = False

    def run(
        self,
        frames: Iterable[Frame],
        carrier: Carrier,
        *,
        initial: Mapping[str, int] | None = None,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """Works until the frames end or ``stop`` is called; then decides an open visit and ends the session.

        Args:
            initial: label to count of the items in the basket at the start.

        Raises:
            SourceError: the source failed; the session is ended first.
            SinkError: the session could not be ended; it continues at the next start.
        """
        self._carrier = carrier
        self._initial = initial or {}
        with self._lock:
            self._publish_held()
            self._tell()
        try:
            for step in self._pipeline.run(frames):
                self._take(step)
                on_step(step)
                if self._stopping:
                    break
        finally:
            if self._pipeline.teacher is not None:
                self._pipeline.teacher.close()
            with self._lock:
                self._held.extend(self._pipeline.named(self._pipeline.judge.finish()))
                self._publish_held()
                self._publisher.end()
                self._tell()
                self._carrier.wake()

    def stop(self) -> None:
        """Ends ``run`` after the current frame; may be called from a signal handler."""
        self._stopping = True

    def camera_present(self, present: bool) -> None:
        """Called by the source, from its thread, when the camera goes away or is back."""
        log.warning("the camera %s", "is back" if present else "is gone; trying to open it again")
        with self._lock:
            self._present = present
            self._tell()

    def command(self, command: Command) -> None:
        """Does what the server asks; called from the network thread."""
        if command.action == "scan":
            if self._scan is not None and command.scan is not None:
                self._scan.ask(command.scan)
            return
        with self._lock:
            self._publish_held()
            if not self._held:
                self._attempt(partial(self._obey, command))
            self._tell()
            self._carrier.wake()

    def _obey(self, command: Command) -> None:
        match command.action:
            case "start_session":
                self._publisher.reopen(self._contents())
            case "end_session" if command.session in (None, self._publisher.session):
                self._publisher.end()
            case "show_corrections" if command.session == self._publisher.session and command.corrections:
                newest = command.corrections[-1]
                log.info("staff corrected the basket: %s %s x %d", newest.action, newest.label, newest.quantity)
            case "teach" | "teach_end" if self._pipeline.teacher is not None:
                self._teach(self._pipeline.teacher, command)

    @staticmethod
    def _teach(teacher: Teacher, command: Command) -> None:
        lesson = command.lesson or ""
        if command.action == "teach_end":
            teacher.end(lesson, keep=command.keep)
        else:
            teacher.begin(lesson, command.sku or "", command.name or "")

    def _take(self, step: Step) -> None:
        if step.taught is None:
            self._watch.update(step.frame)
        else:
            self._carrier.wake()  # a product close to the lens does not mean that the camera is covered or was moved
        with self._lock:
            self._held.extend(step.decisions)
            self._publish_held()
            self._stood = self._contents()
            if self._started and not self._held:
                self._attempt(self._publisher.idle)
            self._tell()

    def _publish_held(self) -> None:
        """Opens the session if it is not open yet, then publishes waiting decisions in order."""
        if not self._started:
            self._started = self._attempt(partial(self._publisher.start, self._initial))
        while self._started and self._held:
            if not self._attempt(partial(self._publisher.decided, self._held[0], self._stood)):
                return
            self._held.popleft()
            self._carrier.wake()

    def _attempt(self, publish: Callable[[], None]) -> bool:
        """True if the sink took it; a refusal is reported once and retried with the next frame."""
        try:
            publish()
        except SinkError as error:
            if not self._complained:
                log.error("%s", error)
            self._complained = True
            return False
        self._complained = False
        return True

    def _contents(self) -> dict[str, int]:
        return dict(Counter(item.label for item in self._pipeline.judge.contents))

    def _tell(self) -> None:
        health = self._watch.health if self._present else CameraHealth.GONE
        self._carrier.tell(camera=health, session=self._publisher.session)
