"""The base class of every error of the server that a person can fix."""


class ServerError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""
