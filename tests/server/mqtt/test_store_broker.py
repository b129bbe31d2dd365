"""What a real Mosquitto refuses with the configuration that ``smartcart pair`` writes, and the baskets after it."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from processes import MOSQUITTO, wait_until
from store_broker import Peer, Store, topic
from turned_packs import ITEM, Pixels
from turned_packs import view as view_of_pack
from wire_events import CATALOGUE, Trip

from smartcart.edge.contract.broker_address import BrokerAddress
from smartcart.edge.contract.events import Ack, Channel, Command, ModelName, Status, parse_ack
from smartcart.edge.delivery.courier import Courier
from smartcart.edge.delivery.outbox import Outbox
from smartcart.edge.delivery.publisher import Identity, Publisher
from smartcart.edge.gallery.teacher import Teacher
from smartcart.server.access.audit import Actor
from smartcart.server.app.service import BasketServer
from smartcart.server.basket.basket import Basket
from smartcart.server.pki.certificates import CertificateRole
from smartcart.server.runtime.clock import utc_now

pytestmark = [
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    # paho leaves the socket of a failed handshake to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MakePeer = Callable[..., Peer]
ONLINE = Status(online=True, time=utc_now()).to_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    yield store
    store.close()


@pytest.fixture
def peer(store: Store) -> Iterator[MakePeer]:
    made: list[Peer] = []

    def make(bundle: Path | None, **more: object) -> Peer:
        made.append(Peer(store.broker.url, bundle, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def server(store: Store, tmp_path: Path) -> Iterator[BasketServer]:
    bundle = store.bundle("@server", CertificateRole.SERVER)
    with BasketServer(
        broker_url=store.broker.url,
        ca=bundle,
        cert=bundle,
        ledger_url=f"sqlite:///{tmp_path / 'ledger.sqlite'}",
        port=0,
        catalogue=CATALOGUE,
    ) as running:
        wait_until(lambda: running._subscriber.health.ok)
        yield running


@pytest.fixture
def victim(server: BasketServer, store: Store, peer: MakePeer) -> Callable[[], Basket]:
    """A basket of ``cart-1`` with one can in it; gives it as it stands."""
    trip = Trip()
    cart = peer(store.bundle("cart-1"))
    cart.subscribe(topic("cart-1", Channel.ACK))
    for event in (trip.start(), trip.add("can")):
        assert cart.publish(topic("cart-1", Channel.EVENTS), event.to_bytes())
    basket = server.wait_for("store-1", "cart-1", lambda b: b.events == 2, timeout=30)
    assert basket is not None

    def now() -> Basket:
        assert {v.cart for v in server._carts.views()} == {"cart-1"}
        return server.basket("store-1", "cart-1") or pytest.fail("the basket is gone")

    return now


def test_a_cart_reaches_its_own_topics_and_nothing_else(
    store: Store, peer: MakePeer, victim: Callable[[], Basket]
) -> None:
    before = victim()
    thief = peer(store.bundle("cart-9"), name="smartcart/store-1/cart-1")
    assert not thief.refused
    forged = Trip().add("bottle").to_bytes()
    for cart in ("cart-1", "cart-10", "cart-", "@server"):
        for channel in Channel:
            assert not thief.publish(topic(cart, channel), forged), f"{cart} {channel}"
    for channel in (Channel.ACK, Channel.COMMAND):
        assert not thief.publish(topic("cart-9", channel), b"{}"), channel
    assert not thief.publish(topic("cart-9", Channel.EVENTS, store="store-2"), forged)
    assert not thief.publish("smartcart/v2/store-1/cart-9/events", forged)
    assert not thief.publish("$SYS/broker", b"")
    assert victim() == before
    assert thief.publish(topic("cart-9", Channel.STATUS), ONLINE), "it was connected all along"


def test_a_cart_hears_its_own_answers_and_nothing_else(store: Store, peer: MakePeer) -> None:
    server, cart = peer(store.bundle("@server", CertificateRole.SERVER)), peer(store.bundle("cart-9"))
    for wide in ("#", "smartcart/#", "smartcart/v1/+/+/ack", "smartcart/v1/store-1/cart-1/+", "$SYS/#"):
        cart.subscribe(wide)
    other = peer(store.bundle("cart-1"))
    assert other.publish(topic("cart-1", Channel.EVENTS), b"secret")
    assert other.publish(topic("cart-1", Channel.STATUS), b"secret", retain=True)
    for name in ("cart-1", "cart-9"):
        for channel in (Channel.ACK, Channel.COMMAND):
            assert server.publish(topic(name, channel), name.encode())
    heard = set()
    wait_until(lambda: heard.add(cart.got.get(timeout=10)) or len(heard) == 2)
    assert heard == {(topic("cart-9", Channel.ACK), b"cart-9"), (topic("cart-9", Channel.COMMAND), b"cart-9")}
    assert not server.publish(topic("cart-1", Channel.EVENTS), b""), "a server makes no events"


def test_under_3_1_1_a_forged_topic_is_dropped_too(
    store: Store, peer: MakePeer, victim: Callable[[], Basket], server: BasketServer
) -> None:
    before = victim()
    thief = peer(store.bundle("cart-9"), version=MQTTProtocolVersion.MQTTv311)
    thief.publish(topic("cart-1", Channel.EVENTS), Trip().add("bottle").to_bytes())  # answered as if all were well
    thief.publish(topic("cart-9", Channel.EVENTS), Trip(cart="cart-9").start().to_bytes())
    assert server.wait_for("store-1", "cart-9", lambda b: b.events == 1, timeout=30)
    assert server.basket("store-1", "cart-1") == before


def test_a_forged_last_will_reaches_nobody(store: Store, peer: MakePeer, victim: Callable[[], Basket]) -> None:
    before = victim()
    forged = Trip().add("bottle").to_bytes()
    thief = peer(store.bundle("cart-9"), will=(topic("cart-1", Channel.EVENTS), forged))
    if not thief.refused:
        thief._client.socket().shutdown(2)  # type: ignore[union-attr]
    listener = peer(store.bundle("@server2", CertificateRole.SERVER))
    listener.subscribe("#")
    assert victim() == before


def test_nobody_comes_in_without_a_good_certificate_of_this_store(
    store: Store, peer: MakePeer, victim: Callable[[], Basket], tmp_path: Path
) -> None:
    before, trusts = victim(), store.folder / "broker" / "authority.crt"
    assert peer(None, trusts=trusts).refused, "no certificate"
    foreign = Store(tmp_path / "other")  # of the same name: what counts is who signed
    assert peer(foreign.bundle("cart-1"), trusts=trusts).refused, "a foreign store's cart"
    assert peer(foreign.bundle("@server", CertificateRole.SERVER), trusts=trusts).refused, "a foreign store's server"
    foreign.close()
    long_ago = datetime.now(UTC) - timedelta(days=60)
    assert peer(store.bundle("cart-2", now=long_ago, days=30)).refused, "expired"
    store.revoke("cart-1")
    assert peer(store.folder / "cart-1.pem").refused, "revoked"
    assert not peer(store.bundle("cart-3")).refused, "the others still come in"
    assert victim() == before


def test_the_brokers_own_certificate_opens_nothing(store: Store, peer: MakePeer) -> None:
    made = store.authority.issue("@broker", CertificateRole.BROKER, hosts=["127.0.0.1"], again=True)
    assert peer(store.write(store.folder / "stolen.pem", made)).refused


def test_a_client_cannot_throw_another_out_by_its_name(store: Store, peer: MakePeer) -> None:
    honest = peer(store.bundle("cart-1"), name="smartcart/store-1/cart-1")
    for name in ("smartcart/store-1/cart-1", "cart-1", "@server"):
        thief = peer(store.bundle("cart-9"), name=name)
        assert not thief.refused
        assert thief.publish(topic("cart-9", Channel.STATUS), ONLINE)
        thief.close()
    assert honest.publish(topic("cart-1", Channel.STATUS), ONLINE)
    assert not honest.lost.is_set()


def test_a_retained_event_counts_once_over_any_number_of_restarts(store: Store, peer: MakePeer, tmp_path: Path) -> None:
    cart, trip = peer(store.bundle("cart-1")), Trip()
    assert cart.publish(topic("cart-1", Channel.EVENTS), trip.add("can", seq=1).to_bytes(), retain=True)
    bundle = store.bundle("@server", CertificateRole.SERVER)
    for _ in range(3):
        with BasketServer(
            broker_url=store.broker.url,
            ca=bundle,
            cert=bundle,
            ledger_url=f"sqlite:///{tmp_path / 'ledger.sqlite'}",
            port=0,
            catalogue=CATALOGUE,
        ) as server:
            basket = server.wait_for("store-1", "cart-1", lambda b: b.events == 1, timeout=30)
            assert basket is not None
            assert basket.counts == {"can": 1}
    assert not cart.publish(topic("cart-1", Channel.ACK), Ack().to_bytes(), retain=True)
    assert not cart.publish(topic("cart-1", Channel.COMMAND), Command(action="end_session").to_bytes(), retain=True)


def test_what_is_too_large_does_not_reach_the_server(
    store: Store, peer: MakePeer, victim: Callable[[], Basket], server: BasketServer
) -> None:
    before = victim()
    cart = peer(store.bundle("cart-9"))
    cart.publish(topic("cart-9", Channel.EVENTS), b"x" * 400_000)
    wait_until(cart.lost.is_set)
    assert victim() == before
    assert server.view("store-1", "cart-9") is None


def test_the_real_edge_and_the_real_server_meet_over_it(store: Store, server: BasketServer, tmp_path: Path) -> None:
    bundle = store.bundle("cart-7")
    identity = Identity(store="store-1", cart="cart-7", model=ModelName(name="eye", hash="0123456789ab"))
    outbox = Outbox(tmp_path / "outbox.sqlite", store="store-1", cart="cart-7")
    publisher = Publisher(outbox, identity)
    publisher.start()
    address = BrokerAddress.parse(store.broker.url, ca=bundle, cert=bundle)
    with Courier(outbox, identity, broker=address, version="test"):
        assert server.wait_for("store-1", "cart-7", lambda b: b.events == 1, timeout=30)
        wait_until(lambda: outbox.depth() == 0)
    outbox.close()


def test_a_lesson_goes_there_and_back_over_it(store: Store, server: BasketServer, tmp_path: Path) -> None:
    bundle = store.bundle("cart-7")
    identity = Identity(store="store-1", cart="cart-7", model=ModelName(name="eye", hash="0123456789ab"))
    outbox, teacher = Outbox(tmp_path / "outbox.sqlite", store="store-1", cart="cart-7"), Teacher(Pixels(), "store-1")

    def obey(command: Command) -> None:
        if command.action == "teach":
            teacher.begin(command.lesson or "", command.sku or "", command.name or "")
        else:
            teacher.end(command.lesson or "", keep=command.keep)

    product = CATALOGUE.find("JAM")
    assert product
    address = BrokerAddress.parse(store.broker.url, ca=bundle, cert=bundle)
    with Courier(outbox, identity, broker=address, version="test", on_command=obey, teacher=teacher):
        wait_until(lambda: (view := server.view("store-1", "cart-7")) is not None and view.online, timeout=30)
        server._lessons.start(("store-1", "cart-7"), product, Actor(name="anna", via="login"))
        wait_until(lambda: teacher.is_teaching, timeout=30)
        for seed in range(5):
            teacher.see(view_of_pack(seed), [ITEM])
        server._lessons.end("JAM", "keep")
        wait_until(lambda: server._galleries.product("JAM") is not None, timeout=30)
    outbox.close()


def test_a_revoked_cart_says_why_nothing_gets_away(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = store.bundle("cart-7")
    store.revoke("cart-7")
    identity = Identity(store="store-1", cart="cart-7", model=ModelName(name="eye", hash="0123456789ab"))
    outbox = Outbox(tmp_path / "outbox.sqlite", store="store-1", cart="cart-7")
    address = BrokerAddress.parse(store.broker.url, ca=bundle, cert=bundle)
    with Courier(outbox, identity, broker=address, version="test", linger=3):
        wait_until(lambda: "was it revoked?" in caplog.text, timeout=60)
    other = BrokerAddress.parse(store.broker.url)  # the system's authorities do not know this broker
    with Courier(outbox, identity, broker=other, version="test", linger=3):
        wait_until(lambda: "is this machine's clock right?" in caplog.text)
    outbox.close()


def test_a_cart_under_another_name_than_its_certificates_says_so(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = store.bundle("cart-7")
    identity = Identity(store="store-1", cart="cart-8", model=ModelName(name="eye", hash="0123456789ab"))
    outbox = Outbox(tmp_path / "outbox.sqlite", store="store-1", cart="cart-8")
    Publisher(outbox, identity).start()
    address = BrokerAddress.parse(store.broker.url, ca=bundle, cert=bundle)
    with Courier(outbox, identity, broker=address, version="test", linger=1):
        wait_until(lambda: "messages of store-1/cart-8" in caplog.text)
        assert outbox.depth() == 1
    outbox.close()


def test_a_bundle_serves_other_clients_as_it_stands(store: Store, peer: MakePeer) -> None:
    if not (program := shutil.which("mosquitto_pub")):
        pytest.skip("mosquitto_pub is not installed")
    listener = peer(store.bundle("@server", CertificateRole.SERVER))
    listener.subscribe("smartcart/#")
    bundle = str(store.bundle("cart-1"))
    words = ["-h", "127.0.0.1", "-p", str(store.port), "--cafile", bundle, "--cert", bundle, "--key", bundle]
    told = subprocess.run([program, *words, "-q", "1", "-t", topic("cart-1", Channel.STATUS), "-m", "here"], timeout=30)
    assert told.returncode == 0
    assert listener.got.get(timeout=10) == (topic("cart-1", Channel.STATUS), b"here")


def test_an_answer_to_one_cart_is_not_anothers(store: Store, peer: MakePeer, tmp_path: Path) -> None:
    """A cart that knows another's event ids cannot have them deleted there."""
    bundle = store.bundle("cart-1")
    identity = Identity(store="store-1", cart="cart-1", model=ModelName(name="eye", hash="0123456789ab"))
    outbox = Outbox(tmp_path / "outbox.sqlite", store="store-1", cart="cart-1")
    Publisher(outbox, identity).start()
    ids = tuple(letter.id for letter in outbox.waiting())
    thief, honest = peer(store.bundle("cart-9")), peer(store.bundle("@server", CertificateRole.SERVER))
    address = BrokerAddress.parse(store.broker.url, ca=bundle, cert=bundle)
    arrived = threading.Event()
    with Courier(outbox, identity, broker=address, version="test", linger=1, on_command=lambda _: arrived.set()):
        honest.subscribe(topic("cart-1", Channel.EVENTS))
        honest.got.get(timeout=10)
        assert not thief.publish(topic("cart-1", Channel.ACK), Ack(committed=ids).to_bytes())
        assert honest.publish(topic("cart-9", Channel.ACK), Ack(committed=ids).to_bytes())
        assert honest.publish(topic("cart-1", Channel.COMMAND), Command(action="start_session").to_bytes())
        assert arrived.wait(10)
        assert outbox.depth() == 1
        assert honest.publish(topic("cart-1", Channel.ACK), Ack(committed=ids).to_bytes())
        wait_until(lambda: outbox.depth() == 0)
    assert parse_ack(Ack(committed=ids).to_bytes()).committed == ids
    outbox.close()
