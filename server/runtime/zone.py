"""A store's time zone, for its pages, days and hours."""

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smartcart.server.errors import ServerError

UTC_ZONE: Final = ZoneInfo("UTC")
_LINK: Final = Path("/etc/localtime")
_NAME: Final = Path("/etc/timezone")

log = logging.getLogger(__name__)


class TimeZoneError(ServerError):
    """There is no time zone of this name."""


def store_zone(name: str | None) -> ZoneInfo:
    """The zone of this name in the IANA database; None means the machine's own.

    Raises:
        ZoneError: there is none.
    """
    if name is None:
        return _machine_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeZoneError(f"there is no time zone {name[:80]!r}: give one such as Europe/Berlin") from None


def _machine_zone() -> ZoneInfo:
    name = _machine_name()
    try:
        return store_zone(name or "UTC")
    except TimeZoneError:
        log.warning("this machine's time zone %r has no name that is known: the pages show UTC; give --time-zone", name)
        return UTC_ZONE


def _machine_name() -> str:
    """As the C library finds it: ``TZ``, otherwise the target of ``/etc/localtime``, whose copy is named beside it."""
    if name := os.environ.get("TZ", "").removeprefix(":"):
        return name.rpartition("zoneinfo/")[2]
    _, found, name = os.path.realpath(_LINK).rpartition("zoneinfo/")
    if found:
        return name.removeprefix("posix/").removeprefix("right/")
    try:
        return _NAME.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def mark(moment: datetime, form: str) -> str:
    """A local time in the given ``form`` (``strftime``); a time that occurs twice in a night is followed by its zone.

    >>> night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    >>> [mark((night + timedelta(hours=n)).astimezone(ZoneInfo("Europe/Berlin")), "%H:%M") for n in range(3)]
    ['02:30 CEST', '02:30 CET', '03:30']
    """
    is_twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    return moment.strftime(f"{form} %Z" if is_twice else form)


def hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """The start of a moment's hour on the zone's clock: when it last showed a full hour.

    Clocks set back by less than an hour, or not on the hour, show one full hour twice and skip another.

    >>> hour_of(datetime(2026, 3, 2, 12, 10, tzinfo=UTC), ZoneInfo("Asia/Kolkata")).isoformat()
    '2026-03-02T17:00:00+05:30'
    """
    begun = moment.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    hours = ((begun + timedelta(hours=later)).replace(fold=fold) for later in (0, 1) for fold in (0, 1))
    return max((hour for hour in hours if hour.timestamp() <= moment.timestamp()), key=datetime.timestamp)


def hours_to(now: datetime, count: int, zone: ZoneInfo) -> list[datetime]:
    """The starts of the last hours, the oldest first and the current one last.

    On the night of a clock change one hour is missing, or occurs twice.
    """
    begins = [hour_of(now, zone)]
    while len(begins) < count:
        begins.append(hour_of(begins[-1].astimezone(UTC) - timedelta(microseconds=1), zone))
    return begins[::-1]
