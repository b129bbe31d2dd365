"""Two machines under one cart's name, noticed on the server."""

from smartcart.server.twins import SETTLED, Turns


def told(*sessions):
    turns = Turns()
    for session in sessions:
        turns.tell(session)
    return turns


def test_sessions_that_come_in_turns_are_of_two_machines():
    assert told("a", "b", "a").twins
    assert told("a", "a", "b", "b", "b", "a").twins


def test_one_session_after_the_other_is_one_machine():
    assert not told("a", "a", "b", "c", "c").twins


def test_when_one_machine_is_gone_the_other_is_believed_again():
    assert not told("a", "b", "a", *["a"] * SETTLED).twins
