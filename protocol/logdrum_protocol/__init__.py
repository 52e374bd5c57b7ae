"""Logdrum's wire protocol: messages, codec, error codes and timeline arithmetic; pure, the same everywhere."""

from logdrum_protocol.bounds import CHANNELS, MAX_MESSAGE_BYTES, SAMPLE_RATE, SUBPROTOCOL, TICKS_PER_QUARTER
from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.codec import decode_client_message, decode_hub_message, encode
from logdrum_protocol.errors import CloseCode, ErrorCode, ProtocolError
from logdrum_protocol.hub_messages import HubMessage

__all__ = [
    "CHANNELS",
    "MAX_MESSAGE_BYTES",
    "SAMPLE_RATE",
    "SUBPROTOCOL",
    "TICKS_PER_QUARTER",
    "ClientMessage",
    "CloseCode",
    "ErrorCode",
    "HubMessage",
    "ProtocolError",
    "decode_client_message",
    "decode_hub_message",
    "encode",
]
