"""The one base of everything that the edge cannot do for a reason that a person can mend."""


class EdgeError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""
