"""A code that the cart's screen asks for is read in the whole picture, within the budget, without any visit."""

import uuid

import cv2
import numpy as np
import pytest
import zxingcpp

from smartcart.edge.capture.frames import Frame
from smartcart.edge.codes.numbers import read_number
from smartcart.edge.codes.reader import CodeReader
from smartcart.edge.codes.scan import LASTS, CodeScan
from smartcart.edge.contract.code import MOST_LETTERS, CodeReport

EAN = "4006381333931"
ASKED = str(uuid.UUID(int=1))


def picture() -> np.ndarray:
    """A code whose thinnest bars are 2 pixels wide, somewhere in a picture."""
    made = zxingcpp.create_barcode(EAN, zxingcpp.BarcodeFormat.EAN13)
    bars = np.array(zxingcpp.write_barcode_to_image(made, scale=2))[:100]
    image = np.full((480, 640, 3), 180, np.uint8)
    image[180 : 180 + len(bars), 200 : 200 + bars.shape[1]] = cv2.cvtColor(bars, cv2.COLOR_GRAY2BGR)
    return image


def test_a_code_is_read_while_it_is_asked_for_and_told_again_to_who_asks_again() -> None:
    now = [0.0]
    scan = CodeScan(lambda: now[0])
    reader = CodeReader(scan, budget=1.0)
    frame = Frame(index=0, time=0.0, image=picture())
    reader.see(frame, [])
    assert scan.due() is None, "nobody has asked"
    scan.ask(ASKED)
    for _ in range(4):
        reader.see(frame, [])
    report = scan.due()
    assert report == CodeReport(scan=ASKED, text=EAN)
    assert report
    assert CodeReport.from_bytes(report.to_bytes()) == report
    assert (scan.is_wanted, scan.due()) == (False, None)
    scan.ask(ASKED)
    assert scan.due() == report


def test_who_asks_no_more_gets_nothing() -> None:
    now = [0.0]
    scan = CodeScan(lambda: now[0])
    scan.ask(ASKED)
    now[0] = LASTS + 1
    assert not scan.is_wanted


@pytest.mark.parametrize(("more", "is_read"), [((), True), (("240", "241", "250", "251", "400"), False)])
def test_a_code_too_long_for_a_message_is_ignored(more: tuple[str, ...], is_read: bool) -> None:
    text = "\x1d".join(["01040063813339311000000000000000000000", "21" + "0" * 20, *(ai + "0" * 30 for ai in more)])
    assert read_number(text) is not None
    assert (len(text) <= MOST_LETTERS) == is_read
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    square = np.array(zxingcpp.write_barcode_to_image(made, scale=4))
    scan = CodeScan()
    scan.ask(ASKED)
    for _ in range(2):
        scan.look(cv2.cvtColor(square, cv2.COLOR_GRAY2BGR))
    assert (scan.due() is not None) == is_read
