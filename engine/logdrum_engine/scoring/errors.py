"""What a score can be refused for."""

from logdrum_engine.errors import EngineError


class ScoreError(EngineError):
    """A sound or a genre that cannot be scored; the text is safe to show."""
