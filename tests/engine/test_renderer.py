import numpy as np
import pytest
from msgspec.structs import replace

from logdrum_engine.pcm import to_s16le
from logdrum_engine.renderer import Renderer
from logdrum_engine.specs import order_of
from logdrum_protocol.engine_messages import (
    FromEngine,
    JobAudio,
    JobDescribed,
    JobDone,
    JobFailed,
    JobStarted,
    NotesWritten,
    StartJob,
    StopJob,
    WriteNotes,
)
from logdrum_protocol.records import JobParams
from tests.engine.tone import BLOCK, HARMONY, NOTATION, audio, credit, render_from, start, tone_models


def renderer(*starts: StartJob, batch: int = 1, slots: int = 8) -> Renderer:
    made = Renderer(tone_models(batch), slots)
    for each in starts:
        made.handle(each)
    return made


def run_out(made: Renderer) -> list[FromEngine]:
    messages: list[FromEngine] = []
    while made.has_work:
        messages += made.step()
    return messages


def levels(message: JobAudio) -> set[int]:
    return set(np.frombuffer(message.data, "<i2").tolist())


def test_q2_a_started_job_names_its_stems_and_length() -> None:
    started, _ = renderer().handle(start(params=JobParams(bars=2)))
    assert started == JobStarted(job="j1", stems=("low", "high"), samples=192_000)


def test_q2_a_job_without_bars_has_no_length() -> None:
    assert renderer().handle(start())[0] == JobStarted(job="j1", stems=("low", "high"), samples=None)


def test_q2_every_stem_of_a_span_goes_out_together() -> None:
    spans = [(m.stem, m.start_sample, m.samples) for m in audio(run_out(renderer(start(credit=2 * BLOCK))))]
    assert spans == [("low", 0, BLOCK), ("high", 0, BLOCK), ("low", BLOCK, BLOCK), ("high", BLOCK, BLOCK)]


def test_q2_job_done_comes_after_the_last_sample() -> None:
    messages = run_out(renderer(start(credit=10**9, params=JobParams(bars=1))))
    assert messages[-1] == JobDone(job="j1")
    assert sum(m.samples for m in audio(messages) if m.stem == "low") == 96_000


def test_q2_a_job_starts_at_its_start_sample() -> None:
    assert audio(renderer(start(at=777)).step())[0].start_sample == 777


def test_q3_nothing_is_rendered_past_credit() -> None:
    ends = [m.start_sample + m.samples for m in audio(run_out(renderer(start(credit=3 * BLOCK + 17))))]
    assert max(ends) == 3 * BLOCK


def test_q3_more_credit_goes_on_where_it_stopped() -> None:
    made = renderer(start(credit=BLOCK))
    run_out(made)
    made.handle(credit("j1", 2 * BLOCK))
    assert audio(run_out(made))[0].start_sample == BLOCK


def test_q3_the_last_piece_shorter_than_a_step_needs_no_credit_past_its_end() -> None:
    made = renderer(start(at=777, credit=7 * 96_000, params=JobParams(bars=7)))
    assert run_out(made)[-1] == JobDone(job="j1")


def test_q4_a_new_epoch_begins_at_its_start_with_its_tempo() -> None:
    made = renderer(start())
    made.step()
    made.handle(render_from(at=12_345, credit=10**6, bpm=200.0))
    low, high = audio(made.step())
    assert (low.epoch, low.start_sample) == (1, 12_345)
    assert levels(high) == {round(0.2 * 32767)}


def test_q4_params_that_are_absent_from_a_new_epoch_stay() -> None:
    made = renderer(start(params=JobParams(bars=1), credit=0))
    made.handle(render_from(credit=10**9, params=JobParams(prompt="softer")))
    assert run_out(made)[-1] == JobDone(job="j1", epoch=1)


def test_q4_a_done_job_can_be_rendered_again_until_it_is_stopped() -> None:
    made = renderer(start(params=JobParams(bars=1), credit=10**9))
    run_out(made)
    made.handle(render_from(credit=10**9))
    assert run_out(made)[-1] == JobDone(job="j1", epoch=1)
    made.handle(StopJob(job="j1"))
    made.handle(render_from(credit=10**9))
    assert not made.has_work


def test_q4_a_new_epoch_past_the_end_is_done_at_once() -> None:
    made = renderer(start(params=JobParams(bars=1), credit=0))
    made.handle(render_from(at=10**6, credit=10**7))
    assert made.step() == [JobDone(job="j1", epoch=1)]


def test_q5_stop_ends_a_job_before_the_next_step() -> None:
    made = renderer(start("a"), start("b"))
    assert made.handle(StopJob(job="a")) == []
    assert {m.job for m in audio(run_out(made))} == {"b"}


def test_q5_stopping_a_job_that_is_unknown_is_fine() -> None:
    assert renderer().handle(StopJob(job="nobody")) == []


def test_q7_a_generator_that_raises_fails_its_own_job_alone() -> None:
    made = renderer(start("bad", params=JobParams(prompt="break")), start("good", credit=BLOCK), batch=4)
    messages = run_out(made)
    assert [(m.job, m.code) for m in messages if isinstance(m, JobFailed)] == [("bad", "engine_error")]
    assert {m.job for m in audio(messages)} == {"good"}


def test_e1_a_failure_says_nothing_of_the_inside() -> None:
    (failed,) = renderer().handle(start(params=JobParams(prompt="break at begin")))
    assert isinstance(failed, JobFailed)
    assert failed.code == "engine_error"
    assert "secret" not in failed.message


def test_j5_an_unknown_model_is_unsupported() -> None:
    (failed,) = renderer().handle(start(params=JobParams(model="gpt-9")))
    assert isinstance(failed, JobFailed)
    assert failed.code == "unsupported"


def test_j5_a_kind_that_the_engine_lacks_is_unsupported() -> None:
    job = StartJob(**{name: getattr(start(), name) for name in StartJob.__struct_fields__} | {"kind": "separate"})
    (failed,) = renderer().handle(job)
    assert isinstance(failed, JobFailed)
    assert failed.code == "unsupported"


def test_j2_a_key_that_nobody_can_play_is_bad_params() -> None:
    (failed,) = renderer().handle(start(params=JobParams(key="H")))
    assert failed == JobFailed(job="j1", code="bad_params", message="there is no key of H")


def test_j2_without_stems_there_is_one_stem_named_mix() -> None:
    made = renderer()
    started, _ = made.handle(start(params=JobParams(stems=False)))
    assert isinstance(started, JobStarted)
    assert started.stems == ("mix",)
    (mix,) = audio(made.step())
    assert (mix.stem, levels(mix)) == ("mix", {round(0.37 * 32767)})


def test_a_job_beyond_the_slots_fails_as_too_many_jobs() -> None:
    (failed,) = renderer(start("a"), slots=1).handle(start("b"))
    assert isinstance(failed, JobFailed)
    assert failed.code == "too_many_jobs"


def described(messages: list[FromEngine]) -> JobDescribed:
    (found,) = (message for message in messages if isinstance(message, JobDescribed))
    return found


def choices(messages: list[FromEngine], what: str) -> list[str]:
    return [choice.value for choice in described(messages).choices if choice.what == what]


def test_j6_a_job_says_what_it_decided_at_its_start_and_at_every_turn() -> None:
    made = renderer()
    assert choices(made.handle(start(params=JobParams(prompt="warm"))), "mood") == ["warm"]
    assert choices(made.handle(render_from(params=JobParams(prompt="cold"))), "mood") == ["cold"]


def test_j6_what_the_genre_adds_is_said_with_its_reason() -> None:
    added = [
        c for c in described(renderer().handle(start(params=JobParams(prompt="warm")))).choices if c.what == "added"
    ]
    assert added
    assert all(choice.value and choice.why for choice in added)


def test_j6_nothing_is_added_where_that_is_turned_off() -> None:
    assert choices(renderer().handle(start(params=JobParams(prompt="warm", enrich=False))), "added") == []


def test_j6_a_genre_that_nobody_knows_is_bad_params() -> None:
    (failed,) = renderer().handle(start(params=JobParams(genre="polka")))
    assert isinstance(failed, JobFailed)
    assert failed.code == "bad_params"
    assert "amapiano" in failed.message


def test_j7_a_piece_that_is_given_chords_plays_them() -> None:
    given = replace(HARMONY, seed=99)
    assert described(renderer().handle(replace(start(), harmony=given))).harmony == given


def test_j2_a_section_lies_on_the_bar_that_the_hub_says() -> None:
    order = order_of(replace(start(params=JobParams(section="drop")), anchor_tick=3_840, section_tick=11_520))
    assert (order.spec.section, order.spec.section_bar) == ("drop", 2)


def test_j8_a_job_that_plays_notes_has_no_end_and_nothing_added() -> None:
    order = order_of(replace(start(params=JobParams(clip="*", bars=4, prompt="warm")), notation=NOTATION))
    assert (order.samples, order.added, order.spec.notation) == (None, (), NOTATION)


def test_j1_a_steer_that_cannot_be_played_is_refused_and_the_music_goes_on() -> None:
    made = renderer(start(params=JobParams(prompt="warm")))
    told = described(made.handle(render_from(params=JobParams(key="H"))))
    assert told.refused == "there is no key of H"
    assert [choice.value for choice in told.choices if choice.what == "mood"] == ["warm"]
    assert {message.epoch for message in audio(made.step())} == {1}


def test_q9_notes_are_written_for_a_running_and_for_a_finished_job() -> None:
    made = renderer(start(params=JobParams(bars=1), credit=10**9))
    question = WriteNotes(job="j1", op_id="n", tick=5_000)
    running = made.handle(question)
    run_out(made)
    assert made.handle(question) == running
    assert running == [
        NotesWritten(job="j1", op_id="n", name="drop", start_tick=3_840, length_ticks=3_840, notation=NOTATION)
    ]


def test_q9_who_has_no_notes_says_so() -> None:
    made = renderer(start(params=JobParams(prompt="no notes")))
    for job in ("j1", "nobody"):
        (answer,) = made.handle(WriteNotes(job=job, op_id="n", tick=0))
        assert isinstance(answer, NotesWritten)
        assert answer.error


@pytest.mark.parametrize(("sample", "word"), [(0.0, 0), (1.0, 32767), (-1.0, -32767), (7.5, 32767), (-9.0, -32767)])
def test_a1_pcm_is_rounded_and_clipped(sample: float, word: int) -> None:
    assert np.frombuffer(to_s16le(np.full((2, 1), sample, np.float32)), "<i2").tolist() == [word, word]


def test_a1_pcm_is_interleaved() -> None:
    pcm = np.array([[0.0, 0.5], [1.0, -0.5]], np.float32)
    assert np.frombuffer(to_s16le(pcm), "<i2").tolist() == [0, 32767, 16384, -16384]


def test_a1_what_is_no_number_is_silence() -> None:
    pcm = np.array([[np.nan], [np.inf]], np.float32)
    assert np.frombuffer(to_s16le(pcm), "<i2").tolist() == [0, 32767]
