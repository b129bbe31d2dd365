"""The publisher on a real outbox: a session that grows too long goes on as another, and nothing is lost or doubled."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from smartcart.edge.contract.events import Event, EventType, ModelName, parse_event
from smartcart.edge.delivery import publisher as publisher_module
from smartcart.edge.delivery.outbox import Outbox, OutboxFullError
from smartcart.edge.delivery.publisher import LONGEST_SESSION, Identity, Publisher
from smartcart.edge.judge.decision import Decision
from smartcart.server.mqtt.intake import MOST_EVENTS

IDENTITY = Identity(store="s", cart="c", model=ModelName(name="scripted", hash="00000000"))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.sqlite", store="s", cart="c", capacity=12)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def short_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "LONGEST_SESSION", 5)


def decision(number: int) -> Decision:
    return Decision(
        type=EventType.ITEM_ADDED,
        label="can",
        media_time=float(number),
        quantity=1,
        confidence=0.9,
        candidates=(),
        evidence={},
        box=None,
        track=number,
    )


def waiting(box: Outbox) -> list[Event]:
    return [parse_event(letter.payload) for letter in box.waiting(1000)]


def test_a_server_takes_longer_sessions_than_a_cart_makes() -> None:
    assert MOST_EVENTS >= 2 * LONGEST_SESSION


def test_a_session_that_is_too_long_ends_and_another_begins_with_what_is_there(box: Outbox) -> None:
    publisher, told = Publisher(box, IDENTITY), []
    publisher.start()
    for number in range(9):
        publisher.decided(decision(number), {"can": number})
        told += waiting(box)
        box.committed([event.id for event in waiting(box)])
    names = {EventType.SESSION_STARTED: "start", EventType.SESSION_ENDED: "end", EventType.ITEM_ADDED: "add"}
    sessions: dict[str, list[str]] = {}
    for event in told:
        sessions.setdefault(event.session, []).append(names[event.type])
        assert event.seq == len(sessions[event.session])
    whole = ["start", "add", "add", "add", "add", "end"]
    assert list(sessions.values()) == [whole, whole, ["start", "add"]]
    assert [event.initial for event in told if event.type is EventType.SESSION_STARTED] == [{}, {"can": 4}, {"can": 8}]
    assert [event.track for event in told if event.type is EventType.ITEM_ADDED] == list(range(9))


def test_a_full_outbox_in_between_doubles_and_loses_nothing(box: Outbox) -> None:
    publisher, told, numbers = Publisher(box, IDENTITY), list[Event](), count()
    publisher.start()
    refusals, number = 0, next(numbers)
    while number < 20:
        try:
            publisher.decided(decision(number), {})
        except OutboxFullError:  # at every place in turn, since what makes room is a number that fits no session
            refusals += 1
            oldest = waiting(box)[:1]
            told += oldest
            box.committed([event.id for event in oldest])
        else:
            number = next(numbers)
    told += waiting(box)
    assert refusals >= 10
    assert [event.track for event in told if event.type is EventType.ITEM_ADDED] == list(range(20))
    assert [event.seq for event in told] == [*([1, 2, 3, 4, 5, 6] * 5)][: len(told)]


def test_a_crash_does_not_make_a_session_longer_than_the_next_decision(box: Outbox) -> None:
    publisher = Publisher(box, IDENTITY)
    publisher.start()
    for number in range(4):
        publisher.decided(decision(number), {})
    for _ in range(2):
        again = Publisher(box, IDENTITY)
        again.start()
    again.decided(decision(4), {"can": 4})
    events = waiting(box)
    assert [str(event.type) for event in events[5:]] == ["item_uncertain"] * 2 + [
        "session_ended",
        "session_started",
        "item_added",
    ]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]
