"""The codec against its golden vectors and against nonsense (C2, C3, C5)."""

import json
from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_protocol import ProtocolError, decode_client_message, decode_hub_message, encode
from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.hub_messages import HubMessage
from tests.protocol import examples

DECODERS: dict[str, Any] = {"client": decode_client_message, "hub": decode_hub_message}


def load(file: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((examples.VECTORS / file).read_text(encoding="utf-8"))
    return entries


VALID = load("client.json") + load("hub.json")
INVALID = load("invalid.json")


def name_of(entry: dict[str, Any]) -> str:
    return f"{entry['direction']}: {entry['name']}"


@pytest.mark.parametrize("file", ["client.json", "hub.json", "invalid.json", "timeline.json", "documents.json"])
def test_vectors_are_what_the_code_says_today(file: str) -> None:
    stored = (examples.VECTORS / file).read_text(encoding="utf-8")
    assert stored == examples.text(examples.build()[file]), "the wire changed: `make vectors`, and say so in CHANGELOG"


@pytest.mark.parametrize("entry", VALID, ids=name_of)
def test_c2_a_vector_decodes_and_encodes_to_the_same_bytes(entry: dict[str, Any]) -> None:
    frame = bytes.fromhex(entry["hex"])
    assert encode(DECODERS[entry["direction"]](frame)) == frame


@pytest.mark.parametrize("entry", VALID, ids=name_of)
def test_c2_the_wire_is_plain_messagepack(entry: dict[str, Any]) -> None:
    plain = msgpack.unpackb(bytes.fromhex(entry["hex"]))
    assert examples._jsonable(plain) == entry["message"]


@pytest.mark.parametrize("entry", INVALID, ids=name_of)
def test_c2_what_is_no_message_says_why(entry: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as refusal:
        DECODERS[entry["direction"]](bytes.fromhex(entry["hex"]))
    assert refusal.value.code == entry["error"]


@pytest.mark.parametrize(("union", "direction"), [(ClientMessage, "client"), (HubMessage, "hub")])
def test_every_message_has_a_vector(union: Any, direction: str) -> None:
    tags = {struct.__struct_config__.tag for struct in get_args(union)}
    assert {entry["message"]["type"] for entry in VALID if entry["direction"] == direction} == tags


def test_c3_unknown_fields_are_ignored() -> None:
    frame = msgpack.packb({"type": "undo", "mood": {"deep": ["house"]}})
    assert decode_client_message(frame) == decode_client_message(msgpack.packb({"type": "undo"}))


def test_c2_a_frame_over_the_limit_is_not_decoded() -> None:
    with pytest.raises(ProtocolError) as refusal:
        decode_client_message(b"\xc1" * 11, max_bytes=10)
    assert refusal.value.code == "message_too_big"


def test_e1_a_refusal_names_the_operation_it_answers() -> None:
    frame = msgpack.packb({"type": "transport.set", "op_id": "op-7", "bpm": 5})
    with pytest.raises(ProtocolError) as refusal:
        decode_client_message(frame)
    assert refusal.value.op_id == "op-7"


@given(st.binary(max_size=200))
def test_c2_no_bytes_raise_anything_else(frame: bytes) -> None:
    try:
        decode_client_message(frame)
    except ProtocolError:
        pass


@given(st.sampled_from(VALID), st.data())
def test_c2_a_damaged_message_raises_nothing_else(entry: dict[str, Any], data: st.DataObject) -> None:
    frame = bytearray(bytes.fromhex(entry["hex"]))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] = data.draw(st.integers(0, 255))
    try:
        DECODERS[entry["direction"]](bytes(frame[: data.draw(st.integers(0, len(frame)))]))
    except ProtocolError:
        pass
