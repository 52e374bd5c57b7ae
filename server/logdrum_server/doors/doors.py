"""The doors of one hub: every question about who may come in is asked here (C8, H3 to H6)."""

import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import UnsetType

from logdrum_protocol import bounds as b
from logdrum_server.config import Config
from logdrum_server.doors import resume, secret_file, tokens
from logdrum_server.doors.addresses import Addresses
from logdrum_server.doors.keys import KeyFile, KeyRingError
from logdrum_server.doors.origins import Origins, make_origins
from logdrum_server.doors.put_out import PutOut
from logdrum_server.doors.tokens import Pass, TokenRefused
from logdrum_server.errors import StartError

KEYS_FILE: Final = "keys.json"
ADMIN_FILE: Final = "admin.key"
RESUME_FILE: Final = "resume.key"
PUT_OUT_FILE: Final = "put-out.jsonl"


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """What decides who comes in; `open_doors` makes it from a hub's data folder."""

    asks_for_tokens: bool
    keys: KeyFile
    origins: Origins
    addresses: Addresses
    resume_secret: bytes
    put_out: PutOut
    admin_secret: bytes
    now_s: Callable[[], float] = time.time

    def admit(self, token: str | UnsetType | None, room: b.RoomId, *, resuming: bool = False) -> Pass:
        """Return what a token, or its absence, opens; raises `TokenRefused` (H3).

        `resuming` is for a session that still stands and whose key was right: its token may have expired, and the pass
        then has no role, so that the session goes on as what it was (H5).
        """
        if isinstance(token, str) and token:
            return tokens.verify(self.keys.ring(), token, room, self.now_s(), expired_ok=resuming)
        if self.asks_for_tokens:
            raise TokenRefused("This room asks for a token.")
        return Pass(None, None, room)

    def resume_key(self, room: b.RoomId, session: b.SessionId, epoch: b.Epoch) -> b.SessionKey:
        """Return the key that `welcome` gives a session (H2)."""
        return resume.resume_key(self.resume_secret, room, session, epoch)

    def check_resume(self, room: b.RoomId, session: b.SessionId, epoch: b.Epoch, key: str) -> bool:
        """Whether `key` brings the session back; `epoch` is the room's own, not what the client says it was."""
        return (room, session) not in self.put_out and resume.check_resume(
            self.resume_secret, room, session, epoch, key
        )

    def is_admin(self, key: str) -> bool:
        """Whether this is the key of the admin API."""
        return hmac.compare_digest(self.admin_secret, key.encode(errors="replace"))


def open_doors(config: Config) -> Doors:
    """Return a hub's doors, and make the secrets that its data folder lacks; raises `StartError`."""
    keys = KeyFile(config.data / KEYS_FILE)
    try:
        if config.asks_for_tokens:
            keys.read_or_make()
        resume_secret = _secret(config.data / RESUME_FILE, secrets.token_bytes(resume.SECRET_BYTES))
        admin_secret = _secret(config.data / ADMIN_FILE, secrets.token_urlsafe(32).encode())
        put_out = PutOut(config.data / PUT_OUT_FILE)
    except KeyRingError as fault:
        raise StartError(str(fault)) from fault
    except OSError as fault:
        raise _unusable(config.data / PUT_OUT_FILE, fault) from fault
    return Doors(
        asks_for_tokens=config.asks_for_tokens,
        keys=keys,
        origins=make_origins(config.origins, hosts=None if config.asks_for_tokens else [config.host]),
        addresses=Addresses(config.max_connections_per_address),
        resume_secret=resume_secret,
        put_out=put_out,
        admin_secret=admin_secret.strip(),
    )


def _secret(path: Path, fresh: bytes) -> bytes:
    try:
        secret = secret_file.read_or_make(path, fresh)
    except OSError as fault:
        raise _unusable(path, fault) from fault
    if len(secret) < resume.SECRET_BYTES:
        raise StartError(f"The secret {path} is too short to be one; remove it, and the hub makes another.")
    return secret


def _unusable(path: Path, fault: OSError) -> StartError:
    return StartError(f"The file {path} cannot be used: {os.strerror(fault.errno or 0)}.")
