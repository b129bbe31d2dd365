"""What was asked of carts, and when it is asked again."""

from wire_events import TIME, Trip, new_id

from smartcart.edge.contract.events import Command, Correction
from smartcart.server.carts.commands import REPEAT_SECONDS, Action, Commands, Request

CART = ("store-1", "cart-1")


def ask(commands: Commands, action: Action, newest: str | None) -> None:
    commands.follow({CART: Request(action=action, newest=newest)})


def test_it_is_due_at_once_and_then_again_and_again() -> None:
    commands, session = Commands(), new_id()
    ask(commands, "end", session)
    assert commands.due(100) == [(CART, Command(action="end_session", session=session))]
    assert commands.due(100 + REPEAT_SECONDS / 2) == []
    assert len(commands.due(100 + REPEAT_SECONDS)) == 1
    assert commands.asked(CART) == "end"


def test_the_matching_event_settles_it_and_no_other() -> None:
    commands, trip = Commands(), Trip()
    start = trip.start()
    ask(commands, "end", trip.session)
    for other in (trip.add("can"), Trip().end(), Trip(cart="cart-2").end(), start):
        commands.settle(other)
        assert commands.asked(CART) == "end"
    commands.settle(trip.end())
    assert commands.asked(CART) is None


def test_a_session_that_begins_settles_both() -> None:
    commands = Commands()
    ask(commands, "start", None)
    commands.settle(Trip().start())
    assert commands.asked(CART) is None
    ask(commands, "end", new_id())
    commands.settle(Trip().start())
    assert commands.asked(CART) is None


def test_it_follows_what_is_asked_and_tells_what_is_new() -> None:
    commands, first, other = Commands(), Request(action="end", newest=new_id()), ("store-1", "cart-2")
    assert commands.follow({CART: first}) == {CART}
    assert len(commands.due(0)) == 1
    assert commands.follow({CART: first, other: first}) == {other}
    assert [cart for cart, _ in commands.due(0)] == [other]  # the first is not due again yet
    assert commands.follow({CART: Request(action="start", newest=None)}) == {CART, other}
    assert [command.action for _, command in commands.due(0)] == ["start_session"]


def test_the_end_of_a_closed_session_is_asked_besides_what_a_person_asks() -> None:
    commands, trip = Commands(), Trip()
    commands.ask_end_of_closed(CART, trip.session)
    assert commands.asked(CART) == "end"
    ask(commands, "start", None)
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
    ask(commands, "end", session)
    commands.forget(CART)
    assert commands.due(99) == []
