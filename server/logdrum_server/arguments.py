"""What several commands take, read from text: each says in a sentence what it should have been."""

import argparse

import msgspec

from logdrum_protocol import bounds as b
from logdrum_server.doors.origins import as_origin


def origin(text: str) -> str:
    """Return the address of a page or a hub; raises `argparse.ArgumentTypeError`."""
    try:
        return as_origin(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError("it is http://HOST or https://HOST, with :PORT where there is one") from fault


def room(text: str) -> b.RoomId:
    """Return a room's name; raises `argparse.ArgumentTypeError`."""
    try:
        return msgspec.convert(text, b.RoomId)
    except msgspec.ValidationError as fault:
        message = "a room's name has 1 to 64 of a-z, 0-9 and '-', and begins with a letter or digit"
        raise argparse.ArgumentTypeError(message) from fault
