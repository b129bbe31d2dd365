"""The contract between cart and server: topics and messages, checked in one place.

Pure and standard library only: no clock, no I/O. Each message has a JSON Schema below. The parser walks that schema and
``smartcart.edge.contract`` publishes it, so the published document and the check cannot drift apart.

A field unknown to the contract is kept (``extra``) and written back. An unknown message type or a newer major schema is
refused with a reason.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Literal, cast

MAJOR: Final = 1
EVENT_SCHEMA: Final = f"smartcart.event/{MAJOR}"
STATUS_SCHEMA: Final = f"smartcart.status/{MAJOR}"
PREFIX: Final = f"smartcart/v{MAJOR}"
MAX_EVENT_BYTES: Final = 32 * 1024
MAX_EVIDENCE_BYTES: Final = 8 * 1024
MAX_DEPTH: Final = 32
"""Maximum nesting of a message: our own bound, because Python's depends on how deep its stack is."""
MAX_PICTURE_BYTES: Final = 64 * 1024
"""Maximum size of a picture in an ``evidence`` message."""
MAX_PRODUCTS: Final = 8
"""Maximum number of candidate products in an event."""
MAX_CORRECTIONS: Final = 20
"""Maximum number of corrections in a command; the newest count."""

_ID_LENGTH: Final = 36

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
ID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
TIME_PATTERN: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"

Json = dict[str, Any]
Outcome = Literal["added", "removed", "none"]
CorrectionSource = Literal["scan", "find"]
"""How a shopper named a product: by its number, or by its name."""


class ContractError(ValueError):
    """A message that cannot be accepted.

    ``reason`` says why in plain words; ``event_id`` is the id of the refused event if it could be read, so that the
    server can answer it under ``rejected``.
    """

    def __init__(self, reason: str, event_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.event_id = event_id


class EventType(StrEnum):
    """The type of an event."""

    ITEM_ADDED = "item_added"
    ITEM_REMOVED = "item_removed"
    ITEM_UNCERTAIN = "item_uncertain"
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"


ITEM_TYPES: Final = (EventType.ITEM_ADDED, EventType.ITEM_REMOVED, EventType.ITEM_UNCERTAIN)


class CameraHealth(StrEnum):
    """The camera's health, as reported in the status."""

    OK = "ok"
    COVERED = "covered"
    DARK = "dark"
    BLURRED = "blurred"
    FROZEN = "frozen"
    MOVED = "moved"
    GONE = "gone"


class Channel(StrEnum):
    """The last level of a topic."""

    EVENTS = "events"
    ACK = "ack"
    STATUS = "status"
    COMMAND = "command"
    EVIDENCE = "evidence"
    GALLERY = "gallery"
    FETCH = "fetch"
    PART = "part"
    LESSON = "lesson"
    SIGHTS = "sights"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """``smartcart/v1/{store}/{cart}/{channel}``."""

    store: str
    cart: str
    channel: Channel

    def __str__(self) -> str:
        return f"{PREFIX}/{self.store}/{self.cart}/{self.channel}"


def parse_topic(topic: str) -> Topic:
    """Reads a topic.

    Raises:
        ContractError: it is not one of the contract's topics.

    >>> parse_topic("smartcart/v1/store-1/cart-7/events").cart
    'cart-7'
    """
    head, _, rest = topic.partition("/v")
    major, *levels = rest.split("/")
    if head != "smartcart" or major != str(MAJOR) or len(levels) != 3:
        raise ContractError(f"topic {topic[:120]!r} is not {PREFIX}/STORE/CART/CHANNEL")
    store, cart, channel = levels
    if channel not in tuple(Channel):
        raise ContractError(f"topic {topic[:120]!r} has an unknown channel")
    return Topic(store=checked_name(store, "store"), cart=checked_name(cart, "cart"), channel=Channel(channel))


def checked_name(name: str, what: str) -> str:
    """Returns a store's or cart's name if it is valid in a topic.

    Raises:
        ContractError: it contains other characters than letters, digits, ``_ . -``, or is longer than 64.
    """
    if not re.fullmatch(NAME_PATTERN, name) or name.endswith("\n"):
        raise ContractError(f"{what} {name[:80]!r} must be 1 to 64 letters, digits, '_', '.' or '-'")
    return name


def parse_time(text: str) -> datetime:
    """The time of an RFC 3339 text, to the microsecond.

    Raises:
        ValueError: there is no such date or time of day; leap seconds are refused too, as no clock here reports them.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One candidate for the item, with its probability."""

    outcome: Outcome
    label: str | None
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCandidate:
    """A candidate product by its SKU or GTIN, with its probability."""

    sku: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """Which model saw it: file stem and the first digits of the file's SHA-256."""

    name: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of one cart.

    ``seq`` counts from 1 without gaps within a session; ``media_time`` is in seconds of the camera's own time; ``box``
    is normalised x1 y1 x2 y2; ``weight_g`` is in grams. Item fields are None in session events. ``products`` are the
    candidates by the gallery of version ``gallery``, likeliest first; ``source`` says whether the product was named by
    its looks (``camera``) or its ``code``. All three are None if nothing was compared with products.
    """

    id: str
    store: str
    cart: str
    session: str
    seq: int
    type: EventType
    time: str
    media_time: float | None = None
    label: str | None = None
    sku: str | None = None
    quantity: int | None = None
    confidence: float | None = None
    candidates: tuple[Candidate, ...] | None = None
    evidence: Mapping[str, Any] | None = None
    box: tuple[float, float, float, float] | None = None
    track: int | None = None
    weight_g: float | None = None
    model: ModelName | None = None
    initial: Mapping[str, int] | None = None
    products: tuple[ProductCandidate, ...] | None = None
    gallery: int | None = None
    source: str | None = None
    schema: str = EVENT_SCHEMA
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        """The message as a JSON object, unknown fields included."""
        message: Json = dict(zip(EVENT_FIELDS, _event_values(self), strict=True))
        message["type"] = str(self.type)
        if self.candidates is not None:
            message["candidates"] = [[c.outcome, c.label, c.probability] for c in self.candidates]
        if self.box is not None:
            message["box"] = list(self.box)
        if self.model is not None:
            message["model"] = {"name": self.model.name, "hash": self.model.hash}
        if self.type is not EventType.SESSION_STARTED:
            del message["initial"]
        if self.products is not None:
            message["products"] = [[p.sku, p.probability] for p in self.products]
        for name in OF_PRODUCTS:
            if message[name] is None:
                del message[name]
        return message | dict(self.extra)

    def to_bytes(self) -> bytes:
        """The message as it goes over the wire."""
        return encode(self.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The server's answer: the ids that it stored, and those that it refuses with the reason."""

    committed: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        return encode({"committed": list(self.committed), "rejected": [list(pair) for pair in self.rejected]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A cart's retained status; ``outbox`` counts events that the server has not committed yet.

    ``outbox_nearly_full`` (from four fifths on) asks somebody to look; ``outbox_full``: the cart takes no more events;
    ``gallery`` is the version of the gallery in use, None without one; ``teaching`` is whether somebody teaches it a
    product at this moment, None of a cart that cannot be taught; ``reads_codes`` is whether it can be asked to read a
    code, None of a cart that cannot.
    """

    online: bool
    time: str
    version: str | None = None
    model: ModelName | None = None
    session: str | None = None
    camera: CameraHealth | None = None
    outbox: int = 0
    outbox_nearly_full: bool = False
    outbox_full: bool = False
    gallery: int | None = None
    teaching: bool | None = None
    reads_codes: bool | None = None
    schema: str = STATUS_SCHEMA
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        message: Json = {name: getattr(self, name) for name in STATUS_FIELDS}
        for name in ("gallery", "teaching", "reads_codes"):
            if message[name] is None:
                del message[name]
        message["camera"] = str(self.camera) if self.camera else None
        if self.model is not None:
            message["model"] = {"name": self.model.name, "hash": self.model.hash}
        return message | dict(self.extra)

    def to_bytes(self) -> bytes:
        return encode(self.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A person's correction of what happened: ``item_corrected``. Made by the server, outside the cart's ``seq``.

    ``corrects`` is the id of the corrected event, None for a correction made by hand; ``action`` none means that
    nothing happened; ``by`` is its author, None if that is not disclosed. ``source`` is how a shopper named the product
    on the cart's screen, None if it was not named there.
    """

    id: str
    corrects: str | None
    action: Outcome
    label: str | None
    sku: str | None
    quantity: int
    by: str | None
    time: str
    source: CorrectionSource | None = None

    def to_json(self) -> Json:
        """The correction as a JSON object."""
        raw = {"type": "item_corrected"} | {name: getattr(self, name) for name in CORRECTION_FIELDS if name != "type"}
        if self.source is None:
            del raw["source"]
        return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of the server to a cart.

    To start or end a session, repeated until the matching event arrives; to show the ``corrections`` of a session,
    the newest last, sent when one is made and when the cart comes online; or to ``teach`` the cart the product ``sku``
    in a ``lesson`` and to end that, ``keep`` saying whether what was seen counts: both repeated until the cart reports;
    or to read a code for the ``scan`` of that id, repeated while the cart's screen waits for one.
    """

    action: Literal["start_session", "end_session", "show_corrections", "teach", "teach_end", "scan"]
    session: str | None = None
    corrections: tuple[Correction, ...] = ()
    lesson: str | None = None
    sku: str | None = None
    name: str | None = None
    keep: bool = False
    scan: str | None = None

    def to_bytes(self) -> bytes:
        if self.action == "teach":
            return encode({"action": "teach", "lesson": self.lesson, "sku": self.sku, "name": self.name})
        if self.action == "teach_end":
            return encode({"action": "teach_end", "lesson": self.lesson, "keep": self.keep})
        if self.action == "scan":
            return encode({"action": "scan", "scan": self.scan})
        message: Json = {"action": self.action, "session": self.session}
        if self.action == "show_corrections":
            message["corrections"] = [correction.to_json() for correction in self.corrections]
        return encode(message)


_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def encode(message: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON; NaN and infinity raise ValueError, since JSON cannot express them."""
    return _COMPACT.encode(message).encode()


# --- the schemas ------------------------------------------------------------------------------------------------


def _nullable(schema: Json) -> Json:
    return schema | {"type": [schema["type"], "null"]} | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


_NAME: Final[Json] = {"type": "string", "pattern": NAME_PATTERN}
_ID: Final[Json] = {"type": "string", "pattern": ID_PATTERN}
TIME: Final[Json] = {
    "type": "string",
    "pattern": TIME_PATTERN,
    "format": "date-time",
    "description": "RFC 3339, UTC; a moment that exists",
}
_LABEL: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 64}
_FRACTION: Final[Json] = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
_MODEL: Final[Json] = {
    "type": "object",
    "required": ["name", "hash"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 128},
        "hash": {"type": "string", "pattern": "^[0-9a-f]{8,64}$"},
    },
}


def _schema_of(word: str) -> Json:
    return {"type": "string", "pattern": rf"^smartcart\.{word}/{MAJOR}(\.\d+)?$"}


EVENT_FIELDS: Final[Mapping[str, Json]] = {
    "schema": _schema_of("event"),
    "id": _ID | {"description": "unique for ever (UUIDv7)"},
    "store": _NAME,
    "cart": _NAME,
    "session": _ID,
    "seq": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**53 - 1,
        "description": "gapless per session, from 1",
    },
    "type": {"type": "string", "enum": [str(t) for t in EventType]},
    "time": TIME,
    "media_time": _nullable({"type": "number", "minimum": 0, "maximum": 1e9, "description": "seconds"}),
    "label": _nullable(_LABEL),
    "sku": _nullable(_LABEL),
    "quantity": _nullable({"type": "integer", "minimum": 1, "maximum": 1000}),
    "confidence": _nullable(_FRACTION),
    "candidates": _nullable(
        {
            "type": "array",
            "maxItems": 32,
            "items": {
                "type": "array",
                "prefixItems": [
                    {"type": "string", "enum": ["added", "removed", "none"]},
                    _nullable(_LABEL),
                    _FRACTION,
                ],
                "minItems": 3,
                "maxItems": 3,
            },
        }
    ),
    "evidence": _nullable({"type": "object", "description": "what the decision rests on; no picture, 8 KB at most"}),
    "box": _nullable({"type": "array", "items": _FRACTION, "minItems": 4, "maxItems": 4}),
    "track": _nullable({"type": "integer", "minimum": 0, "maximum": 2**53 - 1}),
    "weight_g": _nullable({"type": "number", "minimum": -1e6, "maximum": 1e6}),
    "model": _nullable(_MODEL),
    "initial": {"type": "object", "additionalProperties": _COUNT, "propertyNames": _LABEL},
    "products": {
        "type": "array",
        "maxItems": MAX_PRODUCTS,
        "items": {"type": "array", "prefixItems": [_LABEL, _FRACTION], "minItems": 2, "maxItems": 2},
        "description": "SKU or GTIN and probability of what it may be, likeliest first",
    },
    "gallery": _COUNT | {"description": "the version of the gallery that it was held against"},
    "source": {"type": "string", "enum": ["camera", "code"], "description": "what named the product"},
}
OF_PRODUCTS: Final = ("products", "gallery", "source")
"""Fields that only carts with a gallery or a reader of codes send."""
_event_values = attrgetter(*EVENT_FIELDS)
STATUS_FIELDS: Final[Mapping[str, Json]] = {
    "schema": _schema_of("status"),
    "online": {"type": "boolean"},
    "time": TIME,
    "version": _nullable({"type": "string", "maxLength": 64}),
    "model": _nullable(_MODEL),
    "session": _nullable(_ID),
    "camera": _nullable({"type": "string", "enum": [str(h) for h in CameraHealth]}),
    "outbox": _COUNT,
    "outbox_nearly_full": {"type": "boolean"},
    "outbox_full": {"type": "boolean"},
    "gallery": _COUNT | {"description": "the version of the gallery in use"},
    "teaching": {"type": "boolean", "description": "somebody teaches it a product; absent where it cannot be taught"},
    "reads_codes": {"type": "boolean", "description": "it can be asked to read a code that is held before its camera"},
}
_REASON: Final[Json] = {"type": "string", "maxLength": 500}

EVENT: Final[Json] = {
    "type": "object",
    "required": [name for name in EVENT_FIELDS if name not in ("initial", *OF_PRODUCTS)],
    "properties": dict(EVENT_FIELDS),
}
_STORED: Final[Json] = EVENT | {  # an older version accepted any text of a time's form
    "properties": dict(EVENT_FIELDS) | {"time": {"type": "string", "pattern": TIME_PATTERN}}
}
STATUS: Final[Json] = {
    "type": "object",
    "required": ["schema", "online", "time"],
    "properties": dict(STATUS_FIELDS),
}
ACK: Final[Json] = {
    "type": "object",
    "required": ["committed", "rejected"],
    "properties": {
        "committed": {"type": "array", "items": _ID, "maxItems": 1000},
        "rejected": {
            "type": "array",
            "maxItems": 1000,
            "items": {"type": "array", "prefixItems": [_ID, _REASON], "minItems": 2, "maxItems": 2},
        },
    },
}
CORRECTION_FIELDS: Final[Mapping[str, Json]] = {
    "type": {"type": "string", "enum": ["item_corrected"]},
    "id": _ID,
    "corrects": _nullable(_ID),
    "action": {"type": "string", "enum": ["added", "removed", "none"]},
    "label": _nullable(_LABEL),
    "sku": _nullable(_LABEL),
    "quantity": EVENT_FIELDS["quantity"] | {"type": "integer"},
    "by": _nullable({"type": "string", "minLength": 1, "maxLength": 128}),
    "time": TIME,
    "source": {"type": "string", "enum": ["scan", "find"], "description": "how a shopper named it"},
}
CORRECTION: Final[Json] = {
    "type": "object",
    "required": [name for name in CORRECTION_FIELDS if name != "source"],
    "properties": dict(CORRECTION_FIELDS),
}
COMMAND: Final[Json] = {
    "type": "object",
    "required": ["action"],
    "properties": {
        "action": {
            "type": "string",
            "enum": ["start_session", "end_session", "show_corrections", "teach", "teach_end", "scan"],
        },
        "session": _nullable(_ID),
        "corrections": {"type": "array", "maxItems": MAX_CORRECTIONS, "items": CORRECTION},
        "lesson": _ID | {"description": "which lesson to begin or to end"},
        "sku": _LABEL | {"description": "the product that is taught"},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "keep": {"type": "boolean", "description": "whether what was seen counts; otherwise it is forgotten"},
        "scan": _ID | {"description": "which code to read for the cart's screen"},
    },
}


# --- reading ----------------------------------------------------------------------------------------------------


def parse_event(payload: bytes, topic: Topic | None = None) -> Event:
    """Reads one event, and checks it against the topic that it came on.

    Raises:
        ContractError: not JSON, too long, a newer major schema, an unknown type, a field missing or out of range, or
            a store or cart other than the topic's.
    """
    raw = parse_object(payload, MAX_EVENT_BYTES)
    event_id = raw.get("id")
    known = event_id if isinstance(event_id, str) and re.fullmatch(ID_PATTERN, event_id) else None
    try:
        check_writable(raw)
        _check_major(raw, "event")
        check(raw, EVENT, "event")
        event = _event(raw)
        if topic is not None and (event.store, event.cart) != (topic.store, topic.cart):
            raise ContractError(f"event of {event.store}/{event.cart} came on the topic of {topic.store}/{topic.cart}")
    except ContractError as error:
        raise ContractError(error.reason, known) from None
    return event


def read_again(payload: bytes) -> Event:
    """Reads a stored message that ``parse_event`` accepted before; it may have been damaged since.

    Raises:
        ContractError: it is damaged.
    """
    try:
        raw = parse_object(payload, MAX_EVENT_BYTES)
        check_writable(raw)
        check(raw, _STORED, "event")
        return _build(raw, EventType(raw["type"]))
    except (ValueError, TypeError) as error:
        raise ContractError(f"a stored event is damaged: {error}") from None


def parse_status(payload: bytes) -> Status:
    """Reads a cart's status.

    Raises:
        ContractError: as for ``parse_event``.
    """
    raw = parse_object(payload, MAX_EVENT_BYTES)
    check_writable(raw)
    _check_major(raw, "status")
    check(raw, STATUS, "status")
    known = {name: raw[name] for name in STATUS_FIELDS if name in raw}
    if raw.get("model") is not None:
        known["model"] = ModelName(name=raw["model"]["name"], hash=raw["model"]["hash"])
    if raw.get("camera") is not None:
        known["camera"] = CameraHealth(raw["camera"])
    return Status(**known, extra={k: v for k, v in raw.items() if k not in STATUS_FIELDS})


def parse_ack(payload: bytes) -> Ack:
    """Reads the server's answer.

    Raises:
        ContractError: not JSON, or not in the contract's form.
    """
    raw = parse_object(payload, 1 << 20)
    check_writable(raw)
    check(raw, ACK, "ack")
    return Ack(committed=tuple(raw["committed"]), rejected=tuple((i, reason) for i, reason in raw["rejected"]))


def parse_command(payload: bytes) -> Command:
    """Reads a command of the server.

    Raises:
        ContractError: not JSON, or an action that this edge does not know.
    """
    raw = parse_object(payload, MAX_EVENT_BYTES)
    check_writable(raw)
    check(raw, COMMAND, "command")
    for name in _NEEDED.get(raw["action"], ()):
        if name not in raw:
            raise ContractError(f"command.{name} is missing")
    corrections = tuple(correction_from(entry) for entry in raw.get("corrections", ()))
    more = {name: raw[name] for name in ("lesson", "sku", "name", "keep", "scan") if name in raw}
    return Command(action=raw["action"], session=raw.get("session"), corrections=corrections, **more)


def correction_from(raw: Json) -> Correction:
    """Reads a correction.

    Raises:
        ContractError: a field is missing or out of range, or the correction is incomplete.
    """
    check(raw, CORRECTION, "correction")
    if raw["action"] == "none":
        if raw["corrects"] is None:
            raise ContractError("a correction that says 'none' must name the event it corrects")
    elif raw["label"] is None:
        raise ContractError(f"correction.label is null though something was {raw['action']}")
    return Correction(**{name: raw[name] for name in CORRECTION_FIELDS if name in raw and name != "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An ``evidence`` message, a JPEG of an event's item: the event's id in ASCII, then the JPEG."""

    event_id: str
    jpeg: bytes

    def to_bytes(self) -> bytes:
        return self.event_id.encode() + self.jpeg


def parse_picture(payload: bytes) -> Picture:
    """Reads an ``evidence`` message; the JPEG is not decoded.

    Raises:
        ContractError: too large, without an event's id, or not a JPEG.
    """
    if len(payload) > _ID_LENGTH + MAX_PICTURE_BYTES:
        raise ContractError(f"message of {len(payload)} bytes is over the limit of {_ID_LENGTH + MAX_PICTURE_BYTES}")
    event_id, jpeg = payload[:_ID_LENGTH].decode("ascii", "replace"), payload[_ID_LENGTH:]
    if not re.fullmatch(ID_PATTERN, event_id):
        raise ContractError("message does not begin with an event's id")
    if not (jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9")):
        raise ContractError("message contains no JPEG after the event's id")
    return Picture(event_id=event_id, jpeg=jpeg)


def parse_object(payload: bytes, limit: int = MAX_EVENT_BYTES) -> Json:
    """Reads a JSON object from an untrusted sender.

    Raises:
        ContractError: longer than ``limit`` bytes, not UTF-8, not JSON, not an object, or nested more than
            ``MAX_DEPTH`` levels deep.
    """
    if len(payload) > limit:
        raise ContractError(f"message of {len(payload)} bytes is over the limit of {limit}")
    try:
        text = payload.decode("utf-8")
        if _depth(text) > MAX_DEPTH:
            raise ContractError(f"message is nested more than {MAX_DEPTH} levels deep")
        raw = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise ContractError("message is not UTF-8 text") from None
    except ContractError:
        raise
    except ValueError as error:
        raise ContractError(f"message is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise ContractError("message is not a JSON object")
    return cast("Json", raw)


_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    "teach": ("lesson", "sku", "name"),
    "teach_end": ("lesson", "keep"),
    "scan": ("scan",),
}
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")


def _depth(text: str) -> int:
    """The nesting depth of JSON, found without recursion."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not a JSON number")


def check_writable(raw: Json) -> None:
    """Checks that the message can be written again: half a surrogate pair cannot, nor can an infinite number.

    Raises:
        ContractError: it cannot.
    """
    try:
        encode(raw)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"message cannot be written as JSON again: {error}") from None


def _check_major(raw: Json, word: str) -> None:
    match = re.match(rf"^smartcart\.{word}/(\d{{1,9}})(\.\d+)?$", str(raw.get("schema", "")))
    if match is None:
        raise ContractError(f"schema {str(raw.get('schema'))[:60]!r} is not smartcart.{word}/{MAJOR}")
    if int(match.group(1)) > MAJOR:
        raise ContractError(f"schema {raw['schema']!r} is newer than smartcart.{word}/{MAJOR}: update the reader")


_OF_ITEMS: Final = ("label", "sku", "quantity", "confidence", "candidates", "box")


def _event(raw: Json) -> Event:
    kind = EventType(raw["type"])
    if kind in ITEM_TYPES:
        _check_item(raw, kind)
    elif any(raw[name] is not None for name in _OF_ITEMS) or any(name in raw for name in OF_PRODUCTS):
        raise ContractError("a session event must not carry item fields")
    if (kind is EventType.SESSION_STARTED) != ("initial" in raw):
        raise ContractError("'initial' belongs to session_started only")
    return _build(raw, kind)


def _build(raw: Json, kind: EventType) -> Event:
    known: Json = {name: raw[name] for name in EVENT_FIELDS if name in raw}
    known["type"] = kind
    if raw["candidates"] is not None:
        known["candidates"] = tuple(Candidate(outcome=o, label=lb, probability=p) for o, lb, p in raw["candidates"])
    if raw.get("products") is not None:
        known["products"] = tuple(ProductCandidate(sku=sku, probability=p) for sku, p in raw["products"])
    if raw["box"] is not None:
        known["box"] = tuple(raw["box"])
    if raw["model"] is not None:
        known["model"] = ModelName(name=raw["model"]["name"], hash=raw["model"]["hash"])
    return Event(**known, extra={k: v for k, v in raw.items() if k not in EVENT_FIELDS})


def _check_item(raw: Json, kind: EventType) -> None:
    needed = ["quantity", "confidence", "candidates"]
    if kind is not EventType.ITEM_UNCERTAIN:
        needed.append("label")
    for name in needed:
        if raw[name] is None:
            raise ContractError(f"event.{name} is null in an {kind} event")
    if raw["evidence"] is not None and len(encode(raw["evidence"])) > MAX_EVIDENCE_BYTES:
        raise ContractError(f"event.evidence is over {MAX_EVIDENCE_BYTES} bytes")


def check(value: Any, schema: Json, path: str) -> None:
    """Checks a value against the part of JSON Schema that this contract uses.

    Raises:
        ContractError: naming the field and what is wrong with it.
    """
    kinds = schema.get("type")
    if kinds is not None and not any(_is(value, k) for k in ([kinds] if isinstance(kinds, str) else kinds)):
        raise ContractError(f"{path} must be {' or '.join([kinds] if isinstance(kinds, str) else kinds)}")
    if value is None:
        return
    if "enum" in schema and value not in schema["enum"]:
        raise ContractError(f"{path} {str(value)[:60]!r} is unknown; known: {', '.join(map(str, schema['enum']))}")
    if isinstance(value, str):
        _check_text(value, schema, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", -math.inf) or value > schema.get("maximum", math.inf):
            raise ContractError(f"{path} {value} is out of range")
    elif isinstance(value, list):
        _check_array(value, schema, path)
    elif isinstance(value, dict):
        _check_object(value, schema, path)


def _check_text(value: str, schema: Json, path: str) -> None:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        raise ContractError(f"{path} has {len(value)} characters")
    if ("pattern" in schema and not re.search(schema["pattern"], value)) or value.endswith("\n"):
        raise ContractError(f"{path} {value[:60]!r} does not match {schema.get('pattern')}")
    if schema.get("format") == "date-time":
        try:
            parse_time(value)
        except ValueError:
            raise ContractError(f"{path} {value!r} is not an existing date and time") from None


def _check_array(value: Sequence[Any], schema: Json, path: str) -> None:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        raise ContractError(f"{path} has {len(value)} entries")
    for i, (item, of) in enumerate(zip(value, schema.get("prefixItems", []), strict=False)):
        check(item, of, f"{path}[{i}]")
    if "items" in schema:
        for i, item in enumerate(value):
            check(item, schema["items"], f"{path}[{i}]")


def _check_object(value: Json, schema: Json, path: str) -> None:
    for name in schema.get("required", []):
        if name not in value:
            raise ContractError(f"{path}.{name} is missing")
    for name, item in value.items():
        if "propertyNames" in schema:
            check(name, schema["propertyNames"], f"{path} key")
        of = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if of is not None:
            check(item, of, f"{path}.{name}")


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)
