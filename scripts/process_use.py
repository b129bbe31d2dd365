"""A process's use of memory and processor time, as reported by ``ps``."""

import itertools
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Resident memory (MiB) and processor time so far (s)."""

    rss_mib: float
    cpu_seconds: float


def use_of(pid: int) -> Use:
    """What a process uses now; None once it is gone."""
    told = subprocess.run(["ps", "-o", "rss=,time=", "-p", str(pid)], capture_output=True, text=True)
    if told.returncode or not told.stdout.strip():
        return Use(rss_mib=0.0, cpu_seconds=0.0)
    rss, used = told.stdout.split()
    return Use(rss_mib=int(rss) / 1024, cpu_seconds=_seconds(used))


def _seconds(text: str) -> float:
    """``[DD-][HH:]MM:SS[.ss]`` in seconds.

    >>> _seconds("1-00:01:02"), _seconds("01:02.50")
    (86462.0, 62.5)
    """
    days, _, clock = text.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86400 * int(days or 0)


def growth_per_hour(samples: Sequence[tuple[float, float]]) -> float | None:
    """MiB an hour by least squares over (seconds, MiB), without the first quarter; None for less than five minutes."""
    later = samples[len(samples) // 4 :]
    if not later or later[-1][0] - samples[0][0] < 300:
        return None
    return round(statistics.linear_regression(*zip(*later, strict=True)).slope * 3600, 2)


def course(samples: Sequence[tuple[float, float]], parts: int = 10) -> list[float]:
    """The median (MiB) of each of some equal parts of the samples, in order; fewer samples give as many parts.

    >>> course([(0, 1.0), (1, 3.0), (2, 5.0), (3, 7.0)], parts=2)
    [2.0, 6.0]
    """
    parts = min(parts, len(samples))
    edges = [len(samples) * i // parts for i in range(parts + 1)] if parts else []
    pieces = itertools.pairwise(edges)
    return [round(statistics.median(rss for _, rss in samples[a:b]), 1) for a, b in pieces]
