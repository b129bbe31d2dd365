"""Publishes the contract for others: JSON Schema 2020-12 and AsyncAPI 3 documents, made from ``events``.

``python -m smartcart.edge.contract.documents`` writes them into ``edge/contract``; a test keeps them in step.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from smartcart.edge.contract.code import CODE
from smartcart.edge.contract.events import ACK, COMMAND, EVENT, MAJOR, MAX_PICTURE_BYTES, PREFIX, STATUS, Channel, Json
from smartcart.edge.contract.lesson import LESSON

FOLDER: Final = Path(__file__).parent
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"

MESSAGES: Final[Mapping[Channel, tuple[str, Json, str]]] = {
    Channel.EVENTS: (
        "event",
        EVENT,
        "One event of a cart: an item added, removed or uncertain; a session's start or end.",
    ),
    Channel.ACK: ("ack", ACK, "What the server has committed, and what it refuses with the reason."),
    Channel.STATUS: ("status", STATUS, "A cart's retained status, which is also its last will."),
    Channel.COMMAND: ("command", COMMAND, "What the server asks of a cart; repeated until the matching event arrives."),
    Channel.CODE: ("code", CODE, "A code that was held before a cart's camera while its screen waited for one."),
    Channel.LESSON: ("lesson", LESSON, "How far a cart has come in learning a product, and in the end what it learnt."),
}
PICTURE: Final[Json] = {
    "summary": "A small picture of an event's item, blurred around it; only where a store has switched it on.",
    "contentType": "application/octet-stream",
    "payload": {
        "type": "string",
        "format": "binary",
        "description": f"the event's id as 36 ASCII characters, then a JPEG of at most {MAX_PICTURE_BYTES} bytes",
    },
}
SIGHTS: Final[Json] = {
    "summary": "What a cart saw of an event's item, as embeddings; only where a store has switched evidence on.",
    "contentType": "application/octet-stream",
    "payload": {
        "type": "string",
        "format": "binary",
        "description": "a gallery file that holds the event's id in the place of a product; no picture",
    },
}
WORDS: Final[Mapping[Channel, str]] = {channel: word for channel, (word, _, _) in MESSAGES.items()} | {
    Channel.EVIDENCE: "picture",
    Channel.SIGHTS: "sights",
}
FROM_CART: Final = (
    *(Channel.EVENTS, Channel.STATUS, Channel.EVIDENCE, Channel.SIGHTS, Channel.LESSON),
    Channel.CODE,
)


def documents() -> dict[str, Json]:
    """File name to document."""
    schemas = {
        f"{word}.schema.json": {"$schema": DIALECT, "title": f"smartcart {word}", "description": text} | schema
        for word, schema, text in MESSAGES.values()
    }
    return schemas | {"asyncapi.json": asyncapi()}


def asyncapi() -> Json:
    """The AsyncAPI 3 description of all topics, from the server's point of view."""
    parameters = {name: {"description": f"the {name}'s name"} for name in ("store", "cart")}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "smartcart",
            "version": f"{MAJOR}.0.0",
            "description": "Carts publish events; the server answers each once it is stored. QoS 1 everywhere.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            str(channel): {
                "address": f"{PREFIX}/{{store}}/{{cart}}/{channel}",
                "parameters": parameters,
                "messages": {word: {"$ref": f"#/components/messages/{word}"}},
            }
            for channel, word in WORDS.items()
        },
        "operations": {
            f"{'receive' if channel in FROM_CART else 'send'}_{word}": {
                "action": "receive" if channel in FROM_CART else "send",
                "channel": {"$ref": f"#/channels/{channel}"},
                "bindings": {"mqtt": {"qos": 1, "retain": channel is Channel.STATUS, "bindingVersion": "0.2.0"}},
            }
            for channel, word in WORDS.items()
        },
        "components": {
            "messages": {
                word: {"summary": text, "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": schema}}
                for word, schema, text in MESSAGES.values()
            }
            | {"picture": PICTURE, "sights": SIGHTS}
        },
    }


def main() -> None:
    """Writes every document."""
    FOLDER.mkdir(exist_ok=True)
    for name, document in documents().items():
        (FOLDER / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
