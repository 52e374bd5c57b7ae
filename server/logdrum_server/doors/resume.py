"""Resume keys: proof of an earlier stay that the hub need not remember, because it can make it anew (H4)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Final

from logdrum_protocol import bounds as b

SECRET_BYTES: Final = 32


def resume_key(secret: bytes, room: b.RoomId, session: b.SessionId, epoch: b.Epoch) -> b.SessionKey:
    """Return the key of a session; one made for another room, session or epoch is another."""
    # No room has a NUL in its name, and no epoch one in its digits, so the three cannot be told apart in two ways.
    stay = f"{room}\0{session}\0{epoch}".encode(errors="replace")
    return urlsafe_b64encode(hmac.digest(secret, stay, hashlib.sha256)).rstrip(b"=").decode()


def check_resume(secret: bytes, room: b.RoomId, session: b.SessionId, epoch: b.Epoch, key: str) -> bool:
    """Whether this is the session's key, found out in a time that does not depend on the answer."""
    return hmac.compare_digest(resume_key(secret, room, session, epoch).encode(), key.encode(errors="replace"))
