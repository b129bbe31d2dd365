"""Two machines under one cart's name, noticed on the server."""

from smartcart.server.twins import OFTEN, SETTLED, WITHIN_SECONDS, Turns


def told(*sessions):
    turns = Turns()
    for session in sessions:
        turns.tell(session)
    return turns.words(0.0) or ""


def test_sessions_that_come_in_turns_are_of_two_machines():
    assert "Another machine" in told("a", "b", "a")
    assert "Another machine" in told("a", "a", "b", "b", "b", "a")


def test_one_session_after_the_other_is_one_machine():
    assert told("a", "a", "b", "c", "c") == ""


def test_when_one_machine_is_gone_the_other_is_believed_again():
    assert told("a", "b", "a", *["a"] * SETTLED) == ""


def test_a_cart_that_comes_and_goes_within_a_minute_is_asked_about_and_later_no_more():
    turns = Turns()
    for second in range(OFTEN):
        assert turns.words(float(second)) is None
        turns.came(float(second))
    assert "another machine" in (turns.words(OFTEN) or "")
    assert turns.words(WITHIN_SECONDS + 1) is None
