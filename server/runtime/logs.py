"""The server's logs: one line a record, plain or JSON, whatever a cart may call itself.

A record carries facts beside its words, as ``log.info("…", extra={"facts": {"events": ids}})``: names, numbers and ids,
never a person, a picture or a secret. Control characters and line breaks are escaped, so that nobody who can choose a
word of a message can forge a line. A repeated message is logged only a few times a minute.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

_MINUTE: Final = 60.0
_MOST_A_MINUTE: Final = 20
_MOST_KINDS: Final = 1000

LogFormat = Literal["plain", "json"]

_UNSAFE: Final = re.compile(
    r"[^\x20-\x7e\xa0-\u2027\u202f-\u2065\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0001ffff]"
)


def set_up_logging(form: LogFormat = "plain", level: int = logging.INFO) -> None:
    """Logs everything to standard error: our own records from ``level`` on, others from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeated())
    handler.setFormatter(JsonLine() if form == "json" else PlainLine())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("smartcart").setLevel(level)


class Repeated(logging.Filter):
    """Drops warnings and errors that repeat too often in a minute; the next one says how many were dropped.

    Records with the same words are the same, whatever they are about, so that nobody can fill a disk with them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._heard: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        words = record.getMessage() if record.msg == "%s" else str(record.msg)
        key, now = (record.name, record.levelno, words[:200]), self._clock()
        since, count = self._heard.get(key, (now, 0))
        if now - since < _MINUTE:
            self._heard[key] = since, count + 1
            return count < _MOST_A_MINUTE
        if len(self._heard) >= _MOST_KINDS:
            self._heard.clear()
        self._heard[key] = now, 1
        if count > _MOST_A_MINUTE:
            record.facts = dict(_facts(record)) | {"left_out": count - _MOST_A_MINUTE}
        return True


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
    r"""rThe text with everything escaped that could break a line, move a cursor or change the writing direction.

    >>> print(one_line("cart\n12:00:00 INFO all is well\x1b[2J"))
    cart\n12:00:00 INFO all is well\x1b[2J
    """
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    facts = getattr(record, "facts", None)
    return facts if isinstance(facts, Mapping) else {}


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
