"""The one base of everything that models and labelled data cannot do for a reason that a person can mend."""

from typing import Final


class ModelsError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""


MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a file of another form may raise: a field that is missing, of another kind, endless, or too deep."""
