"""Lanes and tapes: order, budgets, gaps and what a slow reader costs (C7, A2, A4, A6, A7, A8)."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.codec import decode_hub_message, encode
from logdrum_protocol.hub_messages import Chunk, HubMessage, StreamClose, StreamGap, StreamOpen
from logdrum_server.lanes import BUDGET_BYTES, HIGH_WATER_BYTES, MOST_BYTES, Lanes, ws_frame
from logdrum_server.tape import KEPT_SAMPLES, Tape, read_span, write_pieces

STEP = 4800


class FakeWire:
    """A socket whose kernel takes nothing until it is drained."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.unsent = 0
        self.stalled = False

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)
        if self.stalled:
            self.unsent += len(frame)

    def pending(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return False

    def messages(self) -> list[HubMessage]:
        return [decode_hub_message(payload(frame)) for frame in self.frames]


class Ears:
    """One connection in a test."""

    def __init__(self, buffer_s: float = 10) -> None:
        self.wire = FakeWire()
        self.overflows = 0
        self.blocks = 0
        self.lanes = Lanes(self.wire, on_full=self._full, on_blocked=self._block)
        self.lanes.buffer_samples = round(buffer_s * SAMPLE_RATE)

    def _full(self) -> None:
        self.overflows += 1

    def _block(self) -> None:
        self.blocks += 1

    def drain(self) -> None:
        self.wire.stalled, self.wire.unsent = False, 0
        self.lanes.resume()

    def heard(self) -> list[tuple[int, int]]:
        return [(m.start_sample, m.start_sample + m.samples) for m in self.wire.messages() if isinstance(m, Chunk)]


def payload(frame: bytes) -> bytes:
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def make_tape(path: Path = Path("none"), *, endless: bool = True, start: int = 0) -> Tape:
    stream = StreamOpen(
        stream="j.drums",
        job="j",
        stem="drums",
        sample_rate=SAMPLE_RATE,
        channels=2,
        codec="pcm_s16le",
        anchor_tick=0,
        bpm=112.0,
        epoch=0,
        start_sample=start,
    )
    return Tape(stream, endless=endless, path=path)


def chunk(start: int, samples: int = STEP, epoch: int = 0, fill: int | None = None) -> Chunk:
    data = random.Random(start if fill is None else fill).randbytes(samples * 4)
    return Chunk(stream="j.drums", epoch=epoch, start_sample=start, samples=samples, data=data)


def fill(tape: Tape, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        tape.append(chunk(tape.head, epoch=tape.epoch))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_c2_frames_are_those_of_rfc_6455(size: int) -> None:
    frame = ws_frame(b"x" * size)
    assert frame[0] == 0x82
    assert payload(frame) == b"x" * size


def test_a2_chunks_go_out_at_once_and_in_order() -> None:
    ears, tape = Ears(), make_tape()
    ears.lanes.follow(tape)
    fill(tape, 1)
    assert ears.heard() == [(at, at + STEP) for at in range(0, SAMPLE_RATE, STEP)]


def test_a7_no_more_than_the_buffer_asked_for_is_sent_ahead() -> None:
    ears, tape = Ears(buffer_s=2), make_tape()
    ears.lanes.follow(tape)
    fill(tape, 10)
    assert ears.heard()[-1][1] == 2 * SAMPLE_RATE
    tape.set_playhead(SAMPLE_RATE)
    ears.lanes.pump()
    assert ears.heard()[-1][1] == 3 * SAMPLE_RATE


def test_a7_a_bounded_stream_goes_out_whole() -> None:
    ears, tape = Ears(buffer_s=1), make_tape(endless=False)
    ears.lanes.follow(tape)
    fill(tape, 5)
    assert ears.heard()[-1][1] == 5 * SAMPLE_RATE


def test_a6_a_late_joiner_hears_from_the_position_on() -> None:
    tape = make_tape()
    fill(tape, 10)
    tape.set_playhead(5 * SAMPLE_RATE + 7)
    ears = Ears()
    ears.lanes.follow(tape)
    ears.lanes.pump()
    assert ears.heard()[0][0] == 5 * SAMPLE_RATE


def test_c7_control_overtakes_audio_and_events_and_presence_comes_last() -> None:
    ears, tape = Ears(), make_tape()
    ears.lanes.follow(tape)
    ears.wire.unsent = HIGH_WATER_BYTES
    fill(tape, 0.1)
    ears.lanes.presence("a", b"presence")
    ears.lanes.event(b"event")
    ears.lanes.control(b"control")
    ears.drain()
    order = ["control", "event", "audio", "presence"]
    assert [
        frame.decode() if frame in (b"control", b"event", b"presence") else "audio" for frame in ears.wire.frames
    ] == order


def test_p1_of_presence_only_the_newest_of_each_member_waits() -> None:
    ears = Ears()
    ears.wire.unsent = HIGH_WATER_BYTES
    for number in range(1000):
        ears.lanes.presence("a", b"%d" % number)
        ears.lanes.presence("b", b"b")
    ears.drain()
    assert ears.wire.frames == [b"999", b"b"]


def over_budget() -> Ears:
    ears = Ears()
    ears.wire.unsent = HIGH_WATER_BYTES
    ears.lanes.event(bytes(BUDGET_BYTES))
    ears.lanes.event(b"one more")
    return ears


def test_c7_who_stays_over_the_budget_has_fallen_behind() -> None:
    ears = over_budget()
    ears.lanes.judge()
    assert ears.overflows == 0
    ears.lanes.judge()
    assert ears.overflows == 1


def test_c7_who_is_catching_up_has_not_fallen_behind() -> None:
    ears = over_budget()
    for _ in range(3):
        ears.lanes.event(bytes(1000))
    ears.lanes.judge()
    ears.lanes.queued_bytes -= 1000
    ears.lanes.judge()
    assert ears.overflows == 0
    ears.lanes.judge()
    assert ears.overflows == 1


def test_c7_a_burst_that_is_read_in_time_is_no_fault() -> None:
    ears = over_budget()
    ears.lanes.judge()
    ears.wire.unsent = 0
    ears.lanes.resume()
    for _ in range(3):
        ears.lanes.judge()
    assert ears.overflows == 0


def test_c7_a_lane_takes_so_much_and_no_more() -> None:
    ears = Ears()
    ears.wire.unsent = HIGH_WATER_BYTES
    for _ in range(MOST_BYTES // 1_000_000 + 2):
        ears.lanes.event(bytes(1_000_000))
    assert ears.overflows > 0
    assert ears.lanes.queued_bytes <= MOST_BYTES


def test_c7_one_frame_may_be_of_any_size() -> None:
    ears = Ears()
    ears.wire.unsent = HIGH_WATER_BYTES
    ears.lanes.event(bytes(MOST_BYTES + 1))
    assert ears.overflows == 0


def test_a4_a_stalled_reader_costs_no_memory_and_hears_of_its_gap() -> None:
    stalled, tape = Ears(), make_tape()
    stalled.wire.stalled = True
    stalled.lanes.follow(tape)
    for second in range(60):
        fill(tape, 1)
        tape.saved = tape.head
        tape.set_playhead(second * SAMPLE_RATE)
    assert stalled.wire.unsent < HIGH_WATER_BYTES + 2 * STEP * 4
    assert len(tape.pieces) <= 10 * (12 + 1)
    before = stalled.heard()[-1][1]
    stalled.drain()
    gap = next(m for m in stalled.wire.messages() if isinstance(m, StreamGap))
    assert gap.from_sample == before
    assert stalled.heard()[len(stalled.heard()) - 1][1] == tape.head
    after = [span for span in stalled.heard() if span[0] >= gap.to_sample]
    assert after[0][0] == gap.to_sample


def test_a4_a_stalled_reader_takes_nothing_from_the_others() -> None:
    stalled, lively, tape = Ears(), Ears(), make_tape()
    stalled.wire.stalled = True
    for ears in (stalled, lively):
        ears.lanes.follow(tape)
    fill(tape, 10)
    assert len(lively.heard()) == 100


def test_a3_a_new_epoch_replaces_what_was_sent_from_there() -> None:
    ears, tape = Ears(), make_tape()
    ears.lanes.follow(tape)
    fill(tape, 1)
    tape.rewind(1, SAMPLE_RATE // 2 + 100, clear=False)
    tape.append(chunk(SAMPLE_RATE // 2 + 100, epoch=1))
    last = ears.wire.messages()[-1]
    assert isinstance(last, Chunk)
    assert (last.start_sample, last.epoch) == (SAMPLE_RATE // 2 + 100, 1)


def test_a3_a_reader_that_was_behind_hears_the_old_up_to_the_turn_and_then_the_new() -> None:
    ears, tape = Ears(), make_tape()
    ears.wire.unsent = HIGH_WATER_BYTES
    ears.lanes.follow(tape)
    fill(tape, 1)
    turn = SAMPLE_RATE // 2 + 100
    tape.rewind(1, turn, clear=False)
    tape.append(chunk(turn, epoch=1))
    ears.drain()
    spans = ears.heard()
    assert spans[0][0] == 0
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert spans[-1] == (turn, turn + STEP)


def test_a9_a_jump_clears_the_tape() -> None:
    ears, tape = Ears(), make_tape()
    ears.lanes.follow(tape)
    fill(tape, 1)
    tape.rewind(1, 100 * SAMPLE_RATE, clear=True)
    tape.append(chunk(100 * SAMPLE_RATE, epoch=1))
    assert ears.heard()[-1][0] == 100 * SAMPLE_RATE
    assert (tape.first, len(tape.pieces)) == (100 * SAMPLE_RATE, 1)


def test_a8_close_comes_behind_the_last_chunk_even_for_the_slow() -> None:
    ears, tape = Ears(), make_tape(endless=False)
    ears.wire.unsent = HIGH_WATER_BYTES
    ears.lanes.follow(tape)
    fill(tape, 1)
    tape.close(StreamClose(stream="j.drums", samples=tape.head, asset=None))
    assert ears.wire.frames == []
    ears.drain()
    assert [type(message) for message in ears.wire.messages()] == [Chunk] * 10 + [StreamClose]


def test_a8_a_late_joiner_of_a_finished_stream_hears_only_that_it_is_closed() -> None:
    tape, ears = make_tape(endless=False), Ears()
    fill(tape, 1)
    tape.close(StreamClose(stream="j.drums", samples=tape.head, asset=None))
    ears.lanes.follow(tape)
    ears.lanes.pump()
    assert [type(message) for message in ears.wire.messages()] == [StreamClose]


def test_a4_the_file_holds_what_was_played_across_its_wrap(tmp_path: Path) -> None:
    tape = make_tape(tmp_path / "tape", start=KEPT_SAMPLES - STEP - 100)
    fill(tape, 0.3)
    write_pieces(tape.path, tape.unsaved())
    played = b"".join(bytes(piece.pcm) for piece in tape.pieces.values())
    assert read_span(tape.path, tape.first, tape.head) == played


def test_a4_of_a_long_stream_the_newest_is_kept() -> None:
    tape = make_tape()
    tape.head = KEPT_SAMPLES
    tape.append(chunk(tape.head))
    assert tape.first == STEP


def test_lanes_random_lives_give_every_reader_one_contiguous_story() -> None:
    """Readers that stall and drain at random hear contiguous spans; every hole is a gap that was said."""
    for seed in range(60):
        dice = random.Random(seed)
        ears, tape = Ears(buffer_s=dice.choice([1, 4, 10])), make_tape()
        ears.lanes.follow(tape)
        for _ in range(200):
            if dice.random() < 0.1:
                ears.wire.stalled = True
            if dice.random() < 0.1:
                ears.drain()
            if tape.head < tape.playhead + 10 * SAMPLE_RATE:
                tape.append(chunk(tape.head, dice.randrange(1, STEP), fill=0))
            tape.saved = tape.head
            tape.set_playhead(min(tape.head, tape.playhead + dice.randrange(STEP)))
        ears.drain()
        at = 0
        for message in ears.wire.messages():
            start = message.start_sample if isinstance(message, Chunk) else getattr(message, "from_sample", at)
            assert start == at, f"seed {seed}"
            at = message.to_sample if isinstance(message, StreamGap) else at + getattr(message, "samples", 0)


def test_frames_are_encoded_once_for_everyone() -> None:
    tape = make_tape()
    listeners = [Ears() for _ in range(3)]
    for ears in listeners:
        ears.lanes.follow(tape)
    tape.append(chunk(0))
    frames = {id(ears.wire.frames[0]) for ears in listeners}
    assert len(frames) == 1
    assert payload(listeners[0].wire.frames[0]) == encode(chunk(0))
