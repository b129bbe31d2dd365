"""The base class of every error of the edge that a person can fix."""


class EdgeError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""
