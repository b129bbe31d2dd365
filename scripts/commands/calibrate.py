"""``smartcart calibrate``: marks the basket's place in the picture for the edge."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartcart.edge.capture.frames import Image
    from smartcart.edge.vision.zone import Zone

HELP = "draw the basket's outline on a frame, or give it, and write the zone file"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.pipeline_options import add_camera_options, frame_rate

    parser = commands.add_parser(
        "calibrate",
        help=HELP,
        description=HELP
        + ". In the window: click the corners in order, Backspace removes the last, Enter writes, Esc quits.",
        epilog="Example:  smartcart calibrate --source 0 --zone cart.toml\n"
        "          smartcart calibrate --source 0 --zone cart.toml --polygon 0.1,0.2 0.9,0.2 0.9,0.95 0.1,0.95",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--source", required=True, help="camera number or device, video, folder of pictures, or stream")
    parser.add_argument("--fps", type=frame_rate, help="request this many frames a second from a webcam")
    add_camera_options(parser)
    parser.add_argument("--zone", required=True, type=Path, metavar="OUT.toml", help="zone file to write")
    parser.add_argument(
        "--polygon", nargs="+", metavar="x,y", help="corners between 0 and 1, for a machine without a display"
    )
    parser.add_argument("--picture", type=Path, metavar="OUT.png", help="also write the frame with the zone on it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import cv2

    from smartcart.edge.capture.sources import open_source
    from smartcart.edge.vision.zone import parse_polygon, write_zone
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.pipeline import camera_mode

    frames = open_source(args.source, mode=camera_mode(args))
    try:
        image = next(iter(frames)).image
        zone = parse_polygon(args.polygon) if args.polygon else _draw(image)
        write_zone(args.zone, zone)
    except OSError as error:
        raise CommandError(f"{args.zone}: cannot be written: {error.strerror}") from error
    finally:
        frames.close()
    if args.picture and not cv2.imwrite(str(args.picture), _with_outline(image, zone.polygon, closed=True)):
        raise CommandError(f"{args.picture}: cannot be written; give a name that ends in .png or .jpg")
    print(f"wrote {args.zone}: {len(zone.polygon)} corners, {zone.area:.0%} of the picture", file=sys.stderr)
    return 0


def _draw(image: "Image") -> "Zone":
    """Lets a person click the outline in a window."""
    import cv2

    from smartcart.edge.vision.zone import Zone
    from smartcart.scripts.main import CommandError

    title = "smartcart: click the basket's corners, Enter saves, Esc quits"
    corners: list[tuple[float, float]] = []

    def click(event: int, x: int, y: int, *_: object) -> None:
        if event == cv2.EVENT_LBUTTONDOWN:
            corners.append((x / (image.shape[1] - 1), y / (image.shape[0] - 1)))

    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise CommandError("there is no display for a window; give the corners with --polygon x,y ...")
    os.environ.setdefault(
        "QT_LOGGING_RULES", "*.warning=false"
    )  # OpenCV's Qt complains about fonts that it does not need
    cv2.namedWindow(title, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
    cv2.setMouseCallback(title, click)
    try:
        while True:
            cv2.imshow(title, _with_outline(image, corners, closed=False))
            key = cv2.waitKey(30) & 0xFF
            if key in (10, 13) and len(corners) >= 3:
                return Zone(tuple(corners))
            if key in (8, 127) and corners:
                corners.pop()
            if key == 27:
                raise CommandError("nothing was written")
    finally:
        cv2.destroyAllWindows()


def _with_outline(
    image: "Image", corners: "list[tuple[float, float]] | tuple[tuple[float, float], ...]", *, closed: bool
) -> "Image":
    import cv2
    import numpy as np

    shown = image.copy()
    size = np.array([image.shape[1] - 1, image.shape[0] - 1])
    points = np.round(np.array(corners).reshape(-1, 2) * size).astype(np.int32)
    cv2.polylines(shown, [points], closed, (60, 180, 255), 2, cv2.LINE_AA)
    for x, y in points.tolist():
        cv2.circle(shown, (x, y), 5, (60, 180, 255), -1, cv2.LINE_AA)
    return shown
