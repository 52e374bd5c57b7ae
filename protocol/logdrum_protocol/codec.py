"""Bytes to messages and back: the one place where the wire is decoded, and the one error it may raise (C2, C3, C5)."""

from typing import Final, Generic, TypeVar, get_args

import msgspec

from logdrum_protocol import bounds as b
from logdrum_protocol.bounds import MAX_MESSAGE_BYTES
from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.engine_messages import FromEngine, ToEngine
from logdrum_protocol.errors import ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import HubMessage

M = TypeVar("M")

# msgspec 0.22 lets the last three escape its own type: bad UTF-8, deep nesting, a length prefix beyond memory.
DECODE_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError, OverflowError)


class _Envelope(msgspec.Struct):
    type: str
    op_id: str | None = None


_envelope: Final = msgspec.msgpack.Decoder(_Envelope)
_encoder: Final = msgspec.msgpack.Encoder()


class MessageDecoder(Generic[M]):
    """Decodes one direction of the wire."""

    def __init__(self, union: object) -> None:
        self._decoder: msgspec.msgpack.Decoder[M] = msgspec.msgpack.Decoder(union)
        self._tags = frozenset(str(struct.__struct_config__.tag) for struct in get_args(union))

    def __call__(self, frame: bytes, max_bytes: int = MAX_MESSAGE_BYTES) -> M:
        """Return the message in `frame`, or raise `ProtocolError`."""
        if len(frame) > max_bytes:
            raise ProtocolError(
                ErrorCode.MESSAGE_TOO_BIG, f"A message may have {max_bytes} bytes, this has {len(frame)}."
            )
        try:
            return self._decoder.decode(frame)
        except DECODE_FAULTS as fault:
            raise self._explain(frame, fault) from fault

    def _explain(self, frame: bytes, fault: BaseException) -> ProtocolError:
        try:
            envelope = _envelope.decode(frame)
        except DECODE_FAULTS:
            return ProtocolError(ErrorCode.BAD_MESSAGE, "A message is one MessagePack map with a text key 'type'.")
        op_id = envelope.op_id if envelope.op_id is None or 0 < len(envelope.op_id) <= b.MAX_OP_ID else None
        if envelope.type not in self._tags:
            return ProtocolError(ErrorCode.UNKNOWN_TYPE, f"There is no message '{envelope.type[:64]}'.", op_id)
        return ProtocolError(ErrorCode.BAD_MESSAGE, f"Bad '{envelope.type}' message: {fault}", op_id)


decode_client_message: Final = MessageDecoder[ClientMessage](ClientMessage)
decode_hub_message: Final = MessageDecoder[HubMessage](HubMessage)
decode_to_engine: Final = MessageDecoder[ToEngine](ToEngine)
decode_from_engine: Final = MessageDecoder[FromEngine](FromEngine)


def encode(message: ClientMessage | HubMessage | ToEngine | FromEngine) -> bytes:
    """Return the MessagePack bytes of a message."""
    return _encoder.encode(message)
