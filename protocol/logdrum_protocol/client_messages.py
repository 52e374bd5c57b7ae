"""Every message a client may send: one struct a message, the tag is its wire name."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdrum_protocol import bounds as b
from logdrum_protocol.document import Ops
from logdrum_protocol.records import JobParams, Loop, PresenceState, ResumePoint


class _Message(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    pass


class Hello(_Message, tag="hello", frozen=True, kw_only=True):
    """The first message of a connection (H1)."""

    name: b.MemberName
    codecs: Annotated[tuple[b.CodecName, ...], Meta(max_length=16)] = ()
    color: b.Color | UnsetType = UNSET
    token: b.Token | UnsetType = UNSET
    resume: ResumePoint | UnsetType = UNSET
    buffer_ms: b.BufferMs = 10_000


class ClockPing(_Message, tag="clock.ping", frozen=True, kw_only=True):
    """Ask for the hub's time (K1)."""

    t0: b.AnyNumber


class TransportSet(_Message, tag="transport.set", frozen=True, kw_only=True):
    """Change the musical transport; absent fields stay as they are, `loop: nil` clears the loop (T3)."""

    op_id: b.OpId
    playing: bool | UnsetType = UNSET
    tick: b.SeekTick | UnsetType = UNSET
    bpm: b.Bpm | UnsetType = UNSET
    numerator: b.Numerator | UnsetType = UNSET
    denominator: b.Denominator | UnsetType = UNSET
    loop: Loop | UnsetType | None = UNSET
    quantum: b.Quantum = "none"


class Edit(_Message, tag="edit", frozen=True, kw_only=True):
    """Change the document, whole or not at all (D2)."""

    op_id: b.OpId
    ops: Ops


class Undo(_Message, tag="undo", frozen=True, kw_only=True):
    """Take back the sender's own last edit (D6)."""

    op_id: b.OpId | UnsetType = UNSET


class Redo(_Message, tag="redo", frozen=True, kw_only=True):
    """Make the sender's last undone edit again (D6)."""

    op_id: b.OpId | UnsetType = UNSET


class VersionSave(_Message, tag="version.save", frozen=True, kw_only=True):
    """Keep the document as it is now under a name (V1)."""

    op_id: b.OpId
    name: b.VersionName


class VersionList(_Message, tag="version.list", frozen=True, kw_only=True):
    """Ask which versions there are (V2)."""

    op_id: b.OpId


class VersionRestore(_Message, tag="version.restore", frozen=True, kw_only=True):
    """Make the document what it was in a version (V3)."""

    op_id: b.OpId
    version: b.VersionId


class VersionDelete(_Message, tag="version.delete", frozen=True, kw_only=True):
    """Forget a version (V4)."""

    op_id: b.OpId
    version: b.VersionId


class SetPresence(_Message, tag="presence", frozen=True, kw_only=True):
    """Where the sender is looking; newest wins, never stored (P1)."""

    state: PresenceState


class SendChat(_Message, tag="chat", frozen=True, kw_only=True):
    """Say something to the room (P3)."""

    text: b.ChatText
    op_id: b.OpId | UnsetType = UNSET


class PlayNote(_Message, tag="note.live", frozen=True, kw_only=True):
    """Play a note for the others to hear at once; velocity 0 releases (P4)."""

    track: b.EntityId
    pitch: b.Pitch
    velocity: b.Velocity
    at_us: b.Micros


class JobSubmit(_Message, tag="job.submit", frozen=True, kw_only=True):
    """Ask the engine for work (J1)."""

    op_id: b.OpId
    kind: b.JobKind
    params: JobParams


class JobCancel(_Message, tag="job.cancel", frozen=True, kw_only=True):
    """Stop a job; a finished one leaves the timeline (J5)."""

    job: b.JobId


class JobSteer(_Message, tag="job.steer", frozen=True, kw_only=True):
    """Change a running generation from its next bar on (J1)."""

    job: b.JobId
    params: JobParams


class JobNotes(_Message, tag="job.notes", frozen=True, kw_only=True):
    """Write the section that a generation plays at `tick` into the document, as notes (J9)."""

    op_id: b.OpId
    job: b.JobId
    tick: b.Tick | UnsetType = UNSET


class SettingsSet(_Message, tag="settings.set", frozen=True, kw_only=True):
    """Set what the room's owner decides (J10)."""

    op_id: b.OpId
    threshold: b.Unit


ClientMessage: TypeAlias = (
    Hello
    | ClockPing
    | TransportSet
    | Edit
    | Undo
    | Redo
    | VersionSave
    | VersionList
    | VersionRestore
    | VersionDelete
    | SetPresence
    | SendChat
    | PlayNote
    | JobSubmit
    | JobCancel
    | JobSteer
    | JobNotes
    | SettingsSet
)
