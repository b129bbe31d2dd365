"""Values generated from a JSON Schema: valid ones, and ones that violate it in exactly one place.

It supports the part of JSON Schema that the contract uses. A violation is certain, so the sender knows that the value
must be refused.
"""

import copy
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

Json = dict[str, Any]
PATTERNED: Final[Mapping[str, Callable[[random.Random], str]]] = {
    "8}-[0-9a-f]{4}": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    r"\d{4}-": lambda rng: f"20{rng.randint(10, 99)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T12:34:56.789Z",
    "[A-Za-z0-9][": lambda rng: f"n{rng.getrandbits(32):x}",
    "[0-9a-f]{8,64}": lambda rng: f"{rng.getrandbits(48):012x}",
    r"smartcart\.": lambda rng: "smartcart.event/1",
}
NASTY: Final = (
    "'; DROP TABLE events; --",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "../../../etc/passwd",
    "\u202e\u0000\u0001",
    "\U0001f6d2" * 20,
    "null",
    " ",
)


def satisfying(schema: Json, rng: random.Random) -> Any:
    """A value that a schema allows."""
    kinds = schema.get("type", "object")
    kind = rng.choice(kinds) if isinstance(kinds, list) else kinds
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match kind:
        case "null":
            return None
        case "boolean":
            return rng.random() < 0.5
        case "integer":
            return rng.randint(schema.get("minimum", -5), min(schema.get("maximum", 5), 10**6))
        case "number":
            return rng.uniform(schema.get("minimum", -5), schema.get("maximum", 5))
        case "string":
            return _text(schema, rng)
        case "array":
            return _array(schema, rng)
        case _:
            names = [n for n in schema.get("properties", {}) if n in schema.get("required", ()) or rng.random() < 0.5]
            return {name: satisfying(schema["properties"][name], rng) for name in names}


def _text(schema: Json, rng: random.Random) -> str:
    for part, make in PATTERNED.items():
        if part in schema.get("pattern", ""):
            return make(rng)
    return rng.choice(NASTY)[: schema.get("maxLength", 64)] if rng.random() < 0.3 else f"t{rng.getrandbits(24):x}"


def _array(schema: Json, rng: random.Random) -> list[Any]:
    if "prefixItems" in schema:
        return [satisfying(item, rng) for item in schema["prefixItems"]]
    count = rng.randint(schema.get("minItems", 0), min(schema.get("maxItems", 3), 4))
    return [satisfying(schema["items"], rng) for _ in range(count)]


def breaking(schema: Json, value: Any, rng: random.Random) -> Any:
    """A copy of a valid value, broken in one place somewhere within."""
    return _broken(schema, copy.deepcopy(value), rng)


def _broken(schema: Json, value: Any, rng: random.Random) -> Any:
    inner = _inner(schema, value)
    if inner and rng.random() < 0.8:
        key, of = rng.choice(inner)
        if isinstance(value, dict) and key in schema.get("required", ()) and rng.random() < 0.2:
            del value[key]
        else:
            value[key] = _broken(of, value[key], rng)
        return value
    return rng.choice(_wrongs(schema, value))


def _inner(schema: Json, value: Any) -> list[tuple[Any, Json]]:
    """The places within a value that the schema constrains."""
    if isinstance(value, dict):
        return [(name, of) for name, of in schema.get("properties", {}).items() if name in value]
    if isinstance(value, list):
        if "prefixItems" in schema:
            return list(enumerate(schema["prefixItems"]))
        return [(i, schema["items"]) for i in range(len(value))]
    return []


def _wrongs(schema: Json, value: Any) -> list[Any]:
    kinds = schema.get("type", "object")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    wrongs: list[Any] = [
        wrong
        for kind, wrong in (("boolean", True), ("string", "\x00" * 3), ("array", [[]]), ("object", {"": {}}))
        if kind not in kinds
    ]
    if "null" not in kinds:
        wrongs.append(None)
    if "integer" not in kinds and "number" not in kinds:
        wrongs += [0, -1, 1e300]
    if "integer" in kinds and "number" not in kinds:
        wrongs += [1.5, "1"]
    if "minimum" in schema:
        wrongs += [schema["minimum"] - 1, -(2**70)]
    if "maximum" in schema:
        wrongs += [schema["maximum"] + 1 if schema["maximum"] < 2**52 else 2**70, 1e308]
    if "maxLength" in schema:
        wrongs.append("x" * (schema["maxLength"] + 1))
    if "pattern" in schema or "enum" in schema:
        wrongs += ["", "no such thing", "a/b+#\n"]
    if isinstance(value, list) and "maxItems" in schema and len(value) < 100:
        wrongs.append([*value, *([None] * (schema["maxItems"] + 1))])
    return wrongs
