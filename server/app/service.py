"""The basket server as one object: ledger, subscriber and pages, started and stopped together."""

import contextlib
import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from zoneinfo import ZoneInfo

from biip.rcn import RcnRegion

from smartcart.edge.contract.broker_address import BrokerAddress, BrokerAddressError
from smartcart.edge.contract.events import ContractError, checked_name
from smartcart.server.access.access import Access
from smartcart.server.access.audit import Actor
from smartcart.server.access.authenticator import Authenticator
from smartcart.server.app.application import create_app
from smartcart.server.basket.basket import Basket
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import CartKey, Commands
from smartcart.server.carts.corrections import Corrections
from smartcart.server.carts.help_requests import HelpRequests
from smartcart.server.carts.metrics import CartMetrics
from smartcart.server.carts.requests import CartRequests
from smartcart.server.carts.review_queue import ReviewQueue
from smartcart.server.carts.scans import Scans
from smartcart.server.carts.shift_book import ShiftBook
from smartcart.server.carts.shopper_additions import ShopperAdditions
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.file import DEFAULT_CATALOGUE, load_catalogue
from smartcart.server.catalogue.in_force import CatalogueInForce
from smartcart.server.catalogue.pictures import ProductPictures
from smartcart.server.catalogue.store import Products
from smartcart.server.checkout.payments import Payments
from smartcart.server.checkout.till import Till
from smartcart.server.checkout.trial_provider import TrialProvider
from smartcart.server.database.database import DatabaseError, open_database
from smartcart.server.database.patience import opened
from smartcart.server.gallery.keeper import Galleries
from smartcart.server.gallery.learning import Learner
from smartcart.server.gallery.lessons import Lessons
from smartcart.server.gallery.post import GalleryPost
from smartcart.server.http.web_server import WebServer
from smartcart.server.ledger.address import is_postgres, open_ledger
from smartcart.server.ledger.port import LedgerError, Outcome
from smartcart.server.ledger.sole_use import sole_use
from smartcart.server.mqtt import evidence_sweep
from smartcart.server.mqtt.commit_reporter import CommitReporter
from smartcart.server.mqtt.connection import Connection
from smartcart.server.mqtt.evidence import EvidenceBox, read_sights
from smartcart.server.mqtt.subscriber import Health, Subscriber
from smartcart.server.runtime.listening import listen
from smartcart.server.runtime.metrics import Metrics
from smartcart.server.runtime.periodic_task import PeriodicTask
from smartcart.server.runtime.zone import store_zone
from smartcart.server.site.entrance import Entrance
from smartcart.server.site.site import Site
from smartcart.server.views.cart import CartPages
from smartcart.server.views.cart_screen import ScreenPages
from smartcart.server.views.dashboard import CartCards
from smartcart.server.views.feed import Feed
from smartcart.server.views.history import History
from smartcart.server.views.item_pictures import add_item_pictures
from smartcart.server.views.queue import QueuePages
from smartcart.server.views.teach import TeachPages
from smartcart.server.views.templating import Templates

_BEGINNING: Final = Actor(name="smartcart", via="command")
_LOOK_SECONDS: Final = 1.0
"""How often changes by other servers beside the ledger are looked for."""
_TILL_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class BasketServer:
    """Subscribes, keeps the ledger and serves the pages, from ``start`` to ``stop``; a context manager.

    Args:
        broker_url, ca, cert, key: see ``BrokerAddress``.
        ledger_url: see ``open_ledger``.
        port: 0 takes a free port; ``url`` tells the real one.
        catalogue: what an empty store begins with, or its file; None takes the one that is shipped.
        group: a name that several servers have in common, which share one broker and one PostgreSQL ledger.
        entrance: who is let in, and how.
        evidence: take pictures that carts send of their events, and keep them for a day at most, in memory alone.
        learning: let the gallery learn from what people settle; it needs ``evidence``.
        labels: the words of the carts' detector, for a warning where the catalogue has another one; none warns never.
        zone: the store's time zone; None takes the machine's.
        scales: the country whose rules apply to weight or price in scale labels.
        live_view_url: a picture stream on this machine to show next to the baskets, under the name ``clip_name``.
    """

    def __init__(
        self,
        *,
        broker_url: str,
        ledger_url: str,
        host: str = "127.0.0.1",
        port: int = 8000,
        catalogue: Catalogue | Path | None = None,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        group: str | None = None,
        entrance: Entrance | None = None,
        evidence: bool = False,
        learning: bool = False,
        labels: Iterable[str] = (),
        zone: ZoneInfo | None = None,
        scales: RcnRegion | None = None,
        live_view_url: str | None = None,
        clip_name: str | None = None,
    ) -> None:
        self._address = BrokerAddress.parse(broker_url, ca=ca, cert=cert, key=key)
        self._seed = catalogue if isinstance(catalogue, Catalogue) else load_catalogue(catalogue or DEFAULT_CATALOGUE)
        if group is not None:
            try:
                checked_name(group, "the servers' common name")
            except ContractError as error:
                raise BrokerAddressError(error.reason) from None
            if not is_postgres(ledger_url):
                raise LedgerError("servers that share need one ledger in PostgreSQL: --ledger postgresql://…")
        self._is_given = catalogue is not None
        self._group = group
        self._ledger_url = ledger_url
        self._host = host
        self._port = port
        self._entrance = entrance or Entrance()
        self._labels = frozenset(labels)
        self._zone = zone or store_zone(None)
        self._scales = scales
        self._live_view_url = live_view_url
        self._clip_name = clip_name
        self._changed = threading.Condition()
        self._metrics = Metrics(Outcome)
        self._commands = Commands()
        self._evidence = EvidenceBox(is_on=evidence)
        self._sights = EvidenceBox(is_on=evidence and learning, read=read_sights)

    @property
    def url(self) -> str:
        """The address of the pages."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self._host, self._host)
        scheme = "https" if self._entrance.tls else "http"
        return f"{scheme}://[{host}]:{self._port}/" if ":" in host.strip("[]") else f"{scheme}://{host}:{self._port}/"

    def start(self) -> None:
        """Opens ledger and port, then accepts events; waits for a PostgreSQL that is still starting.

        Raises:
            LedgerError: the ledger cannot be opened.
            DatabaseError: the tables beside the ledger cannot be opened.
            EntranceError: the access rules do not allow the network address.
            TlsError: its certificate or key is unusable.
            ListenError: the port cannot be opened.
        """
        listening = opened(self._open)
        self._port = listening.getsockname()[1]
        self._carts.listen(self._wake)
        self._subscriber = Subscriber(
            connection=self._make_connection(),
            ledger=self._ledger,
            catalogue=self._catalogue,
            carts=self._carts,
            commands=self._commands,
            watch=CommitReporter(self._metrics),
            evidence=self._evidence,
            sights=self._sights,
            galleries=GalleryPost(lambda: self._galleries.now),
            lessons=self._lessons,
            scans=self._scans,
        )
        self._web = self._make_web(listening)
        self._rounds = self._make_rounds()
        for rounds in self._rounds:
            rounds.start()
        self._subscriber.start()
        self._web.start()

    def _open(self) -> socket.socket:
        """Opens everything needed before events come in; closes it again if something fails."""
        with contextlib.ExitStack() as undo:
            undo.enter_context(sole_use(self._ledger_url))
            self._ledger = open_ledger(self._ledger_url)
            undo.callback(self._ledger.close)
            office = open_database(self._ledger_url)
            undo.callback(office.close)
            self._doors = Access(office, self._entrance.times)
            self._open_shop()
            self._entrance.check(self._host, self._doors)
            self._carts = Carts(self._ledger, self._commands)
            self._scans = Scans(self._carts)
            self._till = self._make_till()
            self._galleries = Galleries(office, self._doors.audit)
            self._lessons = Lessons(self._carts, self._galleries, lambda: self._catalogue.now)
            self._learner = Learner(self._ledger, self._galleries, self._sights.find, lambda: self._catalogue.now)
            self._calls = HelpRequests(office, self._doors.audit, self._carts.touch, self._carts.is_over)
            self._requests = CartRequests(office, self._doors.audit, self._carts, self._commands)
            if self._group is None:  # their process has died
                self._till.recover(timedelta(0))
            listening = listen(self._host, self._port, "the server")
            self._opened = undo.pop_all()
        return listening

    def _open_shop(self) -> None:
        """The catalogue in force; an empty store starts with the given one."""
        self._products = Products(self._doors.office, self._doors.audit)
        seeded = self._products.seed(self._seed, _BEGINNING)
        self._catalogue = CatalogueInForce(self._products)
        if self._is_given and not seeded and set(self._seed.products) - set(self._catalogue.products):
            log.warning("the store keeps its catalogue: --catalogue fills an empty one; import the file on its page")

    def _make_connection(self) -> Connection:
        """A name that survives a restart; several servers have one each."""
        name = f"smartcart-server-{self._ledger.identity[:13]}" + (f"-{uuid.uuid4().hex[:8]}" if self._group else "")
        wanted = {"pictures": self._evidence.is_on, "sights": self._sights.is_on}
        return Connection(self._address, name, group=self._group, **wanted, on_change=self._carts.touch)

    def _make_rounds(self) -> list[PeriodicTask]:
        """What is looked at again and again, since another server may have changed it, or nobody has."""
        sweep = partial(evidence_sweep.sweep, (self._evidence, self._sights), self._ledger)
        look, till, pictures = _LOOK_SECONDS, _TILL_SECONDS, evidence_sweep.EVERY_SECONDS
        return [
            PeriodicTask("catalogue", self._catalogue.look, seconds=look, meanwhile="the catalogue stays as it was"),
            PeriodicTask("gallery", self._galleries.look, seconds=look, meanwhile="the gallery stays as it was"),
            PeriodicTask("learning", self._learner.look, seconds=look, meanwhile="the gallery learns later"),
            PeriodicTask("calls", self._calls.refresh, seconds=look, meanwhile="calls for help stay as they were"),
            PeriodicTask(
                "requests", self._requests.refresh, seconds=look, meanwhile="requests to carts stay unchanged"
            ),
            PeriodicTask("till", self._till.recover, seconds=till, meanwhile="open payments are checked later"),
            PeriodicTask("pictures", sweep, seconds=pictures, meanwhile="pictures of erased sessions stay until then"),
        ]

    def _make_till(self) -> Till:
        office, audit = self._doors.office, self._doors.audit
        return Till(
            ledger=self._ledger,
            catalogue=self._catalogue,
            payments=Payments(office, audit),
            provider=TrialProvider(office),
            audit=audit,
            on_change=self._carts.touch,
        )

    def _make_web(self, listening: socket.socket) -> WebServer:
        def health() -> Health:
            return self._subscriber.health

        templates = Templates(currency=self._catalogue.currency, is_open=self._entrance.is_open, zone=self._zone)
        add_item_pictures(templates, self._evidence, lambda: self._catalogue.now)
        self._feed = Feed(self._carts)
        self._desk = Authenticator(self._doors, self._metrics.login_failures.inc)
        self._metrics.register(CartMetrics(self._carts, lambda: self._feed.open_pages, lambda: health().ok))
        settling = ReviewQueue(self._carts, self._ledger, lambda: self._catalogue.now)
        corrections = Corrections(
            self._ledger, lambda: self._catalogue.now, self._carts, self._doors.audit, self._learner.made
        )
        cards = CartCards(
            carts=self._carts,
            calls=self._calls,
            health=health,
            templates=templates,
            live_view_url=self._live_view_url,
            clip_name=self._clip_name,
        )
        site = Site(
            carts=self._carts,
            ledger=self._ledger,
            requests=self._requests,
            catalogue=self._catalogue,
            products=self._products,
            galleries=self._galleries,
            lessons=self._lessons,
            scans=self._scans,
            pictures=ProductPictures(self._doors.office),
            till=self._till,
            health=health,
            metrics=self._metrics,
            doors=self._doors,
            desk=self._desk,
            templates=templates,
            feed=self._feed,
            cards=cards,
            cart_pages=CartPages(
                self._carts, self._ledger, settling, self._calls, self._till.payments, self._evidence, templates
            ),
            queue_pages=QueuePages(self._carts, settling, self._calls, templates),
            teach_pages=TeachPages(self._carts, self._lessons, self._galleries, templates, self._live_view_url),
            screen_pages=ScreenPages(
                carts=self._carts,
                ledger=self._ledger,
                settling=settling,
                calls=self._calls,
                catalogue=lambda: self._catalogue.now,
                evidence=self._evidence,
                templates=templates,
            ),
            corrections=corrections,
            shopper_additions=ShopperAdditions(self._ledger, corrections),
            settling=settling,
            shifts=ShiftBook(self._carts, self._ledger, self._zone),
            calls=self._calls,
            evidence=self._evidence,
            history=History(self._ledger, self._till.payments, self._zone, templates.price),
            labels=self._labels,
            is_open=self._entrance.is_open,
            zone=self._zone,
            scales=self._scales,
        )
        allowed_hosts = (self._host, *self._entrance.allowed_hosts)
        app = create_app(site, allowed_hosts=allowed_hosts, live_view_url=self._live_view_url)
        return WebServer(app, listening, tls=self._entrance.tls, trusted_proxies=self._entrance.trusted_proxies)

    def stop(self) -> None:
        """Ends every page's stream, disconnects and closes the ledger."""
        self._feed.close()
        self._web.stop()
        self._desk.close()
        self._subscriber.stop()
        for rounds in self._rounds:
            rounds.stop()
        with contextlib.suppress(LedgerError, DatabaseError):
            self._learner.finish()
        self._opened.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def has_admin(self) -> bool:
        """True if there is an admin."""
        return self._doors.accounts.has_admin()

    def view(self, store: str, cart: str) -> CartView | None:
        """A cart's current state; None if it never reported."""
        return self._carts.view((store, cart))

    def basket(self, store: str, cart: str) -> Basket | None:
        """The basket of a cart's newest session; None before its first event."""
        view = self.view(store, cart)
        return view.basket if view else None

    def wait_for(self, store: str, cart: str, condition: Callable[[Basket], bool], timeout: float) -> Basket | None:
        """Waits until a cart's basket fulfils a condition; returns that basket, or None after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                basket = self.basket(store, cart)
                if basket is not None and condition(basket):
                    return basket
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def _wake(self, _carts: set[CartKey]) -> None:
        with self._changed:
            self._changed.notify_all()
