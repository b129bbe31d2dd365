"""The wire contract: golden messages, refusals with a reason, and documents that equal the code."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcart.edge.contract.code import MOST_LETTERS, CodeReport
from smartcart.edge.contract.documents import FOLDER, documents
from smartcart.edge.contract.events import (
    ACK,
    EVENT,
    MAX_EVENT_BYTES,
    Ack,
    CameraHealth,
    Channel,
    Command,
    ContractError,
    ModelName,
    Status,
    Topic,
    check,
    parse_ack,
    parse_command,
    parse_event,
    parse_status,
    parse_topic,
    read_again,
)
from smartcart.edge.contract.lesson import LessonReport

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
ADDED = json.loads((Path(__file__).parent / "golden" / "item_added.json").read_text())
TOPIC = Topic(store="store-1", cart="cart-7", channel=Channel.EVENTS)


def wire(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()


def refusal(message: dict[str, Any], topic: Topic | None = TOPIC) -> ContractError:
    with pytest.raises(ContractError) as caught:
        parse_event(wire(message), topic)
    return caught.value


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_golden_messages_are_read_and_written_back_unchanged(path: Path) -> None:
    message = json.loads(path.read_text())
    event = parse_event(wire(message), TOPIC)
    assert event.to_json() == message
    assert parse_event(event.to_bytes(), TOPIC) == event
    assert read_again(event.to_bytes()) == event


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_golden_messages_satisfy_the_published_schema(path: Path) -> None:
    schema = json.loads((FOLDER / "event.schema.json").read_text())
    jsonschema.validate(json.loads(path.read_text()), schema, cls=jsonschema.Draft202012Validator)


def test_an_unknown_field_is_kept() -> None:
    event = parse_event(wire(ADDED | {"freshness": {"days": 3}}), TOPIC)
    assert event.extra == {"freshness": {"days": 3}}
    assert json.loads(event.to_bytes())["freshness"] == {"days": 3}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "item_teleported"}, "unknown"),
        ({"schema": "smartcart.event/2"}, "newer"),
        ({"schema": "smartcart.event/two"}, "is not smartcart.event/1"),
        ({"schema": None}, "is not smartcart.event/1"),
        ({"cart": "cart-8"}, "came on the topic of"),
        ({"store": "a/b"}, "does not match"),
        ({"seq": 0}, "out of range"),
        ({"seq": True}, "must be integer"),
        ({"seq": 1.5}, "must be integer"),
        ({"confidence": 1.01}, "out of range"),
        ({"confidence": None}, "is null"),
        ({"label": None}, "is null"),
        ({"candidates": [["added", "bottle"]]}, "entries"),
        ({"box": [0, 0, 1]}, "entries"),
        ({"time": "yesterday"}, "does not match"),
        ({"evidence": {"text": "x" * 9000}}, "over"),
        ({"initial": {}}, "belongs to session_started"),
        ({"type": "session_ended"}, "not carry item fields"),
        ({"products": [["MILK", 1.2]]}, "out of range"),
        ({"products": [["MILK", 0.1]] * 9}, "entries"),
        ({"source": "crystal ball"}, "unknown"),
        ({"gallery": -1}, "out of range"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_a_wrong_message_is_refused_with_a_reason_and_its_id(change: dict[str, Any], reason: str) -> None:
    error = refusal(ADDED | change)
    assert reason in error.reason
    assert error.event_id == ADDED["id"]


def test_what_could_not_be_written_again_is_refused_with_its_id() -> None:
    for note in ("\ud800", float("inf")):
        text = json.dumps(ADDED | {"note": note}).replace("Infinity", "1e999")
        with pytest.raises(ContractError, match="written as JSON again") as caught:
            parse_event(text.encode(), TOPIC)
        assert caught.value.event_id == ADDED["id"]


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"{}", b"\xff", b'{"type": "item_added"}', b"[" * 20_000])
def test_a_damaged_event_is_said_to_be_one(payload: bytes) -> None:
    with pytest.raises(ContractError, match="damaged"):
        read_again(payload)


def test_a_missing_field_is_named() -> None:
    assert "event.seq is missing" in refusal({k: v for k, v in ADDED.items() if k != "seq"}).reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x00\xff\xfe binary", "not UTF-8"),
        (b"", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"confidence": NaN}', "not a JSON number"),
        (b"[" * 20_000, "nested"),
        (b" " * (MAX_EVENT_BYTES + 1), "over the limit"),
    ],
    ids=["binary", "empty", "array", "nan", "nested", "oversized"],
)
def test_what_is_no_message_is_refused_without_an_id(payload: bytes, reason: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_event(payload, TOPIC)
    assert reason in caught.value.reason
    assert caught.value.event_id is None


def test_topics_are_read_and_forged_ones_refused() -> None:
    assert parse_topic(str(TOPIC)) == TOPIC
    for forged in ("smartcart/v2/s/c/events", "smartcart/v1/s/c/x", "smartcart/v1/s/+/events", "a/v1/s/c/events", ""):
        with pytest.raises(ContractError):
            parse_topic(forged)


def test_status_ack_and_command_come_back_as_they_were_sent() -> None:
    status = Status(
        online=True,
        time="2026-11-21T10:00:00Z",
        version="0.1.0",
        model=ModelName(name="eye", hash="0123456789ab"),
        camera=CameraHealth.COVERED,
        outbox=3,
        gallery=4,
        teaching=False,
        extra={"battery": 0.5},
    )
    assert parse_status(status.to_bytes()) == status
    ack = Ack(committed=(ADDED["id"],), rejected=((ADDED["session"], "bad"),))
    assert parse_ack(ack.to_bytes()) == ack
    command = Command(action="end_session", session=ADDED["session"])
    assert parse_command(command.to_bytes()) == command
    with pytest.raises(ContractError, match="unknown"):
        parse_command(b'{"action": "self_destruct"}')


GOLDEN_ASKED = Path(__file__).parent / "golden"
ASKED = sorted(path for folder in ("lessons", "scans") for path in (GOLDEN_ASKED / folder).glob("*.json"))
TEACH = json.loads((GOLDEN_ASKED / "lessons" / "command_teach.json").read_text())
READERS: dict[str, Callable[[bytes], Command | LessonReport | CodeReport]] = {
    "command": parse_command,
    "lesson": LessonReport.from_bytes,
    "code": CodeReport.from_bytes,
}


@pytest.mark.parametrize("path", ASKED, ids=lambda p: p.stem)
def test_golden_messages_of_lessons_and_scans_are_read_and_written_back_unchanged(path: Path) -> None:
    message, word = json.loads(path.read_text()), path.stem.partition("_")[0]
    assert json.loads(READERS[word](wire(message)).to_bytes()) == message
    schema = json.loads((FOLDER / f"{word}.schema.json").read_text())
    jsonschema.validate(message, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", ["lesson", "sku", "name"])
def test_a_command_to_teach_names_lesson_and_product(name: str) -> None:
    with pytest.raises(ContractError, match=f"command.{name} is missing"):
        parse_command(wire({key: value for key, value in TEACH.items() if key != name}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "bored"}, "unknown"),
        ({"progress": 1.2}, "out of range"),
        ({"state": "learnt"}, "belongs to a learnt lesson"),
        ({"gallery": "AAAA"}, "belongs to a learnt lesson"),
        ({"state": "learnt", "gallery": "a"}, "not base64"),
        ({"schema": "smartcart.lesson/2"}, "unknown"),
    ],
    ids=str,
)
def test_a_wrong_report_of_a_lesson_is_refused(change: dict[str, Any], reason: str) -> None:
    message = json.loads((Path(__file__).parent / "golden" / "lessons" / "lesson_teaching.json").read_text())
    with pytest.raises(ContractError, match=reason):
        LessonReport.from_bytes(wire(message | change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": ""}, "text"),
        ({"text": "0" * (MOST_LETTERS + 1)}, "text"),
        ({"text": 4006381333931}, "text"),
        ({"scan": "../x"}, "scan"),
        ({"schema": "smartcart.code/2"}, "unknown"),
    ],
    ids=str,
)
def test_a_wrong_report_of_a_code_is_refused(change: dict[str, Any], reason: str) -> None:
    message = json.loads((GOLDEN_ASKED / "scans" / "code_read.json").read_text())
    with pytest.raises(ContractError, match=reason):
        CodeReport.from_bytes(wire(message | change))


CORRECTION = {
    **{"type": "item_corrected", "id": ADDED["id"], "corrects": ADDED["session"], "action": "added", "label": "can"},
    **{"sku": "CAN", "quantity": 2, "by": None, "time": "2026-11-21T10:00:00Z"},
}


@pytest.mark.parametrize("more", [{}, {"source": "scan"}, {"source": "find"}], ids=str)
def test_corrections_are_shown_on_the_cart(more: dict[str, Any]) -> None:
    message = {"action": "show_corrections", "session": ADDED["session"], "corrections": [CORRECTION | more]}
    command = parse_command(wire(message))
    assert command.corrections[0].to_json() == CORRECTION | more
    assert json.loads(command.to_bytes()) == message
    schema = json.loads((FOLDER / "command.schema.json").read_text())
    jsonschema.validate(message, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"action": "eaten"}, "unknown"),
        ({"label": None}, "label is null"),
        ({"action": "none", "corrects": None}, "must name"),
        ({"quantity": 0}, "out of range"),
        ({"type": "item_added"}, "unknown"),
        ({"source": "guess"}, "unknown"),
    ],
    ids=str,
)
def test_a_wrong_correction_is_refused(change: dict[str, Any], reason: str) -> None:
    message = {"action": "show_corrections", "corrections": [CORRECTION | change]}
    with pytest.raises(ContractError, match=reason):
        parse_command(wire(message))


def test_the_published_documents_equal_the_code() -> None:
    on_disk = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    assert on_disk == documents(), "run: python -m smartcart.edge.contract.documents"


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = documents()["asyncapi.json"]
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        node = document
        for key in reference.split("/"):
            node = node[key]
        assert node


# no 1.0: JSON Schema counts it as an integer, while a wire integer is written without a point
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-2, 2).filter(lambda x: not x.is_integer())
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(EVENT["properties"])), value=JSON_VALUES)
def test_our_check_agrees_with_a_json_schema_library(field: str, value: Any) -> None:
    message = ADDED | {field: value}
    assert taken(message, EVENT) == jsonschema.Draft202012Validator(EVENT).is_valid(message)


@given(value=JSON_VALUES)
def test_our_check_agrees_on_answers_too(value: Any) -> None:
    message = {"committed": value, "rejected": []}
    assert taken(message, ACK) == jsonschema.Draft202012Validator(ACK).is_valid(message)


def taken(message: Any, schema: dict[str, Any]) -> bool:
    try:
        check(message, schema, "message")
    except ContractError:
        return False
    return True
