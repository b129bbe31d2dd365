"""What can go wrong in the simulator; imported without MuJoCo, so that a command can always catch it."""


class SimulatorError(RuntimeError):
    """The simulator cannot do what was asked; the message says why and what to do."""


class RenderingError(SimulatorError):
    """No picture can be rendered here; the message says what to install."""


class DataError(SimulatorError):
    """Labelled data cannot be used; the message names the file and says why."""
