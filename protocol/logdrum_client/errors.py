"""What can go wrong for a client; every message is a sentence for a person."""


class LogdrumError(Exception):
    """Anything that this package raises on purpose."""


class BadAddressError(LogdrumError):
    """A hub's address or a room's name that cannot be one."""


class JoinRefused(LogdrumError):  # reads as what it is where it is caught
    """The hub does not let us in; trying again by itself would not help (H3)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class HubUnreachable(LogdrumError):
    """Nobody answers at the hub's address."""


class Disconnected(LogdrumError):
    """The connection ended; `code` is its WebSocket close code, 1006 where it broke without one."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason or f"The connection to the hub ended with code {code}.")
        self.code = code


class RequestRefused(LogdrumError):
    """The hub did not do what was asked (E1)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RequestTimeout(LogdrumError):
    """The hub has not answered in time; what was asked may still happen."""


class JobFailedError(LogdrumError):
    """A job ended without what it was to make; `code` is `cancelled` where somebody cancelled it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AudioGone(LogdrumError):
    """Audio that the hub does not keep any more, or not yet (A4)."""


class BadHubMessageError(LogdrumError):
    """The hub sent what is no message of this protocol."""
