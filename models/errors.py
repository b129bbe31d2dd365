"""The one base of everything that models and labelled data cannot do for a reason that a person can mend."""


class ModelsError(Exception):
    """The message is one plain sentence that says what is wrong and what to do."""
