"""Wires one cart: source, detector, judge, publisher and delivery; used by ``edge`` and ``demo``."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from smartcart.edge.capture.frames import Frame, FrameSource
from smartcart.edge.capture.pacing import newest, real_time, thinned
from smartcart.edge.capture.sources import is_live, open_source
from smartcart.edge.capture.webcam import OWN_CHOICE, CameraMode
from smartcart.edge.cart import Cart, NoCarrier
from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import checked_name
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.evidence import Evidence
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.delivery.sink import JsonLines
from smartcart.edge.gallery.teacher import Teacher
from smartcart.edge.judge.decision import Decision
from smartcart.edge.pipeline import Step
from smartcart.edge.view.drawing import Annotator
from smartcart.edge.view.preview import Preview
from smartcart.edge.vision.camera_health import CameraWatch
from smartcart.edge.vision.detection import Detector
from smartcart.edge.vision.zone import Zone
from smartcart.scripts.cart_products import CartProducts
from smartcart.scripts.pipeline import build_pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class CartRun:
    """One run of one cart.

    Args:
        sink: a file for events as JSON lines; None sends them to ``broker`` through ``outbox``.
        fps: look at no more frames a second than this.
        mode: what a webcam is asked for.
        evidence: send a blurred crop of each event's item and what names it, which the server must take
            (``--evidence``).
        real_speed: whether a recording goes at the pace at which it was filmed.
        initial: what stands in the basket at the start, label to count.
        products: what names products; None names none.
    """

    source: str
    zone: Zone
    detector: Detector
    store: str
    cart: str
    broker: BrokerAddress
    outbox: Path
    sink: Path | None = None
    fps: float | None = None
    mode: CameraMode = OWN_CHOICE
    evidence: bool = False
    real_speed: bool = True
    initial: Mapping[str, int] = field(default_factory=dict)
    products: CartProducts | None = None

    def go(self, preview: Preview | None, on_start: Callable[[Callable[[], None]], None]) -> None:
        """Runs until the frames end or it is stopped; ``on_start`` receives the function that stops it.

        Raises:
            SourceError, SinkError, ContractError, BrokerAddressError: with what to do about it.
        """
        namer, embedder = (self.products.namer, self.products.embedder) if self.products else (None, None)
        teacher = Teacher(embedder, self.store) if embedder else None
        pipeline = build_pipeline(self.detector, self.zone, namer, teacher)
        identity = Identity(
            store=checked_name(self.store, "store"), cart=checked_name(self.cart, "cart"), model=self.detector.model
        )
        annotator = Annotator(self.zone, pipeline.judge)

        evidence = Evidence() if self.evidence else None

        def decided(decision: Decision, event_id: str) -> None:
            if evidence is None:
                return
            evidence.decided(decision, event_id)
            sights = namer.sights(decision) if namer is not None else None
            if sights is not None and isinstance(carrier, Courier):
                carrier.show_sights(event_id, sights)

        def show(step: Step) -> None:
            if preview and preview.watched:
                preview.show(annotator.draw(step))
            if evidence is not None and isinstance(carrier, Courier):
                evidence.see(step.frame, step.tracks)
                for picture in evidence.take():
                    carrier.show(picture)

        with contextlib.ExitStack() as stack:
            sink = stack.enter_context(JsonLines(self.sink)) if self.sink else self._open_outbox(stack, identity)
            publisher = Publisher(sink, identity, on_decided=decided)
            scan = self.products.scan if self.products else None
            cart = Cart(pipeline, publisher, CameraWatch(self.zone), scan)
            frames = open_source(self.source, mode=self.mode, on_presence=cart.camera_present)
            stack.callback(frames.close)
            carrier = self._courier(sink, identity, cart, teacher) if isinstance(sink, Outbox) else NoCarrier()
            stack.enter_context(carrier)
            on_start(partial(self._stop, cart, frames))
            cart.run(self._paced(frames), carrier, initial=self.initial, on_step=show)

    def farewell(self) -> str:
        """One sentence on the events, for the end of a run."""
        if self.sink:
            return f"ended; the events are in {self.sink}"
        outbox = Outbox(self.outbox, store=self.store, cart=self.cart)
        waiting = outbox.depth()
        outbox.close()
        if waiting:
            return f"ended; {waiting} events wait in {self.outbox} and will be sent when the edge runs again"
        return "ended; the server has committed every event"

    def _stop(self, cart: Cart, frames: FrameSource) -> None:
        cart.stop()
        if is_live(self.source):
            frames.close()  # it may be waiting for an absent camera

    def _open_outbox(self, stack: contextlib.ExitStack, identity: Identity) -> Outbox:
        outbox = Outbox(self.outbox, store=identity.store, cart=identity.cart)
        stack.callback(outbox.close)
        return outbox

    def _courier(self, outbox: Outbox, identity: Identity, cart: Cart, teacher: Teacher | None) -> Courier:
        return Courier(
            outbox,
            identity,
            broker=self.broker,
            version=version("smartcart"),
            on_command=cart.command,
            gallery=self.products.fetch if self.products else None,
            teacher=teacher,
            scan=self.products.scan if self.products else None,
        )

    def _paced(self, frames: FrameSource) -> Iterable[Frame]:
        paced: Iterable[Frame] = frames
        if is_live(self.source):
            paced = newest(frames)
        elif self.real_speed:
            paced = real_time(frames)
        return thinned(paced, self.fps) if self.fps else paced
