"""The basket zone: what it holds, and what is refused as one."""

from pathlib import Path

import pytest

from smartcart.edge.vision.detection import Box
from smartcart.edge.vision.zone import Zone, ZoneError, parse_polygon, read_zone, write_zone

SQUARE = Zone(((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))


def test_it_knows_its_area() -> None:
    assert SQUARE.area == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0.3, 0.3, 0.6, 0.6), 1.0),
        (Box(0.0, 0.0, 0.2, 0.2), 0.0),
        (Box(0.5, 0.3, 1.0, 0.7), 0.5),
        (Box(0.0, 0.0, 1.0, 1.0), 0.25),
    ],
)
def test_the_share_of_a_box_in_it(box: Box, share: float) -> None:
    assert SQUARE.share(box) == pytest.approx(share, abs=0.03)


def test_a_file_keeps_it(tmp_path: Path) -> None:
    write_zone(tmp_path / "zone.toml", SQUARE)
    assert read_zone(tmp_path / "zone.toml") == SQUARE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[zone]\npolygon = []\n", "at least 3 points"),
        ("[zone]\npolygon = [[0, 0], [1, 1], [1, 0], [0, 1]]\n", "crosses itself"),
        ("[zone]\npolygon = [[0.1, 0.1], [0.2, 0.1], [0.15, 0.101]]\n", "no area"),
        ("[zone]\npolygon = [[0, 0], [2, 0], [1, 1]]\n", "outside the picture"),
        ("[zone]\npolygon = [[0, 0], [1, 0, 3], [1, 1]]\n", "not a zone file"),
        ("[zone]\npolygon = 'all'\n", "not a zone file"),
        ("[zoning]\n", "not a zone file"),
        ("not toml at all", "not a zone file"),
    ],
)
def test_a_file_that_holds_none_is_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "zone.toml"
    path.write_text(text)
    with pytest.raises(ZoneError, match=reason) as caught:
        read_zone(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ZoneError, match="smartcart calibrate"):
        read_zone(tmp_path / "none.toml")


def test_corners_given_as_words() -> None:
    assert parse_polygon(["0.25,0.25", "0.75,0.25", "0.75,0.75", "0.25,0.75"]) == SQUARE
    with pytest.raises(ZoneError, match=r"'0\.1' is not a corner"):
        parse_polygon(["0.1", "0.2,0.3", "0.4,0.5"])
