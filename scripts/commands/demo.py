"""``smartcart demo``: broker, server, dashboard and one cart at once, on embedded defaults."""

import argparse
import json
import logging
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartcart.edge.vision.zone import Zone
    from smartcart.models.dataset.truth import Truth
    from smartcart.server.basket.basket import Basket

HELP = "see it work: broker, server, dashboard and a cart on this machine, with a bundled clip or your camera"
STORE, CART = "demo-store", "demo-cart"
PAUSE_BETWEEN_ROUNDS = 4.0
COMMIT_TIMEOUT = 30.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.pipeline_options import add_camera_options, add_eye_options, frame_rate

    parser = commands.add_parser(
        "demo",
        help=HELP,
        description=HELP + ". Nothing leaves this machine, and nothing is kept after Ctrl-C, including the small "
        "pictures of items on the pages.",
        epilog="Example:  smartcart demo               plays the bundled clip again and again\n"
        "          smartcart demo --camera 0    your webcam: put things into a box below it\n"
        "          smartcart demo --once --headless --speed max",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--camera", type=int, metavar="N", help="a webcam, by its number")
    source.add_argument("--source", metavar="X", help="a video, a folder of pictures, or a stream")
    parser.add_argument("--fps", type=frame_rate, help="request this many frames a second from a webcam")
    add_camera_options(parser)
    parser.add_argument("--headless", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--once", action="store_true", help="end after the clip; exit with 1 if its basket is not exact"
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="the dashboard's port; 0 takes a free one (default: 8000)"
    )
    parser.add_argument("--speed", choices=("real", "max"), default="real", help="pace of a clip (default: real)")
    parser.add_argument("--catalogue", type=Path, help="products and prices, CSV or TOML (default: the shipped ones)")
    parser.add_argument("--json", action="store_true", help="end with one JSON object of the basket")
    add_eye_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.scripts.signals import stop_on_sigterm

    stop_on_sigterm()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    return _demo(args)


def _demo(args: argparse.Namespace) -> int:
    from smartcart.edge.capture.sources import is_live, open_source
    from smartcart.edge.contract.broker_address import BrokerAddress
    from smartcart.edge.view.preview import Preview
    from smartcart.models.labels import ITEMS
    from smartcart.scripts.cart import CartRun
    from smartcart.scripts.cart_products import cart_products
    from smartcart.scripts.pipeline import camera_mode, open_detector
    from smartcart.scripts.signals import stop_softly
    from smartcart.server.app.service import BasketServer
    from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
    from smartcart.server.site.entrance import Entrance

    source = _source(args)
    truth = _truth_beside(source)
    zone = _zone(args, truth)
    detector = open_detector(args, zone)
    open_source(source, mode=camera_mode(args)).close()  # a wrong name is reported before a browser opens
    with (
        tempfile.TemporaryDirectory(prefix="smartcart-demo-") as folder,
        Preview() as preview,
        EmbeddedBroker(port=0) as broker,
        BasketServer(
            broker_url=broker.url,
            ledger_url=f"sqlite:///{folder}/ledger.sqlite",
            port=args.port,
            catalogue=args.catalogue,
            live_view_url=preview.url,
            clip_name="camera" if is_live(source) else Path(source).name,
            entrance=Entrance(is_open=True),
            evidence=True,
            learning=True,
            labels=ITEMS,
        ) as server,
    ):
        preview.allow_origin(server.url.rstrip("/"))
        print(f"dashboard: {server.url}   (Ctrl-C stops everything)", file=sys.stderr, flush=True)
        print("a demo needs no login: anybody on this machine may look and press", file=sys.stderr, flush=True)
        if not args.headless:
            webbrowser.open(server.url)
        cart = CartRun(
            source=source,
            zone=zone,
            detector=detector,
            store=STORE,
            cart=CART,
            broker=BrokerAddress.parse(broker.url),
            outbox=Path(folder) / "outbox.sqlite",
            mode=camera_mode(args),
            real_speed=args.speed == "real",
            initial=truth.initial if truth else {},
            evidence=True,
            products=cart_products(
                Path(folder) / "gallery", given=args.gallery, embedding=args.embedding, threads=args.threads
            ),
        )
        stopped = threading.Event()

        def on_start(stop: Callable[[], None]) -> None:
            def stop_all() -> None:
                stopped.set()
                stop()

            stop_softly(stop_all)

        try:
            while not stopped.is_set():
                cart.go(preview, on_start)
                basket = server.wait_for(STORE, CART, lambda b: b.state == "ended" and not b.missing, COMMIT_TIMEOUT)
                if args.camera is not None or (args.once and not stopped.is_set()):
                    return _report(args, basket, truth)
                stopped.wait(PAUSE_BETWEEN_ROUNDS)
        except KeyboardInterrupt:
            pass  # the second Ctrl-C
        print("stopped", file=sys.stderr)
        return 0


def _source(args: argparse.Namespace) -> str:
    if args.camera is not None:
        return str(args.camera)
    return args.source or str(resources.files("smartcart.datasets") / "demo" / "demo.mp4")


def _truth_beside(source: str) -> "Truth | None":
    from smartcart.models.dataset.truth import SUFFIX, read_truth

    path = Path(source)
    beside = path.parent / (path.stem + SUFFIX)
    return read_truth(beside) if path.is_file() and beside.is_file() else None


def _zone(args: argparse.Namespace, truth: "Truth | None") -> "Zone":
    from smartcart.edge.vision.zone import Zone
    from smartcart.scripts.pipeline import open_zone

    return Zone(truth.zone) if truth and not args.zone else open_zone(args.zone)


def _report(args: argparse.Namespace, basket: "Basket | None", truth: "Truth | None") -> int:
    expected = truth.final() if truth else None
    result: Mapping[str, Any] = {
        "cart": CART,
        "basket": basket.counts if basket else None,
        "total_minor": basket.total_minor if basket else None,
        "currency": basket.currency if basket else None,
        "unpriced": basket.unpriced if basket else 0,
        "events": basket.events if basket else 0,
        "expected": expected,
        "exact": basket is not None and basket.counts == expected,
    }
    if args.json:
        print(json.dumps(result))
    else:
        print(f"basket {result['basket']}, expected {expected}: {'exact' if result['exact'] else 'not exact'}")
    return 0 if expected is None or result["exact"] else 1
