"""How the server logs: one line a record, plain or JSON, whatever a cart may have called itself.

A record carries facts beside its words, as ``log.info("…", extra={"facts": {"events": ids}})``: names, numbers and ids,
never a person, a picture or a secret. Control characters and line breaks are written as escapes, so that nobody who
can choose a word of a message can forge a line.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

LogFormat = Literal["plain", "json"]

_UNSAFE: Final = re.compile(
    r"[^\x20-\x7e\xa0-\u2027\u202f-\u2065\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0001ffff]"
)


def set_up_logging(form: LogFormat = "plain", level: int = logging.INFO) -> None:
    """Sends everything to standard error, of our own from ``level`` on and of others from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else PlainLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("smartcart").setLevel(level)


class PlainLine(logging.Formatter):
    """``12:34:56 INFO words fact=value``; a traceback follows on the same line."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        facts = "".join(f" {name}={_short(value)}" for name, value in _facts(record).items())
        trace = f" | {self.formatException(record.exc_info)}" if record.exc_info else ""
        return one_line(f"{at} {record.levelname} {record.getMessage()}{facts}{trace}")


class JsonLine(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, the facts and any ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(dict(_facts(record)) | line, default=str)


def one_line(text: str) -> str:
    r"""The text without anything that could break a line, move a cursor or turn the direction of writing.

    >>> print(one_line("cart\n12:00:00 INFO all is well\x1b[2J"))
    cart\n12:00:00 INFO all is well\x1b[2J
    """
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    facts = getattr(record, "facts", None)
    return facts if isinstance(facts, Mapping) else {}


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
