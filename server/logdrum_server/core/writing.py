"""What an engine played or heard, written into the document as tracks, clips and notes by one edit (J9, J12)."""

import hashlib
import math
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import JobNotes
from logdrum_protocol.document import Entity, EntityKind, Op, Props
from logdrum_protocol.engine_messages import NotesWritten, WriteNotes
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Applied, Error
from logdrum_protocol.instruments import instrument_of
from logdrum_protocol.records import Part, PlayedNote
from logdrum_protocol.timeline import effective, position_at
from logdrum_server.core.edits import over_limits
from logdrum_server.core.effects import Command, Effect
from logdrum_server.core.history import History
from logdrum_server.core.ledger import answer_again, record, refuse_one
from logdrum_server.core.state import Inquiry, JobRecord, Outcome, RoomState

_COLORS: Final = {"drums": "#5aa9e6", "log_drum": "#f08a5d", "bass": "#b9c84a", "other": "#d782ba"}
_LAST_DIGIT: Final = "z"
_NO_ENGINE: Final = "The engine is not there just now: ask again in a moment."
_ENDED: Final = "That job has ended: there is nothing to write down."
_NO_NOTES: Final = "There is no such generation to write down, nor a separation with a log drum."


def ask(state: RoomState, by: b.SessionId, request: JobNotes, question: str, now_us: int) -> Outcome:
    """Ask the engine for the notes of a section; the answer becomes an edit of who asked."""
    if Inquiry(by, request) in state.inquiries.values():
        return state, []  # the first one's answer is on its way
    job = state.jobs.get(request.job)
    if job is None or not _has_notes(job):
        return _refuse(state, by, request, ErrorCode.NOT_FOUND, _NO_NOTES)
    if state.engine is None:
        return _refuse(state, by, request, ErrorCode.NO_ENGINE, _NO_ENGINE)
    position = position_at(effective(state.transports, now_us), now_us)
    tick = math.floor(position) if request.tick is UNSET else request.tick
    state = replace(state, inquiries={**state.inquiries, question: Inquiry(by, request)})
    return state, [Command(WriteNotes(job=job.job, op_id=question, tick=max(tick, job.anchor_tick)))]


def _has_notes(job: JobRecord) -> bool:
    """Whether the engine knows notes of a job: those that it composed, or hears on a log drum (J12)."""
    if job.view.kind == "separate":
        return "log_drum" in job.stems
    return job.view.kind == "generate" and job.attempts > 0 and not job.plays_notes


def _refuse(state: RoomState, by: b.SessionId, request: JobNotes, code: ErrorCode, text: str) -> Outcome:
    return refuse_one(state, by, Error(code=code, message=text, op_id=request.op_id))


def engine_gone(state: RoomState) -> Outcome:
    """Nobody will answer what was asked."""
    return _give_up(state, list(state.inquiries), ErrorCode.NO_ENGINE, _NO_ENGINE)


def job_gone(state: RoomState, job: b.JobId) -> Outcome:
    """Nobody will answer what was asked about a job that has ended."""
    questions = [question for question, inquiry in state.inquiries.items() if inquiry.request.job == job]
    return _give_up(state, questions, ErrorCode.NOT_FOUND, _ENDED)


def _give_up(state: RoomState, questions: list[str], code: ErrorCode, text: str) -> Outcome:
    effects: list[Effect] = []
    for question in questions:
        inquiry = state.inquiries[question]
        state, told = _refuse(_closed(state, question), inquiry.by, inquiry.request, code, text)
        effects += told
    return state, effects


def _closed(state: RoomState, question: str) -> RoomState:
    return replace(state, inquiries={other: kept for other, kept in state.inquiries.items() if other != question})


def written(state: RoomState, answer: NotesWritten) -> Outcome:
    """Put a section's notes into the document, in the name of who asked for them."""
    inquiry = state.inquiries.get(answer.op_id)
    if inquiry is None:
        return state, []
    state, by, request = _closed(state, answer.op_id), inquiry.by, inquiry.request
    if by not in state.sessions:
        return state, []  # who asked has left meanwhile
    again = answer_again(state, by, request)
    if again is not None:
        return state, again
    if answer.error is not None:
        return _refuse(state, by, request, ErrorCode.NOT_FOUND, answer.error)
    job = state.jobs.get(answer.job)
    ops = tuple(_ops(state.history, answer, grows=job is not None and job.view.kind == "separate"))
    full = over_limits(ops, state.history.document, state.limits)
    if full is not None:
        return _refuse(state, by, request, ErrorCode.TOO_MANY, full)
    return record(state, Applied(seq=state.history.seq + 1, op_id=request.op_id, by=by, ops=ops, via="notes"))


def _ops(history: History, answer: NotesWritten, *, grows: bool) -> Iterator[Op]:
    """A track for each part that has none from this job yet, then its clip and notes; what is there already stays.

    A separation has one clip a track, which grows by what was heard since (J12).
    """
    tracks = history.document.tracks()
    order = str(tracks[-1].props.order) if tracks else ""
    by_part = {part: list(notes) for part, notes in groupby(sorted(answer.notation.notes, key=_part), key=_part)}
    for number, part in enumerate(answer.notation.parts):
        track = _free_id(history, "track", answer.job, part.instrument)
        clip = _free_id(history, "clip", track, answer.start_tick, 0 if grows else answer.length_ticks)
        placed = history.document.get("clip", clip)
        if number not in by_part or (placed is not None and not grows):
            continue
        if placed is not None:
            yield from _longer(history, answer, placed, by_part[number])
            continue
        if track not in history.document.entities:
            order = _after(order)
            yield Op(op="put", kind="track", id=track, props=_track(part, order))
        yield Op(op="put", kind="clip", id=clip, props=_clip(answer, track))
        for place, note in enumerate(by_part[number]):
            id = _heard_id(clip, note) if grows else f"{clip}-{place:x}"
            yield Op(op="put", kind="note", id=id, props=_note(clip, note))


def _longer(history: History, answer: NotesWritten, clip: Entity, notes: list[PlayedNote]) -> Iterator[Op]:
    """What was heard since; a note that was moved or deleted meanwhile stays so."""
    length_ticks = max(int(clip.props.length_ticks or 1), answer.length_ticks)
    if length_ticks != clip.props.length_ticks:
        yield Op(op="set", kind="clip", id=clip.id, props=Props(length_ticks=length_ticks))
    for note in notes:
        id = _heard_id(clip.id, note)
        if id not in history.document.entities and id not in history.graves:
            yield Op(op="put", kind="note", id=id, props=_note(clip.id, note))


def _heard_id(clip: b.EntityId, note: PlayedNote) -> b.EntityId:
    return f"{clip}-{note.tick:x}-{note.pitch:x}"


def _part(note: PlayedNote) -> int:
    return note.part


def _free_id(history: History, kind: EntityKind, *labels: object) -> b.EntityId:
    """The same id for the same thing, so that a second section lies on the first one's tracks; D5: never a grave's."""
    for attempt in range(1_000):
        digest = hashlib.blake2b(repr((kind, *labels, attempt)).encode(), digest_size=10).hexdigest()
        live = history.document.entities.get(digest)
        if digest not in history.graves and (live is None or live.kind == kind):
            return digest
    raise AssertionError("an id is deleted at most once for every time it was made")


def _track(part: Part, order: str) -> Props:
    known = instrument_of(part.instrument)
    name = part.instrument if known is None else known[0].label
    color = _COLORS["other" if known is None else known[0].stem]
    gain_db, pan = part.gain_db, part.pan
    return Props(name=name, order=order, color=color, instrument=part.instrument, gain_db=gain_db, pan=pan)


def _clip(answer: NotesWritten, track: b.EntityId) -> Props:
    name = answer.name.capitalize()
    return Props(track=track, start_tick=answer.start_tick, length_ticks=max(1, answer.length_ticks), name=name)


def _note(clip: b.EntityId, note: PlayedNote) -> Props:
    return Props(
        clip=clip, tick=note.tick, length_ticks=note.length_ticks, pitch=note.pitch, velocity=max(1, note.velocity)
    )


def _after(order: str) -> str:
    """A place behind every other: the page's rule (`order.ts`), as far as the end of the list needs it."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for at, digit in enumerate(order):
        if digit != _LAST_DIGIT and digit in digits:
            return order[:at] + digits[digits.index(digit) + 1]
    return order + "V"
