"""What can go wrong in the engine; every message is a sentence that is safe to show."""


class EngineError(Exception):
    """Anything the engine refuses or fails at."""


class LinkError(EngineError):
    """The hub cannot be reached, or the connection to it broke."""


class ModelError(EngineError):
    """The models could not be loaded, or the thread that owns them died."""


class RefusalError(EngineError):
    """A job that cannot begin: `code` and the message go to the hub as `job.failed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnsoundFileError(EngineError):
    """A file that is no sound the engine opens (Q6)."""
