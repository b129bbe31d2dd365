"""The base class of every error of models and labelled data that a person can fix."""

from typing import Final


class ModelsError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""


MALFORMED: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""The errors of reading a malformed file: a field that is missing, of another kind, infinite, or too deep."""
