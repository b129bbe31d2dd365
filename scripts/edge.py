"""``smartcart edge``: the process on the cart, from camera to broker."""

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartcart.edge.cart import Cart
    from smartcart.edge.frames import Frame, FrameSource
    from smartcart.edge.pipeline import Step
    from smartcart.edge.preview import Preview
    from smartcart.edge.sink import Sink

HELP = "watch a cart through a camera and publish what goes in and out"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.eye import add_eye_options

    parser = commands.add_parser(
        "edge",
        help=HELP,
        description=HELP + ". Events wait in an outbox on disk until the server has committed them.",
        epilog="Example:  smartcart edge --source 0 --store store-1 --cart cart-7 --broker mqtt://10.0.0.5:1883 --preview",
    )
    parser.add_argument(
        "--source", default="0", help="camera number, video, folder of pictures, rtsp:// or http:// stream"
    )
    parser.add_argument("--store", default="store-1", help="the store's name in topics (default: %(default)s)")
    parser.add_argument("--cart", default="cart-1", help="the cart's pseudonym in topics (default: %(default)s)")
    parser.add_argument("--broker", default="mqtt://127.0.0.1:1883", help="mqtt[s]://[user:password@]host[:port]")
    parser.add_argument("--ca-file", help="certificate authorities for mqtts (default: the system's)")
    parser.add_argument("--outbox", type=Path, help="outbox file (default: ~/.smartcart/STORE-CART.sqlite)")
    parser.add_argument("--sink", type=Path, metavar="FILE", help="write events as JSON lines instead of sending them")
    parser.add_argument("--fps", type=float, help="look at no more frames a second than this")
    parser.add_argument("--speed", choices=("real", "max"), default="real", help="pace of a recording (default: real)")
    parser.add_argument("--preview", action="store_true", help="serve the annotated live picture on loopback")
    add_eye_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.edge.courier import BrokerAddressError
    from smartcart.edge.events import ContractError
    from smartcart.edge.preview import Preview
    from smartcart.edge.sink import SinkError
    from smartcart.scripts.eye import EDGE_ERRORS
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.signals import stop_on_sigterm

    stop_on_sigterm()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        with contextlib.ExitStack() as stack:
            preview = stack.enter_context(Preview()) if args.preview else None
            if preview:
                print(f"live picture: {preview.url}", file=sys.stderr)
            run_cart(args, preview)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    except (SinkError, BrokerAddressError, ContractError, *EDGE_ERRORS) as error:
        raise CommandError(str(error)) from error
    return 0


def run_cart(
    args: argparse.Namespace, preview: "Preview | None", on_cart: "Callable[[Cart], None]" = lambda _: None
) -> None:
    """Wires and runs one cart until its frames end; ``on_cart`` gets the cart before its first frame."""
    from smartcart.edge.camera_watch import CameraWatch
    from smartcart.edge.cart import Cart, NoCarrier
    from smartcart.edge.courier import Courier
    from smartcart.edge.draw import Annotator
    from smartcart.edge.events import checked_name
    from smartcart.edge.outbox import Outbox
    from smartcart.edge.publisher import Identity, Publisher
    from smartcart.edge.sink import JsonLines
    from smartcart.edge.sources import open_source
    from smartcart.scripts.eye import build_pipeline, open_detector, open_zone

    zone = open_zone(args.zone)
    pipeline = build_pipeline(open_detector(args), zone)
    identity = Identity(
        store=checked_name(args.store, "store"), cart=checked_name(args.cart, "cart"), model=pipeline.detector.model
    )
    annotator = Annotator(zone, pipeline.judge)

    def show(step: "Step") -> None:
        if preview and preview.watched:
            preview.show(annotator.draw(step))

    with contextlib.ExitStack() as stack:
        sink: Sink
        if args.sink:
            sink = stack.enter_context(JsonLines(args.sink))
        else:
            path = args.outbox or Path.home() / ".smartcart" / f"{identity.store}-{identity.cart}.sqlite"
            sink = outbox = Outbox(path, store=identity.store, cart=identity.cart)
            stack.callback(outbox.close)
        cart = Cart(pipeline, Publisher(sink, identity), CameraWatch(zone))
        frames = open_source(args.source, on_presence=cart.camera_present)
        stack.callback(frames.close)
        on_cart(cart)
        if args.sink:
            cart.run(_paced(frames, args), NoCarrier(), on_step=show)
        else:
            courier = Courier(
                outbox,
                identity,
                broker=args.broker,
                version=version("smartcart"),
                on_command=cart.command,
                ca_file=args.ca_file,
            )
            with courier:
                cart.run(_paced(frames, args), courier, on_step=show)


def _paced(frames: "FrameSource", args: argparse.Namespace) -> "Iterable[Frame]":
    from smartcart.edge.pace import newest, real_time, thinned
    from smartcart.edge.sources import is_live

    paced: Iterable[Frame] = frames
    if is_live(args.source):
        paced = newest(frames)
    elif args.speed == "real":
        paced = real_time(frames)
    return thinned(paced, args.fps) if args.fps else paced
