"""The variable-length integers of Yjs's encoding: seven bits a byte, the lowest first."""


def read_varint(frame: bytes, at: int) -> tuple[int, int]:
    """Return the integer at a place, and the place after it; raises IndexError where the frame ends before."""
    value = shift = 0
    while (byte := frame[at]) & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1


def varint(value: int) -> bytes:
    """Return an integer, encoded."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def prefixed(content: bytes) -> bytes:
    """Return bytes after their length."""
    return varint(len(content)) + content
