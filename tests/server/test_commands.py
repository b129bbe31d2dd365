"""What was asked of carts, and when it is asked again."""

from wire_events import Trip, new_id

from smartcart.edge.events import Command
from smartcart.server.commands import REPEAT_SECONDS, Commands

CART = ("store-1", "cart-1")


def test_it_is_due_at_once_and_then_again_and_again() -> None:
    commands, session = Commands(), new_id()
    commands.ask(CART, "end", session)
    assert commands.due(100) == [(CART, Command(action="end_session", session=session))]
    assert commands.due(100 + REPEAT_SECONDS / 2) == []
    assert len(commands.due(100 + REPEAT_SECONDS)) == 1
    assert commands.asked(CART) == "end"


def test_the_matching_event_settles_it_and_no_other() -> None:
    commands, trip = Commands(), Trip()
    start = trip.start()
    commands.ask(CART, "end", trip.session)
    for other in (trip.add("can"), Trip().end(), Trip(cart="cart-2").end(), start):
        commands.settle(other)
        assert commands.asked(CART) == "end"
    commands.settle(trip.end())
    assert commands.asked(CART) is None


def test_a_session_that_begins_settles_both() -> None:
    commands = Commands()
    commands.ask(CART, "start", None)
    commands.settle(Trip().start())
    assert commands.asked(CART) is None
    commands.ask(CART, "end", new_id())
    commands.settle(Trip().start())
    assert commands.asked(CART) is None


def test_the_last_word_counts() -> None:
    commands = Commands()
    commands.ask(CART, "end", new_id())
    commands.ask(CART, "start", None)
    assert [command.action for _, command in commands.due(0)] == ["start_session"]
