"""The payment port: what a provider of payments is asked, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from smartcart.server.errors import ServerError


class PaymentState(StrEnum):
    """How far the payment of one basket has come. ``asked`` is left by the provider's answer alone."""

    ASKED = "asked"
    DECLINED = "declined"
    PAID = "paid"


class NoAnswerError(ServerError):
    """The provider has not answered in time: whether it took the money is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a provider is asked to take, in minor units. It takes the money of one ``key`` once, however often asked."""

    key: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """A provider's last word on an order: ``reference`` is its own name of what it took, ``reason`` why it did not."""

    key: str
    paid: bool
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A way to pay that a provider offers, and what a person reads of it."""

    code: str
    words: str


class PaymentProvider(Protocol):
    """One provider. Both questions may raise NoAnswerError, and may be asked again with the same key."""

    @property
    def name(self) -> str:
        """What a person reads of it."""

    @property
    def means(self) -> tuple[Means, ...]:
        """The ways to pay that it offers."""

    def listen(self, answered: Callable[[PaymentAnswer], None]) -> None:
        """Calls ``answered`` with what it has to say unasked: late, or once more."""

    def charge(self, order: Order, means: str) -> PaymentAnswer:
        """Takes the money, or says why not."""

    def conclude(self, key: str) -> PaymentAnswer:
        """What became of an order. One that it has not taken yet it never takes, and says so."""
