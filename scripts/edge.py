"""``smartcart edge``: the process on the cart, from camera to broker."""

import argparse
import contextlib
import logging
import sys
from pathlib import Path

HELP = "watch a cart through a camera and publish what goes in and out"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.eye_options import add_eye_options

    parser = commands.add_parser(
        "edge",
        help=HELP,
        description=HELP + ". Events wait in an outbox on disk until the server has committed them.",
        epilog="Example:  smartcart edge --source 0 --store s1 --cart cart-7 --broker mqtt://10.0.0.5 --preview",
    )
    parser.add_argument(
        "--source", default="0", help="camera number (default: 0), video, folder of pictures, rtsp:// or http:// stream"
    )
    parser.add_argument("--store", default="store-1", help="the store's name in topics (default: %(default)s)")
    parser.add_argument("--cart", default="cart-1", help="the cart's pseudonym in topics (default: %(default)s)")
    parser.add_argument(
        "--broker", default="mqtt://127.0.0.1:1883", help="mqtt[s]://[user:password@]host[:port] (default: %(default)s)"
    )
    parser.add_argument("--ca-file", help="certificate authorities for mqtts (default: the system's)")
    parser.add_argument("--outbox", type=Path, help="outbox file (default: ~/.smartcart/STORE/CART.sqlite)")
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
    from smartcart.scripts.cart_run import CartRun
    from smartcart.scripts.eye import EDGE_ERRORS, open_detector, open_zone
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.signals import stop_on_sigterm, stop_softly

    stop_on_sigterm()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        run = CartRun(
            source=args.source,
            zone=open_zone(args.zone),
            detector=open_detector(args),
            store=args.store,
            cart=args.cart,
            broker=args.broker,
            ca_file=args.ca_file,
            outbox=args.outbox or Path.home() / ".smartcart" / args.store / f"{args.cart}.sqlite",
            sink=args.sink,
            fps=args.fps,
            real_speed=args.speed == "real",
        )
        with contextlib.ExitStack() as stack:
            preview = stack.enter_context(Preview()) if args.preview else None
            if preview:
                print(f"live picture: {preview.url}", file=sys.stderr)
            run.go(preview, stop_softly)
        print(run.farewell(), file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    except (SinkError, BrokerAddressError, ContractError, *EDGE_ERRORS) as error:
        raise CommandError(str(error)) from error
    return 0
