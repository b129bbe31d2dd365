"""Making corrections: a person's correction becomes an ``item_corrected`` in the ledger."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from smartcart.edge.contract.events import Correction, CorrectionSource, Outcome
from smartcart.server.access.audit import Actor, AuditLog
from smartcart.server.basket.effective_corrections import SHOPPER, effective_corrections
from smartcart.server.basket.records import SessionKey, StoredCorrection
from smartcart.server.carts.carts import Carts
from smartcart.server.catalogue.catalogue import Catalogue, Match
from smartcart.server.errors import ServerError
from smartcart.server.ledger.port import ID_TAKEN, Ledger, LedgerError, Verdict
from smartcart.server.ledger.port import Outcome as Fate
from smartcart.server.runtime.clock import utc_now

MOST: Final = 1000
"""The largest quantity of one correction."""
MOST_WORDS: Final = 2000
"""Maximum number of corrections of a session: as many as events."""


class CorrectionError(ServerError):
    """A correction that cannot be made; the message says why."""


class NotThereError(CorrectionError):
    """There is no such session, event or product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A person's correction: ``action`` of ``quantity`` times the product ``sku``, or of what ``label`` stands for.

    ``weight_g`` is the weight of one item in grams; None keeps the weight reported by the cart. ``price`` is the price
    on the item's own label, in minor units. ``source`` is how a shopper named it.
    """

    action: Outcome
    label: str | None = None
    sku: str | None = None
    quantity: int = 1
    weight_g: float | None = None
    price: int | None = None
    source: CorrectionSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The audit log's entry for a correction."""

    by: Actor
    action: str
    detail: Mapping[str, Any]


def store_told(
    ledger: Ledger, audit: AuditLog, key: SessionKey, correction: Correction, match: Match, told: Told
) -> Verdict:
    """Stores a correction that is in the audit log already: none counts without, even if the server dies between.

    Raises:
        DatabaseError: the audit log cannot be written; nothing was stored.
        LedgerError: the ledger cannot be written.
    """
    place = f"{key.store}/{key.cart}/{key.session}"
    audit.note(told.by, told.action, place, id=correction.id, **told.detail)
    verdict = ledger.correct(key, correction, match)
    if verdict.outcome is Fate.REFUSED:
        audit.note(told.by, "correction refused", place, id=correction.id, reason=verdict.reason)
    return verdict


class Corrections:
    """Writes corrections and updates the pages at once; the author and the access are in the audit log too.

    Args:
        catalogue: gives the catalogue in force.
        on_made: is told of each correction that was made.
    """

    def __init__(
        self,
        ledger: Ledger,
        catalogue: Callable[[], Catalogue],
        carts: Carts,
        audit: AuditLog,
        on_made: Callable[[SessionKey, Correction], None] = lambda _, __: None,
    ) -> None:
        self._ledger = ledger
        self._audit = audit
        self._catalogue = catalogue
        self._carts = carts
        self._on_made = on_made

    def make(
        self,
        key: SessionKey,
        corrects: str | None,
        said: Reading,
        by: Actor,
        *,
        first_only: bool = False,
        once: str | None = None,
    ) -> Correction:
        """Stores one correction; ``corrects`` is the corrected event, None for a correction by hand.

        Args:
            first_only: refuse it if staff have settled this event already.
            once: its id; a repeated correction with the same id is the same, and is not stored again.

        Raises:
            NotThereError: the session, the event or the product does not exist.
            CorrectionError: it is incomplete, or the event is settled already.
            LedgerError: the ledger cannot be written.
            DatabaseError: the audit log cannot be written, so it is not made.
        """
        words = self._ledger.session(key).corrections
        if once is not None and (made := _of_id(words, once)):
            return made
        if len(words) >= MOST_WORDS:
            raise CorrectionError(f"this basket was corrected {len(words)} times already: close it")
        if first_only and (other := _settled_by(words, corrects)):
            raise CorrectionError(f"{other} has settled this already")
        if said.action != "none" and corrects in _readings(words):
            raise CorrectionError("a correction can be taken back, and its event corrected again")
        label, match = self._product(said, self._weight(key, corrects, said))
        correction = Correction(
            id=once or str(uuid.uuid4()),
            corrects=corrects,
            action=said.action,
            label=label,
            sku=match.sku,
            quantity=said.quantity,
            by=SHOPPER if by.via == "screen" else by.name,
            time=utc_now(),
            source=said.source,
        )
        self._check(correction)
        what = {"corrects": corrects, "label": label, "sku": match.sku, "quantity": said.quantity}
        what |= {"source": said.source} if said.source else {}
        told = Told(by=by, action="item corrected", detail={"reading": said.action, **what})
        verdict = store_told(self._ledger, self._audit, key, correction, match, told)
        if verdict.reason == ID_TAKEN and (made := _of_id(self._ledger.session(key).corrections, correction.id)):
            return made  # it came twice at the same time
        if verdict.outcome is Fate.REFUSED:
            raise NotThereError(verdict.reason or "it cannot be taken")
        self._on_made(key, correction)
        self._show()
        return correction

    def take_back(self, key: SessionKey, words: list[str], by: Actor) -> None:
        """Takes corrections back: the one before them counts again, or the cart's event.

        Raises:
            NotThereError: there is no such correction.
        """
        said = self._ledger.session(key).corrections
        readings = _readings(said)
        there = {stored.correction.id for stored in said if stored.correction.corrects not in readings}
        if not words or any(word not in there for word in words):
            raise NotThereError("its session has no such correction")
        for word in words:
            self.make(key, word, Reading(action="none"), by)

    def settle_line(self, key: SessionKey, sources: list[str], sku: str, by: Actor) -> list[Correction]:
        """Names a line's product: every event that put something into it gets this product.

        Raises:
            As for ``make``.
        """
        quantities = self._quantities(key)
        missing = [source for source in sources if source not in quantities]
        if missing or not sources:
            raise NotThereError("its session has no such event")
        readings = [(source, Reading(action="added", sku=sku, quantity=quantities[source])) for source in sources]
        return [self.make(key, source, said, by) for source, said in readings]

    def _product(self, said: Reading, weight_g: float | None) -> tuple[str | None, Match]:
        """The intended label and product; a chosen product may have another label."""
        if said.action == "none":
            return said.label, Match()
        catalogue = self._catalogue()
        if said.sku is None:
            if not said.label:
                raise CorrectionError("name a product of the catalogue, or a label")
            return said.label, catalogue.match(said.label, None, weight_g)
        product = catalogue.find(said.sku)
        if product is None:
            raise NotThereError(f"the catalogue has no product {said.sku[:64]!r}")
        labels = product.labels or (product.sku,)
        match = catalogue.match(None, product.sku, weight_g)
        if said.price is not None:
            match = replace(match, price=said.price, per_kg=None, weight_g=None)
        return said.label if said.label in labels else labels[0], match

    def _weight(self, key: SessionKey, corrects: str | None, said: Reading) -> float | None:
        """The weight of one item, if known."""
        if said.quantity != 1 or said.weight_g is not None or corrects is None:
            return said.weight_g if said.quantity == 1 else None
        events = self._ledger.session(key).events
        return next((stored.event.weight_g for stored in events if stored.event.id == corrects), None)

    @staticmethod
    def _check(correction: Correction) -> None:
        if not 1 <= correction.quantity <= MOST:
            raise CorrectionError(f"a quantity is a whole number from 1 to {MOST}")
        if correction.action == "none" and correction.corrects is None:
            raise CorrectionError("name the event that did not happen")

    def _quantities(self, key: SessionKey) -> dict[str, int]:
        """How many items each event, or correction by hand, of a session is about, after all corrections."""
        records = self._ledger.session(key)
        found = {stored.event.id: stored.event.quantity or 1 for stored in records.events}
        for stored in effective_corrections(records.corrections):
            found[stored.correction.corrects or stored.correction.id] = stored.correction.quantity
        return found

    def _show(self) -> None:
        with contextlib.suppress(LedgerError):  # it is stored; the pages see it with the ledger's next update
            self._carts.refresh()


def _of_id(words: Iterable[StoredCorrection], name: str) -> Correction | None:
    return next((stored.correction for stored in words if stored.correction.id == name), None)


def _settled_by(words: Iterable[StoredCorrection], event: str | None) -> str | None:
    """Which staff member settled an event last."""
    names = [
        stored.correction.by or "somebody"
        for stored in effective_corrections(words)
        if stored.correction.corrects == event and stored.correction.by != SHOPPER
    ]
    return names[-1] if names and event else None


def _readings(words: Iterable[StoredCorrection]) -> set[str]:
    """The corrections of an event or of a correction by hand."""
    return {stored.correction.id for stored in words if stored.correction.corrects is not None}
