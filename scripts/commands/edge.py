"""``smartcart edge``: the process on the cart, from camera to broker."""

import argparse
import contextlib
import logging
import sys
from pathlib import Path

HELP = "watch a cart through a camera and publish what goes in and out"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from smartcart.scripts.broker_options import add_broker_options
    from smartcart.scripts.pipeline_options import add_camera_options, add_eye_options, frame_rate

    parser = commands.add_parser(
        "edge",
        help=HELP,
        description=HELP + ". Events wait in an outbox on disk until the server has committed them.",
        epilog="Example:  smartcart edge --source 0 --bundle cart-7.pem --zone cart-7.toml\n"
        "          smartcart edge --source 0 --store s1 --cart cart-7 --broker mqtt://10.0.0.5 --preview",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--source",
        default="0",
        help="camera number (default: 0), device, video, folder of pictures, rtsp://, http:// or other stream",
    )
    parser.add_argument("--store", help="the store's name in topics (default: the bundle's, otherwise store-1)")
    parser.add_argument("--cart", help="the cart's pseudonym in topics (default: the bundle's, otherwise cart-1)")
    add_broker_options(parser)
    parser.add_argument(
        "--outbox",
        type=Path,
        help="outbox file (default: ~/.smartcart/STORE/CART.sqlite); if it is damaged, the error says how to "
        "move it away",
    )
    parser.add_argument("--sink", type=Path, metavar="FILE", help="write events as JSON lines instead of sending them")
    parser.add_argument(
        "--fps", type=frame_rate, help="process at most this many frames a second, and request them from a webcam"
    )
    add_camera_options(parser)
    parser.add_argument("--speed", choices=("real", "max"), default="real", help="pace of a recording (default: real)")
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="send the server a small picture of each event's item, with its surroundings blurred (default: no "
        "picture)",
    )
    parser.add_argument("--preview", action="store_true", help="serve the annotated live picture on loopback")
    add_eye_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.edge.contract.broker_address import BrokerAddress
    from smartcart.edge.contract.events import ContractError
    from smartcart.edge.view.preview import Preview
    from smartcart.scripts.broker_options import chosen_broker
    from smartcart.scripts.cart import CartRun
    from smartcart.scripts.cart_products import cart_products
    from smartcart.scripts.main import CommandError
    from smartcart.scripts.pipeline import camera_mode, open_detector, open_zone
    from smartcart.scripts.private_files import warn_of_readers
    from smartcart.scripts.signals import stop_on_sigterm, stop_softly

    stop_on_sigterm()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    broker = chosen_broker(args)
    store, cart = args.store or broker.store or "store-1", args.cart or broker.name or "cart-1"
    outbox = args.outbox or Path.home() / ".smartcart" / store / f"{cart}.sqlite"
    if args.sink is None:
        warn_of_readers(outbox)
    try:
        zone = open_zone(args.zone)
        run = CartRun(
            source=args.source,
            zone=zone,
            detector=open_detector(args, zone),
            store=store,
            cart=cart,
            broker=BrokerAddress.parse(broker.url, ca=broker.ca, cert=broker.cert, key=broker.key),
            outbox=outbox,
            sink=args.sink,
            fps=args.fps,
            mode=camera_mode(args),
            evidence=args.evidence,
            real_speed=args.speed == "real",
            products=cart_products(
                outbox.with_suffix(".gallery"), given=args.gallery, embedding=args.embedding, threads=args.threads
            ),
        )
        with contextlib.ExitStack() as stack:
            preview = stack.enter_context(Preview()) if args.preview else None
            if preview:
                print(f"live picture: {preview.url}", file=sys.stderr)
            run.go(preview, stop_softly)
        print(run.farewell(), file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    except ContractError as error:
        raise CommandError(str(error)) from error
    return 0
