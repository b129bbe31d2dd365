"""Errors of the simulator; imported without MuJoCo, so that a command can always catch them."""


class SimulatorError(RuntimeError):
    """The simulator cannot do this; the message says why and what to do."""


class RenderingError(SimulatorError):
    """No picture can be rendered here; the message says what to install."""


class DataError(SimulatorError):
    """Labelled data is unusable; the message names the file and says why."""
