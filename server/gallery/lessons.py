"""Lessons: staff have a cart learn a product; the page shows the progress.

They are kept in memory only: the result goes into the gallery. A silent cart is asked again and answers with its
progress, so that a lost message costs a moment. A lesson whose cart stays silent is over.
"""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from smartcart.edge.contract.events import Command, ContractError
from smartcart.edge.contract.lesson import LessonReport
from smartcart.edge.gallery.gallery_file import Gallery, GalleryError
from smartcart.edge.gallery.nearest import Near, nearest
from smartcart.server.access.audit import Actor
from smartcart.server.carts.carts import Carts, CartView
from smartcart.server.carts.commands import CartKey
from smartcart.server.catalogue.catalogue import Catalogue
from smartcart.server.catalogue.product import Product
from smartcart.server.database.database import DatabaseError
from smartcart.server.errors import ServerError
from smartcart.server.gallery.keeper import Galleries

ASK_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 20.0
LONGEST_SECONDS: Final = 90.0
"""The cart ends a lesson itself before that."""
MOST_KEPT: Final = 200
TOO_OLD: Final = "this cart's program is too old to be taught: update it"
UNSAVED: Final = (
    "it was learnt, and the server could not save it: make room on its disk, then save it. "
    "Until the server is started anew nothing is lost"
)

log = logging.getLogger(__name__)


class LessonError(ServerError):
    """A lesson cannot begin, or does not exist; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A product's lesson, as its page shows it.

    ``says`` is the current advice, or why nothing was learnt; ``again``: the product was learnt before and is replaced;
    ``near`` are the most similar products, once it is learnt; ``file`` is the result if it is not saved yet. Times are
    in monotonic seconds.
    """

    id: str
    cart: CartKey
    sku: str
    name: str
    by: Actor
    since: float
    heard: float
    asked: float = 0.0
    state: Literal["asked", "teaching", "learnt", "unsaved", "failed"] = "asked"
    ending: Literal["keep", "drop"] | None = None
    progress: float = 0.0
    views: int = 0
    says: str = ""
    again: bool = False
    near: tuple[Near, ...] = ()
    file: bytes | None = None

    @property
    def is_open(self) -> bool:
        """True while the cart is teaching or being asked to."""
        return self.state in ("asked", "teaching")

    def is_due(self, now: float) -> bool:
        """True if the cart is to be asked, for the first time or again."""
        return not self.asked or now - max(self.asked, self.heard) >= ASK_SECONDS

    def command(self) -> Command:
        """The current command for the cart."""
        if self.ending is not None:
            return Command(action="teach_end", lesson=self.id, keep=self.ending == "keep")
        return Command(action="teach", lesson=self.id, sku=self.sku, name=self.name)


class Lessons:
    """The newest lesson of each product that was taught here. Safe to use from several threads."""

    def __init__(
        self,
        carts: Carts,
        galleries: Galleries,
        catalogue: Callable[[], Catalogue],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._carts = carts
        self._galleries = galleries
        self._catalogue = catalogue
        self._clock = clock
        self._lock = threading.RLock()
        self._of: OrderedDict[str, Lesson] = OrderedDict()

    def find(self, sku: str) -> Lesson | None:
        """A product's newest lesson."""
        return self._of.get(sku)

    def at(self, cart: CartKey) -> Lesson | None:
        """The lesson under way on a cart."""
        with self._lock:
            return next((lesson for lesson in self._of.values() if lesson.is_open and lesson.cart == cart), None)

    def hindrance(self, view: CartView) -> str | None:
        """Why a cart cannot be taught now."""
        if view.status is None or not view.status.online:
            return "this cart is offline"
        if view.status.teaching is None:
            return TOO_OLD
        lesson = self.at((view.store, view.cart))
        if lesson is not None or view.status.teaching:
            return f"{lesson.by.name if lesson else 'somebody'} is teaching with this cart"
        if view.basket is not None and view.basket.state == "open" and view.basket.items:
            return f"somebody shops with this cart: its basket has {view.basket.items} items; end its session first"
        return None

    def start(self, cart: CartKey, product: Product, by: Actor) -> None:
        """Asks a cart to learn a product.

        Raises:
            LessonError: it cannot, or the product is being taught already.
        """
        view = self._carts.view(cart)
        if view is None:
            raise LessonError(f"nothing was ever heard of cart {cart[0]}/{cart[1]}")
        with self._lock:
            known = self._of.get(product.sku)
            if known is not None and known.is_open:
                raise LessonError(f"{known.by.name} is teaching {known.name} with {known.cart[1]}")
            why_not = self.hindrance(view)
            if why_not is not None:
                raise LessonError(f"{cart[1]}: {why_not}")
            now = self._clock()
            self._keep(
                Lesson(id=str(uuid.uuid4()), cart=cart, sku=product.sku, name=product.name, by=by, since=now, heard=now)
            )

    def end(self, sku: str, ending: Literal["keep", "drop"]) -> None:
        """Ends a product's lesson; the views are learnt or forgotten.

        Raises:
            LessonError: there is none.
        """
        with self._lock:
            lesson = self._of.get(sku)
            if lesson is None or not lesson.is_open:
                raise LessonError("this lesson is over already")
            self._keep(replace(lesson, ending=ending, asked=0.0))

    def save(self, sku: str) -> None:
        """Saves a result that could not be saved before.

        Raises:
            LessonError: there is nothing to save, or it cannot be saved now either.
        """
        lesson = self._of.get(sku)
        if lesson is None or lesson.state != "unsaved":
            raise LessonError("there is nothing to save")
        self._keep(self._saved(lesson))
        if self._of[sku].state == "unsaved":
            raise LessonError("the server still cannot save it: make room on its disk")

    def forget(self, sku: str) -> None:
        """Drops what a product's page shows of its last lesson."""
        with self._lock:
            lesson = self._of.pop(sku, None)
        if lesson is not None:
            self._carts.touch(lesson.cart)

    def take(self, cart: CartKey, payload: bytes) -> None:
        """Takes a cart's report; one that belongs to no lesson of this server is ignored."""
        try:
            report = LessonReport.from_bytes(payload)
        except ContractError as error:
            log.warning("cart %s/%s reports no lesson: %s", *cart, error.reason)
            return
        with self._lock:
            lesson = self.at(cart)
            if lesson is not None and lesson.id == report.lesson:
                self._keep(self._after(lesson, report))

    def due(self) -> list[tuple[CartKey, Command]]:
        """The commands to send to carts now."""
        now = self._clock()
        with self._lock:
            due = [lesson for lesson in self._of.values() if lesson.is_open and lesson.is_due(now)]
            self._of |= {lesson.sku: replace(lesson, asked=now) for lesson in due}
        return [(lesson.cart, lesson.command()) for lesson in due]

    def look(self) -> None:
        """Ends the lessons whose cart went offline or silent."""
        now = self._clock()
        with self._lock:
            for lesson in [lesson for lesson in self._of.values() if lesson.is_open]:
                why = self._lost(lesson, now)
                if why is not None:
                    self._keep(replace(lesson, state="failed", says=why))

    def _lost(self, lesson: Lesson, now: float) -> str | None:
        view, name = self._carts.view(lesson.cart), lesson.cart[1]
        if view is not None and view.status is not None and not view.status.online:
            return f"nothing was learnt: {name} went offline in the middle of it. Teach it again when the cart is back"
        if now - lesson.heard > SILENT_SECONDS or now - lesson.since > LONGEST_SECONDS:
            return f"nothing was learnt: {name} does not answer. Look at the cart, then teach it again"
        return None

    def _after(self, lesson: Lesson, report: LessonReport) -> Lesson:
        told = replace(
            lesson,
            state="teaching",
            progress=report.progress,
            views=report.views,
            says=report.says,
            heard=self._clock(),
        )
        if report.state == "learnt":
            return self._saved(replace(told, file=report.gallery))
        return replace(told, state="failed") if report.is_last else told

    def _saved(self, lesson: Lesson) -> Lesson:
        if self._catalogue().find(lesson.sku) is None:
            why = f"{lesson.name} was removed from the catalogue meanwhile: nothing was learnt"
            return replace(lesson, state="failed", says=why, file=None)
        try:
            again = self._galleries.product(lesson.sku) is not None
            learnt = Gallery.from_bytes(lesson.file or b"")
            self._galleries.enrol(lesson.sku, learnt, lesson.by, views=lesson.views)
        except GalleryError as error:
            return replace(lesson, state="failed", says=str(error), file=None)
        except DatabaseError as error:
            log.error("what was learnt of %s cannot be saved: %s", lesson.sku, error)
            return replace(lesson, state="unsaved", says=UNSAVED)
        index = self._galleries.index
        product = index.find(lesson.sku) if index else None
        near = nearest(index, product) if index and product else ()
        return replace(lesson, state="learnt", says="", again=again, near=near, file=None)

    def _keep(self, lesson: Lesson) -> None:
        with self._lock:
            self._of[lesson.sku] = lesson
            self._of.move_to_end(lesson.sku)
            over = [sku for sku, known in self._of.items() if not known.is_open and known.file is None]
            for sku in over[: max(0, len(self._of) - MOST_KEPT)]:
                del self._of[sku]
        self._carts.touch(lesson.cart)
