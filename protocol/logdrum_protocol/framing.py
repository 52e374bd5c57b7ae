"""Length-prefixed frames for the local queue, without I/O: four bytes big-endian, then that many bytes."""

from collections.abc import Iterator
from typing import Final

from logdrum_protocol.errors import ErrorCode, ProtocolError

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
_PREFIX_BYTES: Final = 4


def frame(payload: bytes) -> bytes:
    """Return `payload` behind its length."""
    return len(payload).to_bytes(_PREFIX_BYTES, "big") + payload


class FrameSplitter:
    """Cuts a byte stream back into payloads, however the reads fell."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """Yield every payload that is complete; a length beyond the limit raises `ProtocolError`."""
        self._buffer += received
        while len(self._buffer) >= _PREFIX_BYTES:
            size = int.from_bytes(self._buffer[:_PREFIX_BYTES], "big")
            if size > MAX_FRAME_BYTES:
                raise ProtocolError(
                    ErrorCode.MESSAGE_TOO_BIG, f"A frame may have {MAX_FRAME_BYTES} bytes, this has {size}."
                )
            end = _PREFIX_BYTES + size
            if len(self._buffer) < end:
                return
            yield bytes(self._buffer[_PREFIX_BYTES:end])
            del self._buffer[:end]
