"""Another machine under this cart's name, noticed on the cart."""

from smartcart.edge.delivery.twins import OFTEN, Twins


def test_a_broker_that_says_so_is_believed_at_once_and_told_once():
    twins = Twins()
    assert twins.dropped("Session taken over")
    assert not twins.dropped("Session taken over")


def test_one_that_has_no_word_for_it_is_noticed_when_it_happens_again_and_again():
    twins = Twins()
    assert [twins.dropped("Unspecified error") for _ in range(OFTEN + 1)] == [False] * (OFTEN - 1) + [True, False]
