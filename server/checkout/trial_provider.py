"""A provider that takes no money and fails in every way that a real one does: for trials and tests."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from smartcart.server.checkout.payment import Means, NoAnswerError, Order, PaymentAnswer
from smartcart.server.database.database import Database
from smartcart.server.database.shop_tables import TEST_CHARGES

_PAYS, _DECLINES, _TWICE, _LOST, _SILENT = "pays", "declines", "twice", "lost", "silent"
_NEVER: Final = "the payment was not made and will not be"


class TrialProvider:
    """Keeps its own books, as a real one does: each in its own transaction, before it answers."""

    name = "test payment, no money is charged"
    means = (
        Means(code=_PAYS, words="Test card that pays"),
        Means(code=_DECLINES, words="Test card that is declined"),
        Means(code=_TWICE, words="Test card that answers twice"),
        Means(code=_LOST, words="Test card that pays, and the answer is lost"),
        Means(code=_SILENT, words="Test card that never answers"),
    )

    def __init__(self, office: Database) -> None:
        self._office = office
        self._answered: Callable[[PaymentAnswer], None] = lambda _: None

    def listen(self, answered: Callable[[PaymentAnswer], None]) -> None:
        """See ``PaymentProvider``."""
        self._answered = answered

    def charge(self, order: Order, means: str) -> PaymentAnswer:
        """See ``PaymentProvider``; ``means`` decides the result."""
        if means == _SILENT:
            raise NoAnswerError("the test provider did not answer")
        if means == _DECLINES:
            wanted = PaymentAnswer(key=order.key, paid=False, reason="the card was declined")
        else:
            wanted = PaymentAnswer(key=order.key, paid=True, reference=f"test-{order.key.rpartition('/')[0][-12:]}")
        answer = self._booked(wanted)
        if means == _LOST:
            raise NoAnswerError("the answer of the test provider was lost")
        if means == _TWICE:
            self._answered(answer)
        return answer

    def conclude(self, key: str) -> PaymentAnswer:
        """See ``PaymentProvider``."""
        return self._booked(PaymentAnswer(key=key, paid=False, reason=_NEVER))

    def _booked(self, wanted: PaymentAnswer) -> PaymentAnswer:
        """The answer in the books: the first of its key, whatever is requested now."""
        try:
            with self._office.writing() as connection:
                connection.execute(insert(TEST_CHARGES), {"key": wanted.key, "answer": json.dumps(asdict(wanted))})
        except IntegrityError:
            with self._office.reading() as connection:
                query = select(TEST_CHARGES.c.answer).where(TEST_CHARGES.c.key == wanted.key)
                return PaymentAnswer(**json.loads(connection.execute(query).scalar_one()))
        return wanted
