"""What can stop the hub from doing what it was asked; every message is one sentence for a person."""

from logdrum_protocol.errors import ErrorCode


class ServerError(Exception):
    """Base of everything the hub raises on purpose."""


class StartError(ServerError):
    """The hub cannot start as it was asked to."""


class RequestError(ServerError):
    """An HTTP request cannot be answered; becomes `{code, message}` with `status` (E2)."""

    def __init__(self, status: int, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class EngineUnavailable(ServerError):
    """No engine is there to answer."""
