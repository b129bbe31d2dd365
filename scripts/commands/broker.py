"""``smartcart broker``: the embedded MQTT broker alone."""

import argparse
from typing import Any


def add_parser(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = commands.add_parser(
        "broker",
        help="run the embedded MQTT broker",
        description=(
            "Runs the embedded MQTT broker until Ctrl-C. It is for a laptop or a demo: anybody can connect, "
            "nothing is stored on disk, and it holds some hundred carts. A store runs Mosquitto instead."
        ),
        epilog="Example:  smartcart broker --port 1883",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1883, help="port to listen on; 0 takes a free one (default: 1883)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from smartcart.server.mqtt.embedded_broker import EmbeddedBroker
    from smartcart.server.runtime.stopping import wait_for_stop

    with EmbeddedBroker(host=args.host, port=args.port) as broker:
        print(f"broker listens on {broker.url}; Ctrl-C stops it", flush=True)
        wait_for_stop()
    return 0
