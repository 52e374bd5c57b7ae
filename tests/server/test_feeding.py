"""Feeds: in order, as fast as the engine reads, and without what has left memory (Q10)."""

import random

from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import EndFeed, FeedJob, ToEngine
from logdrum_server.core.effects import FeedFrom, FeedUntil, StopFeed
from logdrum_server.feeding import CONTEXT_SAMPLES, MAX_UNSENT_BYTES, Feeds
from logdrum_server.tape import BYTES_PER_SAMPLE, Tape
from tests.server.test_lanes import STEP, chunk, fill, make_tape


class Engine:
    """What is sent, and not read before it is."""

    def __init__(self) -> None:
        self.sent: list[ToEngine] = []
        self.unsent = 0
        self.reads = True

    def take(self, message: ToEngine) -> None:
        self.sent.append(message)
        if not self.reads and isinstance(message, FeedJob):
            self.unsent += len(message.data)

    def fed(self) -> list[FeedJob]:
        return [message for message in self.sent if isinstance(message, FeedJob)]


def make(**tapes: Tape) -> tuple[Feeds, Engine, FeedFrom]:
    engine = Engine()
    feeds = Feeds(lambda stream: tapes.get(stream), engine.take, lambda: engine.unsent)
    return feeds, engine, FeedFrom("sep", 3, tuple((stream, stream) for stream in tapes), 0)


def test_q10_a_feed_is_every_stem_in_order_and_then_its_end() -> None:
    drums, bass = make_tape(), make_tape()
    feeds, engine, order = make(drums=drums, bass=bass)
    feeds.change(order)
    for _ in range(3):
        drums.append(chunk(drums.head))
        bass.append(chunk(bass.head))
        feeds.pump()
    feeds.change(FeedUntil("sep", 3 * STEP))
    feeds.pump()
    assert [(piece.stem, piece.start_sample, piece.epoch) for piece in engine.fed()] == [
        (stem, at, 3) for at in (0, STEP, 2 * STEP) for stem in ("drums", "bass")
    ]
    assert engine.sent[-1] == EndFeed(job="sep", epoch=3, end_sample=3 * STEP)
    feeds.pump()
    assert len(engine.sent) == 7


def test_q10_it_begins_two_seconds_before_to_the_sample() -> None:
    tape = make_tape()
    fill(tape, 10)
    feeds, engine, order = make(drums=tape)
    start = 5 * SAMPLE_RATE + 7
    feeds.change(FeedFrom(order.job, 0, order.streams, start))
    feeds.pump()
    first = engine.fed()[0]
    assert first.start_sample == start - CONTEXT_SAMPLES
    piece = tape.pieces[first.start_sample // STEP * STEP]
    assert first.data == bytes(piece.pcm)[-first.samples * BYTES_PER_SAMPLE :]


def test_q10_an_engine_that_does_not_read_is_not_flooded_and_gets_the_rest_when_it_does() -> None:
    tape = make_tape()
    fill(tape, 10)
    feeds, engine, order = make(drums=tape)
    engine.reads = False
    feeds.change(order)
    for _ in range(5):
        feeds.pump()
    assert engine.unsent < MAX_UNSENT_BYTES + STEP * BYTES_PER_SAMPLE
    engine.unsent, engine.reads = 0, True
    feeds.pump()
    assert [piece.start_sample for piece in engine.fed()] == [*range(0, 10 * SAMPLE_RATE, STEP)]


def test_q10_what_has_left_memory_is_left_out() -> None:
    tape = make_tape()
    fill(tape, 10)
    feeds, engine, order = make(drums=tape)
    feeds.change(order)
    tape.saved = tape.head
    tape.set_playhead(6 * SAMPLE_RATE)
    feeds.pump()
    assert engine.fed()[0].start_sample == 4 * SAMPLE_RATE


def test_q10_a_feed_that_is_stopped_or_of_nothing_says_no_more_than_its_end() -> None:
    tape = make_tape()
    feeds, engine, order = make(drums=tape)
    feeds.change(order)
    feeds.change(StopFeed("sep"))
    feeds.change(FeedUntil("sep", 5))
    fill(tape, 1)
    feeds.pump()
    assert engine.sent == []
    feeds.change(FeedFrom("sep", 4, (("bass", "nothing"),), 9))
    feeds.change(FeedUntil("sep", 9))
    feeds.pump()
    assert engine.sent == [EndFeed(job="sep", epoch=4, end_sample=9)]


def test_q10_random_feeds_of_turning_tapes_never_go_back_within_an_epoch() -> None:
    for seed in range(40):
        dice = random.Random(seed)
        tape = make_tape()
        feeds, engine, order = make(drums=tape)
        feeds.change(FeedFrom("sep", 0, order.streams, 0))
        epoch = 0
        for _ in range(100):
            if dice.random() < 0.05:
                epoch += 1
                start = dice.randrange(tape.first, tape.head + 1)
                tape.rewind(epoch, start, clear=dice.random() < 0.5)
                feeds.change(FeedFrom("sep", epoch, order.streams, start))
            tape.append(chunk(tape.head, dice.randrange(1, STEP), epoch, fill=0))
            engine.unsent = dice.choice((0, MAX_UNSENT_BYTES))
            feeds.pump()
        engine.unsent = 0
        feeds.pump()
        for number in range(epoch + 1):
            pieces = [piece for piece in engine.fed() if piece.epoch == number]
            ends = [piece.start_sample + piece.samples for piece in pieces]
            assert all(piece.start_sample == end for piece, end in zip(pieces[1:], ends, strict=False)), f"seed {seed}"
        assert engine.fed()[-1].start_sample + engine.fed()[-1].samples == tape.head, f"seed {seed}"
