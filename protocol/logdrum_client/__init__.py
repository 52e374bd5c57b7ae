"""Logdrum from Python: join a room, share its clock and transport, edit its document, ask for music and hear it.

async with join("ws://127.0.0.1:8765", room="sunset", name="Thandi") as room:
    drums = new_id()
    await room.edit(put("track", drums, name="Log drum"))
    await room.set_transport(playing=True)
    job = await room.generate("private school, jazzy", bars=8)
    async for audio in job.audio():
        print(audio.start_sample, audio.frames.shape)
"""

from logdrum_client.audio import Audio
from logdrum_client.clock import HubClock
from logdrum_client.connection import Connection, open_connection
from logdrum_client.errors import (
    AudioGone,
    BadAddressError,
    BadHubMessageError,
    Disconnected,
    HubUnreachable,
    JobFailedError,
    JoinRefused,
    LogdrumError,
    RequestRefused,
    RequestTimeout,
)
from logdrum_client.feed import Feed
from logdrum_client.job import JobHandle
from logdrum_client.ops import delete, new_id, put, set_
from logdrum_client.room import Room, join
from logdrum_client.transport import Position
from logdrum_client.view import RoomView

__all__ = [
    "Audio",
    "AudioGone",
    "BadAddressError",
    "BadHubMessageError",
    "Connection",
    "Disconnected",
    "Feed",
    "HubClock",
    "HubUnreachable",
    "JobFailedError",
    "JobHandle",
    "JoinRefused",
    "LogdrumError",
    "Position",
    "RequestRefused",
    "RequestTimeout",
    "Room",
    "RoomView",
    "delete",
    "join",
    "new_id",
    "open_connection",
    "put",
    "set_",
]
