"""Tokens: what lets whom into which room, as what, until when (H3, H5)."""

from typing import Annotated, Final, Literal

import jwt
import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdrum_protocol import bounds as b
from logdrum_server.doors.keys import KeyRing
from logdrum_server.errors import ServerError

_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "logdrum"
_MAX_CHARS: Final = 4096

# It knows this one algorithm, so that no header can ask for another, `none` least of all.
_signatures: Final = jwt.PyJWS(algorithms=[_ALGORITHM])

_OPENS_NOTHING: Final = "This token does not open this room."
_EXPIRED: Final = "This token has expired; ask for a new one."


class TokenRefused(ServerError):
    """A token opens nothing here; the message says no more than its holder may know (H3)."""


class Pass(msgspec.Struct, frozen=True):
    """What someone may do in a room."""

    role: b.Role | None
    """None where the room is open and gives roles itself, or where a session goes on as what it was (H5)."""
    name: str | None
    """What the member is called, whatever `hello.name` says; None leaves it to that."""
    room: b.RoomId


_Seconds = Annotated[float, Meta(ge=0, le=2**53)]


class _Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    aud: Literal["logdrum"]
    room: b.RoomId
    role: b.Role
    exp: _Seconds
    nbf: _Seconds | UnsetType = UNSET
    name: b.MemberName | UnsetType = UNSET


def issue(ring: KeyRing, holder: Pass, expires_s: int) -> str:
    """Return a token that opens what `holder` says, until `expires_s` after 1970."""
    assert holder.role is not None
    name: b.MemberName | UnsetType = UNSET if holder.name is None else holder.name
    claims = _Claims(aud=_AUDIENCE, room=holder.room, role=holder.role, exp=expires_s, name=name)
    headers = {"kid": ring.current}
    return _signatures.encode(msgspec.json.encode(claims), ring.keys[ring.current], _ALGORITHM, headers)


def verify(ring: KeyRing | None, token: str, room: b.RoomId, now_s: float, *, expired_ok: bool = False) -> Pass:
    """Return what a token opens; raises `TokenRefused`, which tells nothing of a token that we did not sign."""
    claims = _signed_claims(ring, token)
    if claims.room != room or (claims.nbf is not UNSET and claims.nbf > now_s):
        raise TokenRefused(_OPENS_NOTHING)
    if claims.exp <= now_s:
        if expired_ok:
            return Pass(None, None, room)  # it may be older than the session, and have said more
        raise TokenRefused(_EXPIRED)
    return Pass(claims.role, None if claims.name is UNSET else claims.name, claims.room)


def _signed_claims(ring: KeyRing | None, token: str) -> _Claims:
    if ring is None or len(token) > _MAX_CHARS:
        raise TokenRefused(_OPENS_NOTHING)
    try:
        header = _signatures.get_unverified_header(token)
        payload = _signatures.decode(token, ring.keys[header["kid"]], algorithms=[_ALGORITHM])
        return msgspec.json.decode(payload, type=_Claims)
    # A header may be any JSON: a kid that is a list, text that is no UTF-8, a thousand brackets.
    except (jwt.PyJWTError, msgspec.MsgspecError, LookupError, TypeError, ValueError, RecursionError) as fault:
        raise TokenRefused(_OPENS_NOTHING) from fault
