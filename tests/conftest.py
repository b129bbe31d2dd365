"""Fixtures that several rooms' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import MOSQUITTO, Mosquitto

from smartcart.server.broker import EmbeddedBroker

SHARED = Path(__file__).parents[2] / "shared"


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
