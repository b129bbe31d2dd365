"""One cart of ``smartcart chaos``, a process that may be killed at any moment: a script, the real outbox and courier.

The script's progress is the newest session in the outbox, which is committed together with each event.

    python -m smartcart.scripts.chaos.cart CART --folder DIR --broker URL --seed N --events N
"""

import argparse
import os
import time
from functools import partial
from pathlib import Path
from typing import Final

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import EventType, ModelName
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity
from smartcart.scripts.chaos.script import STORE, event_of, rest, script

CAPACITY: Final = 300


def main() -> None:
    """Plays the script from the outbox's state; ends when everything is committed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cart")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    args = parser.parse_args()
    sessions = script(args.seed, args.cart, args.events)
    outbox = Outbox(args.folder / f"{args.cart}.sqlite", store=STORE, cart=args.cart, capacity=CAPACITY)
    todo = list(rest(sessions, outbox.last_session()))
    done = args.events - len(todo)
    identity = Identity(store=STORE, cart=args.cart, model=ModelName(name="chaos", hash="0" * 12))
    with (
        Progress(args.folder / f"{args.cart}.progress") as progress,
        Courier(outbox, identity, broker=BrokerAddress.parse(args.broker), version="chaos", linger=1) as courier,
    ):
        for session, number in todo:
            while outbox.full():
                progress.tell(done - outbox.depth())
                time.sleep(0.02)
            act = session.acts[number]
            build = partial(event_of, session, act, args.cart)
            if act.type is EventType.SESSION_STARTED:
                outbox.start_session(build)
            else:
                outbox.append(build, ends=act.type is EventType.SESSION_ENDED)
            done += 1
            courier.wake()
            progress.tell(done - outbox.depth())
        while outbox.depth():
            progress.tell(done - outbox.depth())
            time.sleep(0.02)
    outbox.close()


class Progress:
    """Writes the number of answered events to a file that only controls the pace of the kills."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)

    def tell(self, answered: int) -> None:
        os.pwrite(self._file, f"{answered:12}".encode(), 0)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


if __name__ == "__main__":
    main()
