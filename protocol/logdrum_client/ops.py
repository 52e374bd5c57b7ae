"""Edits as they are written: `room.edit(put("track", drums, name="Drums"), set_("clip", intro, start_tick=0))` (D2)."""

import secrets
from typing import TypeAlias

from logdrum_client.errors import RequestRefused
from logdrum_protocol.bounds import MAX_OPS
from logdrum_protocol.client_messages import Edit
from logdrum_protocol.codec import decode_client_message, encode
from logdrum_protocol.document import EntityKind, Op, Props
from logdrum_protocol.errors import ErrorCode, ProtocolError

PropValue: TypeAlias = str | float | bool | None


def put(kind: EntityKind, entity: str, **props: PropValue) -> Op:
    """Make an entity, or give one that is there all its properties anew; those without a * in D1 may be left out."""
    return Op(op="put", kind=kind, id=entity, props=Props(**props))  # type: ignore[arg-type]  # looked at by `checked`


def set_(kind: EntityKind, entity: str, **props: PropValue) -> Op:
    """Give an entity some properties; the others stay."""
    return Op(op="set", kind=kind, id=entity, props=Props(**props))  # type: ignore[arg-type]  # looked at by `checked`


def delete(kind: EntityKind, entity: str) -> Op:
    """Take an entity away, and all that lies in it (D5)."""
    return Op(op="delete", kind=kind, id=entity)


def new_id() -> str:
    """An id that no other entity has."""
    return secrets.token_urlsafe(12)


def new_op_id() -> str:
    """An id that no other operation has (D4)."""
    return secrets.token_hex(8)


def checked(ops: tuple[Op, ...], max_bytes: int) -> Edit:
    """Return the edit of these ops; raises `RequestRefused` where it is none that a hub could read."""
    if not 1 <= len(ops) <= MAX_OPS:
        raise RequestRefused(ErrorCode.BAD_PARAMS, f"An edit has 1 to {MAX_OPS} ops, this has {len(ops)}.")
    edit = Edit(op_id=new_op_id(), ops=ops)
    try:
        decode_client_message(encode(edit), max_bytes)
    except ProtocolError as fault:
        raise RequestRefused(fault.code, fault.message) from fault
    return edit
