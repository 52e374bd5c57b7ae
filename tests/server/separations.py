"""A room with sounds and an engine that separates, for tests of the core."""

from itertools import count
from typing import Final

from msgspec.structs import replace

from logdrum_protocol import client_messages as c
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import JobDone, JobStarted, StartJob, StemFile
from logdrum_protocol.records import JobParams, Limits
from logdrum_server.core import sources
from logdrum_server.core.effects import CloseTape, Effect
from tests.server.rooms import READY, SOUND, STEMS, TestRoom, all_of, audio

SEPARATOR = replace(READY, separators=("builtin",))
SONG = replace(SOUND, name="uploads/Song.one.mp3", samples=20 * 44_100, sample_rate=44_100)
LENGTH = 20 * SAMPLE_RATE
OUT = ("mix", "vocals", "other")
_numbers: Final = count()


def jam(**limits: int) -> tuple[TestRoom, str]:
    """A room that holds a song of twenty seconds."""
    room = TestRoom(limits=Limits(**limits))
    room.engine(SEPARATOR)
    member = room.join()
    room.hold(SONG)
    return room, member


def ask(room: TestRoom, member: str, **params: object) -> list[Effect]:
    """Have something separated."""
    wanted = JobParams(**params)  # type: ignore[arg-type]  # a test's own
    message = c.JobSubmit(op_id=f"s{next(_numbers)}", kind="separate", params=wanted)
    return room.send(member, message)


def begun(room: TestRoom, member: str, **params: object) -> StartJob:
    """Have the song separated, as far as that the engine has begun; return what it was told."""
    (start,) = all_of(ask(room, member, **{"asset": SONG.asset, **params}), StartJob)
    room.engine(JobStarted(job=start.job, stems=OUT, samples=LENGTH))
    return start


def emit(room: TestRoom, job: str, seconds: float, stems: tuple[str, ...] = OUT) -> list[Effect]:
    """Have the engine deliver audio, in blocks that end where the sound does (Q10)."""
    effects: list[Effect] = []
    for stem in stems:
        left = round(seconds * SAMPLE_RATE)
        while left:
            record = room.job(job)
            head, turn = record.heads[stem], record.course.turn
            samples = int(min(left, turn - head)) if head < turn else left
            effects += room.engine(audio(job, stem, head, samples, record.epoch))
            left -= samples
    return effects


def finish(room: TestRoom, job: str, *files: StemFile) -> list[Effect]:
    """Have the engine say that it is done; what is stored of it is not stored yet."""
    return room.engine(JobDone(job=job, epoch=room.job(job).epoch, files=files))


def keep(room: TestRoom, effects: list[Effect], *lost: str) -> None:
    """Have the shell store finished streams, but for some stems."""
    for number, effect in enumerate(effects):
        if isinstance(effect, CloseTape):
            sound = replace(SONG, asset=f"{number:064}", samples=LENGTH, sample_rate=SAMPLE_RATE)
            is_kept = effect.is_sound and effect.stream.partition(".")[2] not in lost
            if is_kept:
                room.hold(sound)
            room.state = sources.stored(room.state, effect.stream, sound.asset if is_kept else None)


def groove(room: TestRoom, member: str, seconds: float, **params: object) -> str:
    """A generation that is being made."""
    return room.started(member, seconds, op_id=f"g{next(_numbers)}", **params)


def fed(room: TestRoom, member: str, source: str) -> str:
    """A separation of a generation that is being made, as far as that the engine has begun."""
    (start,) = all_of(ask(room, member, job=source), StartJob)
    room.engine(JobStarted(job=start.job, stems=STEMS, samples=None))
    return start.job
