"""What can be wrong with a genre's file, or with a request for one."""

from logdrum_engine.errors import EngineError


class CultureError(EngineError):
    """A genre or level that is not there, or a genre's file that cannot be read; the text is safe to show."""
