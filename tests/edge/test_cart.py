"""A whole cart on scripted frames: sessions, crashes, a full outbox, commands, and what the status is told."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from scenes import ZONE, Thing, frames, hand, resting

from smartcart.edge.capture.frames import Frame, SourceError
from smartcart.edge.cart import Cart, NoCarrier
from smartcart.edge.contract.events import CameraHealth, Command, Event, EventType, ModelName, parse_event
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.delivery.sink import JsonLines, Sink, SinkError
from smartcart.edge.judge.judge import Judge
from smartcart.edge.pipeline import Pipeline, Step
from smartcart.edge.tracking.tracker import CartTracker
from smartcart.edge.vision.camera_health import CameraWatch
from smartcart.edge.vision.detection import Detection

IDENTITY = Identity(store="s", cart="c", model=ModelName(name="scripted", hash="00000000"))
IN = Thing("can", ((1, 0.5, -0.02), (2, 0.5, 0.6), (60, 0.5, 0.6)))
HAND_IN = hand((1, 0.5, -0.05), (2, 0.5, 0.5), (2.5, 0.5, 0.5), (3.5, 0.5, -0.05))
SCENE = [resting("bottle", 0.2, 0.6), IN, HAND_IN]


class Scripted:
    """Frames without a picture worth looking at, and the detections that belong to them."""

    model = IDENTITY.model

    def __init__(self, things: Sequence[Thing], seconds: float) -> None:
        self._script = list(frames(things, seconds))

    def detect(self, frame: Frame) -> Sequence[Detection]:
        return self._script[frame.index][1]

    def __iter__(self) -> Iterator[Frame]:
        rng = np.random.default_rng(1)
        for index, (time, _) in enumerate(self._script):
            yield Frame(image=rng.integers(0, 255, (24, 32, 3), np.uint8), index=index, time=time)


def cart(scripted: Scripted, sink: Sink, **more: object) -> Cart:
    pipeline = Pipeline(detector=scripted, tracker=CartTracker(), judge=Judge(ZONE))
    return Cart(pipeline, Publisher(sink, IDENTITY, **more), CameraWatch(ZONE))  # type: ignore[arg-type]


def outbox(path: Path, **more: int) -> Outbox:
    return Outbox(path / "outbox.sqlite", store="s", cart="c", **more)


def waiting(box: Outbox) -> list[Event]:
    return [parse_event(letter.payload) for letter in box.waiting(1000)]


def test_one_visit_is_a_session_with_one_item(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path), Scripted(SCENE, 6)
    cart(scripted, box).run(scripted, NoCarrier())
    events = waiting(box)
    assert [str(e.type) for e in events] == ["session_started", "item_added", "session_ended"]
    assert [e.seq for e in events] == [1, 2, 3]
    assert events[0].initial == {}
    assert events[1].label == "can"
    assert len({e.session for e in events}) == 1


def test_events_go_to_a_file_as_json_lines(tmp_path: Path) -> None:
    scripted = Scripted(SCENE, 6)
    with JsonLines(tmp_path / "events.jsonl") as sink:
        cart(scripted, sink).run(scripted, NoCarrier(), initial={"bottle": 1})
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == ["session_started", "item_added", "session_ended"]
    assert lines[0]["initial"] == {"bottle": 1}


def test_a_session_that_a_crash_left_open_goes_on_with_an_uncertain_event(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    Publisher(box, IDENTITY).start()
    box.close()  # no session_ended: the process died
    box, scripted = outbox(tmp_path), Scripted(SCENE, 6)
    cart(scripted, box).run(scripted, NoCarrier())
    events = waiting(box)
    assert [str(e.type) for e in events] == ["session_started", "item_uncertain", "item_added", "session_ended"]
    assert events[1].label is None
    assert len({e.session for e in events}) == 1
    assert [e.seq for e in events] == [1, 2, 3, 4]


def test_a_full_outbox_holds_the_decision_until_there_is_room(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path, capacity=1), Scripted(SCENE, 8)
    at_work = cart(scripted, box)

    def room_at_six(step: object) -> None:
        if getattr(step, "frame").time >= 6 and waiting(box)[0].type is EventType.SESSION_STARTED:  # noqa: B009
            box.committed([waiting(box)[0].id])

    with pytest.raises(Exception, match="is full"):  # no room for session_ended
        at_work.run(scripted, NoCarrier(), on_step=room_at_six)
    assert [str(e.type) for e in waiting(box)] == ["item_added"]


def test_the_session_ends_by_itself_after_idle_time_and_the_next_item_opens_another(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path), Scripted(SCENE, 6)
    minutes = iter(range(0, 600_000, 60))
    cart(scripted, box, steady=lambda: float(next(minutes)), idle_after=600).run(scripted, NoCarrier())
    kinds = [str(e.type) for e in waiting(box)]
    assert kinds[:2] == ["session_started", "session_ended"]
    assert kinds[2:4] == ["session_started", "item_added"]
    assert waiting(box)[2].initial == {"bottle": 1}


def test_the_server_can_end_and_start_a_session(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path), Scripted([resting("bottle", 0.2, 0.6)], 4)
    at_work = cart(scripted, box)
    commands = {
        30: Command(action="end_session"),
        60: Command(action="start_session"),
        90: Command(action="start_session"),
    }

    def obey(step: object) -> None:
        command = commands.get(getattr(step, "frame").index)  # noqa: B009
        if command:
            at_work.command(command)

    at_work.run(scripted, NoCarrier(), on_step=obey)
    events = waiting(box)
    assert [str(e.type) for e in events] == ["session_started", "session_ended"] * 2
    assert events[2].initial == {"bottle": 1}
    assert len({e.session for e in events}) == 2


class Told(NoCarrier):
    def __init__(self) -> None:
        self.states: list[tuple[CameraHealth, bool]] = []

    def tell(self, *, camera: CameraHealth, session: str | None) -> None:
        self.states.append((camera, session is not None))


def test_a_camera_that_goes_away_is_told_and_so_is_its_return(tmp_path: Path) -> None:
    box, scripted, told = outbox(tmp_path), Scripted([], 1), Told()
    at_work = cart(scripted, box)
    at_work.run(scripted, told)
    at_work.camera_present(False)
    assert told.states[-1][0] is CameraHealth.GONE
    at_work.camera_present(True)
    assert told.states[-1][0] is CameraHealth.OK


def test_a_source_that_breaks_off_still_gets_its_last_visit_decided(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path), Scripted(SCENE, 6)

    def breaks_off() -> Iterator[Frame]:
        for frame in scripted:
            if frame.time > 3.9:
                raise SourceError("clip.mp4: is cut off")
            yield frame

    with pytest.raises(SourceError, match="is cut off"):
        cart(scripted, box).run(breaks_off(), NoCarrier())
    assert [str(e.type) for e in waiting(box)] == ["session_started", "item_added", "session_ended"]


def test_gone_stays_gone_while_the_last_frames_are_worked_on(tmp_path: Path) -> None:
    box, scripted, told = outbox(tmp_path), Scripted([], 1), Told()
    at_work = cart(scripted, box)
    at_work.run(scripted, told, on_step=lambda step: at_work.camera_present(False) if step.frame.index == 5 else None)
    assert {health for health, _ in told.states[8:]} == {CameraHealth.GONE}


def test_a_stop_decides_the_visit_that_has_just_ended(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path), Scripted(SCENE, 8)
    at_work = cart(scripted, box)
    at_work.run(scripted, NoCarrier(), on_step=lambda step: at_work.stop() if step.frame.time > 3.8 else None)
    assert [str(e.type) for e in waiting(box)] == ["session_started", "item_added", "session_ended"]


def test_a_full_outbox_at_the_start_keeps_the_edge_up(tmp_path: Path) -> None:
    box, scripted = outbox(tmp_path, capacity=3), Scripted(SCENE, 8)
    publisher = Publisher(box, IDENTITY)
    publisher.start()
    publisher.end()
    publisher.start()
    publisher.session = None
    assert box.full()

    def room_at_six(step: Step) -> None:
        if step.frame.index == 180:
            box.committed([event.id for event in waiting(box)])

    cart(scripted, box).run(scripted, NoCarrier(), on_step=room_at_six)
    assert [str(e.type) for e in waiting(box)] == ["item_uncertain", "item_added", "session_ended"]
    assert [e.seq for e in waiting(box)] == [2, 3, 4]


def test_a_full_disk_leaves_no_half_or_double_line(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are not installed on Windows")
    path = tmp_path / "events.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with JsonLines(path) as sink:
        publisher = Publisher(sink, IDENTITY)
        publisher.start()
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 40, limits[1]))  # room for half a line
        try:
            for _ in range(3):
                with pytest.raises(SinkError, match="cannot be written"):
                    publisher.end()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        publisher.end()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["type"], line["seq"]) for line in lines] == [("session_started", 1), ("session_ended", 2)]
