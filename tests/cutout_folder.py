"""A small folder of cut-outs, drawn: discs and boxes for goods, hands with arms, and hands that hold a box."""

import csv
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from smartcart.datasets.photos.cutouts import COLUMNS, TABLE, Cutout

SKIN = (120, 150, 205)


def source_of(split, number):
    """A name of a photo whose cut-outs are of a split; another one for each number."""
    names = (f"photo{k}.jpg" for k in count(1000 * number))
    return next(name for name in names if row_of(name).split(()) == split)


def row_of(source_file, source_set="drawn"):
    return Cutout(
        file=Path("x.png"),
        label="apple",
        source_set=source_set,
        source_file=source_file,
        held=False,
        arm_leaves="",
        boxes=(),
    )


def disc(colour, size=80):
    picture = np.zeros((size, size, 4), np.uint8)
    cv2.circle(picture, (size // 2, size // 2), size // 2 - 2, (*colour, 255), -1, cv2.LINE_AA)
    return picture


def block(colour, width=60, height=110):
    picture = np.zeros((height, width, 4), np.uint8)
    picture[3:-3, 3:-3] = (*colour, 255)
    return picture


def hand():
    """A hand with fingers up whose arm leaves through the bottom."""
    picture = np.zeros((200, 120, 4), np.uint8)
    for x in (30, 50, 70, 90):
        cv2.line(picture, (x, 12), (60, 90), (*SKIN, 255), 12)
    cv2.ellipse(picture, (60, 90), (34, 36), 0, 0, 360, (*SKIN, 255), -1)
    picture[100:, 42:78] = (*SKIN, 255)
    return picture


def holding(colour):
    """A hand that holds a box of 50 x 80 pixels before its palm."""
    picture = hand()
    picture[4:84, 35:85] = (*colour, 255)
    return picture


def write_cutouts(folder, splits=("train", "test")):
    """Writes goods of three classes, hands and held cartons for each split."""
    rows = []
    for split in splits:
        pictures = {
            "apple": (disc((40, 40, 200)), "apple", "no", "", ""),
            "orange": (disc((30, 140, 240)), "orange", "no", "", ""),
            "carton": (block((200, 120, 60)), "carton", "no", "", ""),
            "can": (block((60, 60, 210), 50, 90), "can", "no", "", ""),
            "hand": (hand(), "hand", "no", "b", ""),
            "held": (holding((200, 90, 90)), "carton", "yes", "b", "carton:35,4,50,80 hand:26,10,68,120"),
        }
        for number, (name, (picture, label, held, arm, boxes)) in enumerate(pictures.items()):
            file = f"{split}_{name}.png"
            cv2.imwrite(str(folder / file), picture)
            rows.append([file, label, "drawn", source_of(split, number), held, arm, boxes])
    with (folder / TABLE).open("w", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, *rows])
    return folder


def write_boxed(folder, box="2 0.25 0.5 0.3 0.4"):
    """A data.yaml whose one photo is grey and has one box."""
    from smartcart.models.labels import LABELS

    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "a.png"), np.full((480, 640, 3), 128, np.uint8))
    (folder / "labels" / "a.txt").write_text(f"{box}\n")
    names = "".join(f"  {k}: {label}\n" for k, label in enumerate(LABELS))
    (folder / "data.yaml").write_text(f"train: images\nnames:\n{names}")
    return folder / "data.yaml"
