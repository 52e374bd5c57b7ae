"""Tokens: what opens a room, and everything that only looks like it (H3, H5)."""

import base64
import hmac
import json
import os
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest

from logdrum_server.doors import Pass, TokenRefused
from logdrum_server.doors.keys import KeyFile, KeyRing, KeyRingError
from logdrum_server.doors.tokens import issue, verify

NOW_S = 1_800_000_000
OURS = KeyRing(current="k1", keys={"k1": b"1" * 32, "k2": b"2" * 32})
CLAIMS = {"aud": "logdrum", "room": "sunset", "role": "editor", "exp": NOW_S + 60}


def signed(claims: dict[str, Any], key: bytes = b"1" * 32, kid: str = "k1") -> str:
    """A token as another issuer would make it."""
    return jwt.encode(claims, key, "HS256", {"kid": kid})


def by_hand(header: dict[str, Any], claims: Any, key: bytes = b"1" * 32, digest: str = "sha256") -> str:
    """A rightly signed token with any header, which no library would make."""
    parts = [segment(json.dumps(header).encode()), segment(json.dumps(claims).encode())]
    return ".".join([*parts, segment(hmac.digest(key, ".".join(parts).encode(), digest))])


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def with_claims(token: str, **claims: Any) -> str:
    """The same token with claims changed by hand."""
    head, body, signature = token.split(".")
    old = json.loads(base64.urlsafe_b64decode(body + "=="))
    return ".".join([head, segment(json.dumps({**old, **claims}).encode()), signature])


@pytest.mark.parametrize(("role", "name"), [("owner", None), ("editor", "Thandi"), ("listener", "Siphó")])
def test_h5_what_is_issued_opens_its_room(role: Any, name: str | None) -> None:
    holder = Pass(role, name, "sunset")
    assert verify(OURS, issue(OURS, holder, NOW_S + 60), "sunset", NOW_S) == holder


def test_h5_any_issuer_that_has_a_key_may_make_one() -> None:
    assert verify(OURS, signed(CLAIMS), "sunset", NOW_S) == Pass("editor", None, "sunset")
    assert verify(OURS, signed({**CLAIMS, "iss": "us", "iat": 1}, b"2" * 32, "k2"), "sunset", NOW_S).role == "editor"


FORGED = {
    "another room": signed({**CLAIMS, "room": "sunrise"}),
    "wrong key": signed(CLAIMS, b"x" * 32),
    "the key of another kid": signed(CLAIMS, b"2" * 32, "k1"),
    "unknown kid": signed(CLAIMS, kid="k3"),
    "no kid": jwt.encode(CLAIMS, b"1" * 32, "HS256"),
    "a kid that is a path": by_hand({"alg": "HS256", "kid": "../../../../dev/null"}, CLAIMS, b""),
    "a kid that is a list": by_hand({"alg": "HS256", "kid": ["k1"]}, CLAIMS),
    "a kid that is a map": by_hand({"alg": "HS256", "kid": {"k1": 1}}, CLAIMS),
    "no algorithm": by_hand({"kid": "k1"}, CLAIMS),
    "alg none": jwt.encode(CLAIMS, "", "none", {"kid": "k1"}),
    "alg None": by_hand({"alg": "None", "kid": "k1"}, CLAIMS),
    "alg HS512": by_hand({"alg": "HS512", "kid": "k1"}, CLAIMS, digest="sha512"),
    "alg that is a list": by_hand({"alg": ["HS256"], "kid": "k1"}, CLAIMS),
    "a detached payload": by_hand({"alg": "HS256", "kid": "k1", "b64": False, "crit": ["b64"]}, CLAIMS),
    "an unknown critical header": by_hand({"alg": "HS256", "kid": "k1", "crit": ["dance"]}, CLAIMS),
    "another audience": signed({**CLAIMS, "aud": "drumlog"}),
    "several audiences": signed({**CLAIMS, "aud": ["logdrum", "drumlog"]}),
    "no audience": signed({"room": "sunset", "role": "editor", "exp": NOW_S + 60}),
    "no role": signed({"aud": "logdrum", "room": "sunset", "exp": NOW_S + 60}),
    "an unknown role": signed({**CLAIMS, "role": "admin"}),
    "no expiry": signed({"aud": "logdrum", "room": "sunset", "role": "editor"}),
    "an infinite expiry": by_hand({"alg": "HS256", "kid": "k1"}, {**CLAIMS, "exp": float("inf")}),
    "an expiry that is text": by_hand({"alg": "HS256", "kid": "k1"}, {**CLAIMS, "exp": "never"}),
    "not yet": signed({**CLAIMS, "nbf": NOW_S + 1}),
    "a name without letters": signed({**CLAIMS, "name": ""}),
    "a name without end": signed({**CLAIMS, "name": "a" * 65}),
    "a role lifted by hand": with_claims(signed({**CLAIMS, "role": "listener"}), role="owner"),
    "a room changed by hand": with_claims(signed({**CLAIMS, "room": "sunrise"}), room="sunset"),
    "an expiry put off by hand": with_claims(signed({**CLAIMS, "exp": NOW_S - 1}), exp=NOW_S + 1),
    "no signature": signed(CLAIMS).rsplit(".", 1)[0] + ".",
    "two segments": signed(CLAIMS).rsplit(".", 1)[0],
    "claims that are a list": by_hand({"alg": "HS256", "kid": "k1"}, [CLAIMS]),
    "a header of brackets": f"{segment(b'[' * 2900)}.{segment(b'{}')}.x",
    "claims of brackets": by_hand({"alg": "HS256", "kid": "k1"}, json.loads("[" * 900 + "]" * 900)),
    "a header that is no UTF-8": f"{segment(bytes([255, 254]))}.{segment(b'{}')}.x",
    "huge": signed({**CLAIMS, "padding": "x" * 100_000}),
    "no token": "hello",
    "dots": "." * 4000,
    "NUL": "\0",
    "a lone surrogate": "\udc80.\udc80.\udc80",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_h3_what_is_not_ours_opens_nothing_and_is_told_nothing(token: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(OURS, token, "sunset", NOW_S)
    assert str(refused.value) == "This token does not open this room."


def test_h3_an_expired_token_is_told_so_and_only_to_whom_it_was_given() -> None:
    expired = signed({**CLAIMS, "exp": NOW_S})
    with pytest.raises(TokenRefused, match="expired"):
        verify(OURS, expired, "sunset", NOW_S)
    with pytest.raises(TokenRefused, match="does not open"):
        verify(OURS, expired, "sunrise", NOW_S)
    with pytest.raises(TokenRefused, match="does not open"):
        verify(OURS, with_claims(expired, name="Eve"), "sunset", NOW_S)


def test_h5_a_session_that_still_stands_may_come_with_an_expired_token_but_with_no_other() -> None:
    expired = signed({**CLAIMS, "exp": NOW_S - 1000})
    assert verify(OURS, expired, "sunset", NOW_S, expired_ok=True) == Pass(None, None, "sunset")  # as what it was
    with pytest.raises(TokenRefused):
        verify(OURS, with_claims(expired, role="owner"), "sunset", NOW_S, expired_ok=True)
    with pytest.raises(TokenRefused):
        verify(OURS, expired, "sunrise", NOW_S, expired_ok=True)


def test_without_a_key_ring_no_token_opens_anything() -> None:
    with pytest.raises(TokenRefused):
        verify(None, signed(CLAIMS), "sunset", NOW_S)


def test_h5_old_keys_verify_until_they_are_retired(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    old = keys.read_or_make()
    token = issue(old, Pass("editor", None, "sunset"), NOW_S + 60)
    new = keys.change(KeyRing.rotated)
    assert new.current != old.current
    assert verify(keys.ring(), token, "sunset", NOW_S)
    keys.change(lambda ring: ring.without(old.current))
    with pytest.raises(TokenRefused):
        verify(keys.ring(), token, "sunset", NOW_S)
    assert verify(keys.ring(), issue(new, Pass("editor", None, "sunset"), NOW_S + 60), "sunset", NOW_S)


def test_a_hub_that_runs_hears_of_a_rotation_by_another_process(tmp_path: Path) -> None:
    hubs, ours = KeyFile(tmp_path / "keys.json"), KeyFile(tmp_path / "keys.json")
    assert hubs.ring() is None
    first = ours.read_or_make()
    assert hubs.ring() == first
    assert hubs.ring() is hubs.ring()
    assert ours.change(KeyRing.rotated) == hubs.ring()


def test_a_ring_that_is_gone_or_broken_verifies_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    keys.read_or_make()
    assert keys.ring() is not None
    (tmp_path / "keys.json").write_text('{"current": "a", "keys": {}}')
    assert [keys.ring() for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    (tmp_path / "keys.json").unlink()
    assert keys.ring() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        msgspec.json.encode({"current": "k1", "keys": {"k1": b"short"}}),
        msgspec.json.encode({"current": "k1", "keys": {"k2": b"2" * 32}}),
        msgspec.json.encode({"current": "../k1", "keys": {"../k1": b"1" * 32}}),
    ],
)
def test_a_ring_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(KeyRingError, match=r"cannot be read\.$"):
        KeyFile(tmp_path / "keys.json").read()


def test_the_key_that_signs_is_not_retired_and_an_unknown_one_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="rotate first"):
        OURS.without("k1")
    with pytest.raises(KeyRingError, match="no key"):
        OURS.without("k9")


def test_a_rotation_leaves_one_file_of_its_owner(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    for _ in range(3):
        keys.change(KeyRing.rotated)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.lock"]
    assert os.stat(tmp_path / "keys.json").st_mode & 0o077 == 0
    assert len(keys.read().keys) == 4
