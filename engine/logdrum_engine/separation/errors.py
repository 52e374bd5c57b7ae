"""What can go wrong while sounds are pulled apart."""

from logdrum_engine.errors import EngineError


class SeparationError(EngineError):
    """A separator cannot be had: weights are missing, or are not what the manifest says they are."""
