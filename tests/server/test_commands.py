"""What was asked of carts, and when it is asked again."""

from wire_events import TIME, Trip, new_id

from smartcart.edge.events import Command, Correction
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


def test_the_end_of_a_closed_session_is_asked_besides_what_a_person_asks() -> None:
    commands, trip = Commands(), Trip()
    commands.ask_end_of_closed(CART, trip.session)
    assert commands.asked(CART) == "end"
    commands.ask(CART, "start", None)
    assert [command.action for _, command in commands.due(0)] == ["end_session", "start_session"]
    commands.ask_end_of_closed(CART, trip.session)
    assert commands.due(1) == []
    commands.settle(trip.end())
    assert [command.action for _, command in commands.due(9)] == ["start_session"]
    commands.settle(Trip().start())
    assert commands.due(99) == []


def test_the_newest_corrections_are_shown_once_without_who_made_them() -> None:
    commands, session = Commands(), new_id()
    made = [
        Correction(id=new_id(), corrects=None, action="added", label="can", sku=None, quantity=n, by="ann", time=TIME)
        for n in range(1, 31)
    ]
    commands.show(CART, session, made)
    ((_, command),) = commands.due(0)
    assert (command.action, command.session) == ("show_corrections", session)
    assert [c.quantity for c in command.corrections] == list(range(11, 31))
    assert {c.by for c in command.corrections} == {None}
    assert commands.due(0) == []
    commands.show(CART, session, made)
    commands.ask(CART, "end", session)
    commands.forget(CART)
    assert commands.due(99) == []
