"""Codes: check digits, scale labels, and what is read on things in a hand within the budget."""

import cv2
import numpy as np
import pytest
import zxingcpp
from biip.rcn import RcnRegion

from smartcart.edge.capture.frames import Frame
from smartcart.edge.codes.numbers import Number, read_number
from smartcart.edge.codes.reader import CodeReader, numbers_in
from smartcart.edge.tracking.tracker import Track
from smartcart.edge.vision.detection import Box

EAN = "4006381333931"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (EAN, Number(product=EAN)),
        ("4006381333932", None),
        ("036000291452", Number(product="0036000291452")),
        ("73513537", Number(product="0000073513537")),
        ("0104006381333931", Number(product=EAN)),
        ("212345604991", Number(product="12345", price=499)),
        ("212345604992", None),
        ("01040063813339313103001250", Number(product=EAN, weight_g=1250)),
        ("hello", None),
        ("", None),
    ],
    ids=[
        "EAN-13",
        "wrong check",
        "UPC-A",
        "EAN-8",
        "GS1",
        "US scale",
        "US scale, wrong check",
        "GS1 weight",
        "no number",
        "empty",
    ],
)
def test_a_number_is_what_its_check_digits_say(text: str, number: Number | None) -> None:
    assert read_number(text) == number


def test_a_scale_label_tells_weight_or_price_by_the_rules_of_its_region() -> None:
    label = read_number("2302148210869", RcnRegion.NORWAY)
    assert label is not None
    assert label.weight_g == 1086
    assert label.product.startswith("2302148")
    assert read_number("2302148210869") == Number(product="2302148210869")


def picture(code: str, bar: int) -> np.ndarray:
    """A pack of 640x480 with a code whose thinnest bars are so many pixels wide."""
    made = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.EAN13)
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=bar))
    image = np.full((480, 640, 3), 180, np.uint8)
    height, width = min(100, bars.shape[0]), bars.shape[1]
    image[180 : 180 + height, 200 : 200 + width] = cv2.cvtColor(bars[:height], cv2.COLOR_GRAY2BGR)
    return cv2.GaussianBlur(image, (3, 3), 0.6)


def track(number: int, box: Box, *, hand: bool = False) -> Track:
    votes = {"hand" if hand else "box": 1.0}
    return Track(id=number, box=box, origin=box, seen=True, confidence=0.9, votes=votes, first=0.0, last=0.0, hits=9)


PACK = track(1, Box(0.2, 0.25, 0.95, 0.75))
HAND = track(2, Box(0.6, 0.5, 0.9, 0.9), hand=True)


def read(reader: CodeReader, image: np.ndarray, frames: int, *tracks: Track) -> None:
    for index in range(frames):
        reader.see(Frame(index=index, time=index / 15, image=image), tracks)


@pytest.mark.parametrize("bar", [2, 3])
def test_a_code_that_faces_the_camera_for_half_a_second_is_read(bar: int) -> None:
    reader = CodeReader(budget=1.0)
    read(reader, picture(EAN, bar), 8, PACK, HAND)
    assert reader.code([1]) == EAN
    assert reader.code([7]) is None


def test_what_no_hand_is_at_is_not_read() -> None:
    reader = CodeReader(budget=1.0)
    read(reader, picture(EAN, 2), 8, PACK)
    assert reader.code([1]) is None


def test_reading_keeps_to_its_budget() -> None:
    now = 0.0

    def clock() -> float:  # every look at it is 4 ms later: so long does a crop take
        nonlocal now
        now += 0.004
        return now

    reader = CodeReader(budget=0.001, clock=clock)
    read(reader, picture(EAN, 2), 80, PACK, HAND)
    assert now / 2 <= 0.001 * 80 + 0.0041
    assert reader.code([1]) == EAN


@pytest.mark.parametrize("kind", [zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode])
@pytest.mark.parametrize("data", [f"(01)0{EAN}", f"(01)0{EAN}(3103)001250", f"(01)0{EAN}(10)LOT7(3103)001250"])
def test_a_gs1_code_of_two_dimensions_is_read_as_its_data(kind: zxingcpp.BarcodeFormat, data: str) -> None:
    made = zxingcpp.create_barcode(data, kind, gs1=True)
    square = np.array(zxingcpp.write_barcode_to_image(made, scale=4))
    assert numbers_in(square) == [Number(product=EAN, weight_g=1250 if "3103" in data else None)]
