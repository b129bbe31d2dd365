"""The review queue's items and their candidates, as products of the catalogue. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from smartcart.edge.contract.events import Candidate, CorrectionSource, Event, Outcome
from smartcart.server.basket.basket import Basket, Line
from smartcart.server.basket.effective_corrections import effective_corrections, to_confirm
from smartcart.server.basket.records import SessionKey, StoredCorrection, StoredEvent
from smartcart.server.catalogue.catalogue import Catalogue, Match
from smartcart.server.catalogue.product import Product

MOST_OPTIONS = 9
"""How many candidates are offered, one per digit key."""
UNKNOWN_ITEM = "unknown item"
"""The label of an item that the cart could not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A candidate to choose; ``product`` is None if the catalogue has none of this label.

    ``probability`` is what the cart gave it, None where only a person can know; ``earlier`` is what the product cost
    when the cart told of it, where the basket goes on charging that.
    """

    action: Outcome
    label: str
    product: Product | None
    probability: float | None = None
    earlier: Match | None = None

    @property
    def sku(self) -> str | None:
        return self.product.sku if self.product else None

    @property
    def name(self) -> str:
        return self.product.name if self.product else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """An open question.

    *uncertain* is an event that the cart could not decide, *which* a line whose label fits several products, and
    *shopper* an event that the shopper has settled, or an addition by the shopper, that no staff have seen yet.
    ``answer`` is the shopper's answer, ``source`` how it was named, ``match`` its price; ``by_hand`` is an addition of
    which the cart reported nothing. ``sources`` are the ids of the events in question. ``direction`` is whether
    something was added or removed, even if the item is unknown; None if that is in doubt too.
    """

    kind: Literal["uncertain", "which", "shopper"]
    key: SessionKey
    sources: tuple[str, ...]
    time: str
    quantity: int
    label: str | None
    name: str
    options: tuple[Option, ...]
    direction: Outcome | None = None
    answer: Option | None = None
    source: CorrectionSource | None = None
    match: Match | None = None
    by_hand: bool = False

    @property
    def id(self) -> str:
        """The event by which it is identified."""
        return self.sources[0]

    @property
    def is_unknown(self) -> bool:
        """True if the cart saw an item and could not name it."""
        return self.name == UNKNOWN_ITEM and not self.options


def review_items_of(
    basket: Basket, catalogue: Catalogue, events: Sequence[StoredEvent], corrections: Iterable[StoredCorrection] = ()
) -> list[ReviewItem]:
    """One basket's open questions, the oldest first."""
    key = SessionKey(store=basket.store, cart=basket.cart, session=basket.session)
    by_id = {stored.event.id: stored for stored in events}
    found = [_uncertain(key, by_id[doubt.event_id], catalogue) for doubt in basket.uncertain if doubt.event_id in by_id]
    found += [_which(key, line, by_id, catalogue) for line in basket.lines if line.ambiguous]
    words = effective_corrections(corrections)
    added = {word.correction.id: word for word in words if word.correction.corrects is None}
    for about, word in to_confirm(words).items():
        if about in by_id:
            found.append(_answered(key, by_id[about], word, catalogue))
        elif about in added:
            found.append(_added(key, added[about], word, catalogue))
    return sorted(found, key=lambda doubt: (doubt.kind == "shopper", doubt.time))


def options_of(stored: StoredEvent, catalogue: Catalogue) -> tuple[Option, ...]:
    """What an event may have been: first the products that it looks like, then those that its labels fit."""
    event = stored.event
    happened = sorted((c for c in event.candidates or () if c.outcome != "none"), key=lambda c: -c.probability)
    found: dict[tuple[Outcome, str], Option] = {}
    for option in _alike(event, happened[0], catalogue) if happened else ():
        found.setdefault((option.action, option.sku or option.label), _as_charged(option, stored))
    for candidate in happened:
        if not candidate.label:
            continue
        for option in _readings(candidate.outcome, candidate.label, candidate.probability, catalogue):
            found.setdefault((option.action, option.sku or option.label), _as_charged(option, stored))
    return tuple(found.values())[:MOST_OPTIONS]


def _alike(event: Event, likeliest: Candidate, catalogue: Catalogue) -> list[Option]:
    """The products that the cart holds possible by their looks, likeliest first, under its likeliest reading."""
    products = [(catalogue.find(one.sku), one.probability) for one in event.products or ()]
    return [
        Option(
            action=likeliest.outcome,
            label=likeliest.label or next(iter(product.labels), product.sku),
            product=product,
            probability=probability,
        )
        for product, probability in products
        if product is not None and product.active
    ]


def _direction(stored: StoredEvent) -> Outcome | None:
    found = {candidate.outcome for candidate in stored.event.candidates or ()} - {"none"}
    return found.pop() if len(found) == 1 else None


def _readings(action: Outcome, label: str, probability: float | None, catalogue: Catalogue) -> list[Option]:
    products: list[Product | None] = [*sold(catalogue, label)] or [None]
    return [Option(action=action, label=label, product=product, probability=probability) for product in products]


def _as_charged(option: Option, stored: StoredEvent) -> Option:
    """The same product under the same label keeps the price that it had when the event came: see the fold."""
    match = stored.match
    same = option.label == stored.event.label and option.sku == match.sku and not match.to_weigh
    return replace(option, earlier=match) if same and match.price is not None else option


def sold(catalogue: Catalogue, label: str) -> list[Product]:
    """The products with this label."""
    return [product for product in catalogue.products if product.active and label in product.labels]


def _uncertain(key: SessionKey, stored: StoredEvent, catalogue: Catalogue) -> ReviewItem:
    event = stored.event
    return ReviewItem(
        kind="uncertain",
        key=key,
        sources=(event.id,),
        time=stored.stored_at,
        quantity=event.quantity or 1,
        label=event.label,
        name=stored.match.name or event.label or UNKNOWN_ITEM,
        options=options_of(stored, catalogue),
        direction=_direction(stored),
    )


def _which(key: SessionKey, line: Line, by_id: dict[str, StoredEvent], catalogue: Catalogue) -> ReviewItem:
    first = by_id.get(line.sources[0])
    alike = [catalogue.find(one.sku) for one in (first.event.products or ())] if first else []
    products = [product for product in alike if product is not None and product.sku in line.choices]
    products += [p for p in catalogue.products if p.sku in line.choices and p not in products]
    options = [Option(action="added", label=line.label, product=product) for product in products]
    return ReviewItem(
        kind="which",
        key=key,
        sources=line.sources,
        time=first.stored_at if first else "",
        quantity=line.quantity,
        label=line.label,
        name=line.name,
        options=tuple(options[:MOST_OPTIONS]),
        direction="added",
    )


def _answered(key: SessionKey, stored: StoredEvent, word: StoredCorrection, catalogue: Catalogue) -> ReviewItem:
    said = word.correction
    product = catalogue.find(said.sku) if said.sku else None
    return ReviewItem(
        kind="shopper",
        key=key,
        sources=(stored.event.id,),
        time=said.time,
        quantity=said.quantity,
        label=stored.event.label,
        name=stored.match.name or stored.event.label or UNKNOWN_ITEM,
        options=options_of(stored, catalogue),
        direction=_direction(stored),
        answer=Option(action=said.action, label=word.match.name or said.label or "", product=product),
        source=said.source,
        match=word.match,
    )


def _added(key: SessionKey, added: StoredCorrection, word: StoredCorrection, catalogue: Catalogue) -> ReviewItem:
    """An addition by the shopper of which the cart reported nothing; ``word`` is the last correction of it."""
    said = word.correction
    product = catalogue.find(said.sku) if said.sku else None
    name = word.match.name or said.label or UNKNOWN_ITEM
    return ReviewItem(
        kind="shopper",
        key=key,
        sources=(added.correction.id,),
        time=said.time,
        quantity=said.quantity,
        label=said.label,
        name=name,
        options=(),
        direction=said.action,
        answer=Option(action=said.action, label=name, product=product),
        source=said.source,
        match=word.match,
        by_hand=True,
    )
