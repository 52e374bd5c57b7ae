"""Error codes and close codes: the same names on the wire, in logs and in tests (E1)."""

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """Stable codes of `error`, `rejected`, failed jobs and HTTP errors; new ones may be added."""

    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    MESSAGE_TOO_BIG = "message_too_big"
    HELLO_EXPECTED = "hello_expected"
    HELLO_TIMEOUT = "hello_timeout"
    BAD_SUBPROTOCOL = "bad_subprotocol"
    BAD_ROOM = "bad_room"
    NAME_TAKEN = "name_taken"
    BAD_TOKEN = "bad_token"  # noqa: S105  # a code, not a secret
    BAD_ORIGIN = "bad_origin"
    ROOM_FULL = "room_full"
    RATE_LIMITED = "rate_limited"
    DRAINING = "draining"
    FORBIDDEN = "forbidden"
    UNSUPPORTED = "unsupported"
    BAD_PARAMS = "bad_params"
    BAD_REFERENCE = "bad_reference"
    NOTHING_TO_UNDO = "nothing_to_undo"
    TOO_MANY = "too_many"
    NOT_FOUND = "not_found"
    GONE = "gone"
    BAD_RANGE = "bad_range"
    UNSUPPORTED_MEDIA = "unsupported_media"
    TOO_LARGE = "too_large"
    NO_SPACE = "no_space"
    TOO_MANY_JOBS = "too_many_jobs"
    NO_ENGINE = "no_engine"
    ENGINE_LOST = "engine_lost"
    ENGINE_ERROR = "engine_error"
    INTERNAL = "internal"


class CloseCode(IntEnum):
    """WebSocket close codes; 4400 and up are ours."""

    NORMAL = 1000
    GOING_AWAY = 1001
    NOT_BINARY = 1003
    MESSAGE_TOO_BIG = 1009
    DRAINING = 1012
    BAD_MESSAGES = 4400
    HELLO_EXPECTED = 4401
    BAD_TOKEN = 4403
    TOO_SLOW = 4408
    REPLACED = 4409
    PUT_OUT = 4410
    TOO_MANY = 4429


class ProtocolError(Exception):
    """Bytes that are not a message: `code` and `message` are safe to send to the peer."""

    def __init__(self, code: ErrorCode, message: str, op_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.op_id = op_id
