"""The payment port: the requests to a payment provider, and its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from smartcart.server.errors import ServerError


class PaymentState(StrEnum):
    """The state of one basket's payment. Only the provider's answer ends ``asked``."""

    ASKED = "asked"
    DECLINED = "declined"
    PAID = "paid"


class NoAnswerError(ServerError):
    """The provider has not answered in time: whether it took the money is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to a provider, in minor units. It charges one ``key`` once, however often it is sent."""

    key: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """A provider's final answer: ``reference`` is its own name for the charge, ``reason`` why there is none."""

    key: str
    paid: bool
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A means of payment of a provider, and its name for people."""

    code: str
    words: str


class PaymentProvider(Protocol):
    """One provider. Both requests may raise NoAnswerError, and may be repeated with the same key."""

    @property
    def name(self) -> str:
        """Its name for people."""

    @property
    def means(self) -> tuple[Means, ...]:
        """Its means of payment."""

    def listen(self, answered: Callable[[PaymentAnswer], None]) -> None:
        """Calls ``answered`` with unsolicited answers: late or repeated ones."""

    def charge(self, order: Order, means: str) -> PaymentAnswer:
        """Charges the order, or returns why not."""

    def conclude(self, key: str) -> PaymentAnswer:
        """The result of an order. If it is not charged yet, it never will be, and the answer says so."""
