"""The baseline of ``smartcart bench server``: a process that answers every event at once and keeps nothing.

python -m smartcart.scripts.bench.echo URL [BUNDLE]
"""

import re
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import PREFIX, Ack

_ID = re.compile(rb'"id":"([0-9a-f-]{36})"')


def main() -> None:
    """Echoes until it is killed."""
    bundle = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    broker = BrokerAddress.parse(sys.argv[1], ca=bundle, cert=bundle)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="echo", protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(1000)
    client.on_connect = lambda client, *_: client.subscribe(f"{PREFIX}/+/+/events", 1)
    client.on_message = _echo
    if broker.tls:
        client.tls_set_context(broker.trust())
    client.connect(broker.host, broker.port)
    client.loop_forever()


def _echo(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
    found = _ID.search(message.payload)
    if found:
        topic = message.topic.removesuffix("events") + "ack"
        client.publish(topic, Ack(committed=(found.group(1).decode(),)).to_bytes(), qos=1)


if __name__ == "__main__":
    main()
