"""Fixtures that several rooms' tests share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from processes import MOSQUITTO, Mosquitto

from smartcart.server.mqtt.embedded_broker import EmbeddedBroker

# a loaded machine draws examples slowly; that is no failure
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that a test runs in this process sets up logging for good, on a stream that ends with the test."""
    root, ours = logging.getLogger(), logging.getLogger("smartcart")
    handlers, levels = set(root.handlers), (root.level, ours.level)
    yield
    for handler in set(root.handlers) - handlers:
        root.removeHandler(handler)
    for logger, level in zip((root, ours), levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def no_real_time() -> Iterator[None]:
    """No test leaves this process and so its children at a real-time priority: that starves the whole machine."""
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        pytest.fail("the process was left at a real-time priority")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture(params=["embedded", "mosquitto"])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real broker, of each kind in turn."""
    if request.param == "mosquitto":
        yield request.getfixturevalue("mosquitto").url
    else:
        with EmbeddedBroker(port=0) as broker:
            yield broker.url


@pytest.fixture
def real_bottle_clip() -> Path:
    """A real recording that lies beside the project on the makers' machines only."""
    clip = SHARED / "data" / "intel-sample-videos" / "bottle-first-part.mp4"
    if not clip.exists():
        pytest.skip("../shared/data/intel-sample-videos/bottle-first-part.mp4 is not here")
    return clip


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything was installed (CI), a test that skips for want of a tool is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("SMARTCART_NO_SKIPS") or reporter is None:
        return
    skipped = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    wanting = [reason for reason in skipped if "../shared" not in reason]
    if wanting and not exitstatus:
        reporter.write_line("")
        reporter.write_line("tests skipped although their tools were installed:", red=True)
        for reason in wanting:
            reporter.write_line(f"  {reason}", red=True)
        session.exitstatus = 1
