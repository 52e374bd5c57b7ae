"""What a generation decides, whose chords it plays, and which section is asked for (J2, J6, J7)."""

from msgspec import UNSET

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import JobDescribed, RenderFrom, StartJob
from logdrum_protocol.hub_messages import Error, Job
from logdrum_protocol.records import Choice, Harmony, JobParams
from logdrum_server.core.effects import Effect
from tests.server.rooms import READY, TestRoom, all_of, one

BAR = 3_840
CHOICES = (Choice(what="style", value="sgija", why='you said "sgija"'),)
HARMONY = Harmony(seed=7, key="F minor", anchor_tick=0, jazz=0.4)
OTHER = Harmony(seed=7, key="A minor", anchor_tick=0, jazz=0.4)


def jam() -> tuple[TestRoom, str]:
    room = TestRoom()
    room.engine(READY)
    return room, room.join()


def describe(room: TestRoom, job: str, harmony: Harmony = HARMONY) -> list[Effect]:
    return room.engine(JobDescribed(job=job, choices=CHOICES, harmony=harmony))


def steer(room: TestRoom, member: str, job: str, **params: object) -> RenderFrom:
    message = c.JobSteer(job=job, params=JobParams(**params))  # type: ignore[arg-type]  # a test's own
    return one(room.send(member, message), RenderFrom)


def test_j6_everybody_hears_what_the_engine_decided() -> None:
    room, member = jam()
    job = room.started(member)
    assert one(room.engine(JobDescribed(job=job, choices=CHOICES)), Job).choices == CHOICES


def test_j6_what_is_decided_again_the_same_is_not_said_again() -> None:
    room, member = jam()
    job = room.started(member)
    describe(room, job)
    assert not all_of(room.engine(JobDescribed(job=job, choices=CHOICES, harmony=HARMONY)), Job)


def test_j7_a_second_piece_plays_the_chords_of_the_first() -> None:
    room, member = jam()
    first = room.started(member)
    describe(room, first)
    message = c.JobSubmit(op_id="2", kind="generate", params=JobParams(prompt="more"))
    assert one(room.send(member, message), StartJob).harmony == HARMONY


def test_j7_one_that_was_submitted_before_the_chords_were_known_follows_from_its_next_bar() -> None:
    room, member = jam()
    first = room.started(member)
    second = room.started(member, 20, op_id="2")
    told = one(room.engine(JobDescribed(job=first, choices=(), harmony=HARMONY)), RenderFrom)
    assert (told.job, told.harmony) == (second, HARMONY)


def test_j7_a_piece_with_a_key_of_its_own_goes_its_own_way() -> None:
    room, member = jam()
    describe(room, room.started(member))
    message = c.JobSubmit(op_id="2", kind="generate", params=JobParams(prompt="more", key="C minor"))
    assert one(room.send(member, message), StartJob).harmony is None


def test_j7_where_the_first_is_steered_to_other_chords_the_others_follow() -> None:
    room, member = jam()
    first = room.started(member, 20)
    describe(room, first)
    second = room.started(member, 20, op_id="2")
    steer(room, member, first, key="A minor")
    told = one(room.engine(JobDescribed(job=first, choices=(), harmony=OTHER)), RenderFrom)
    assert (told.job, told.harmony) == (second, OTHER)


def test_j7_a_follower_that_is_given_a_key_follows_no_more() -> None:
    room, member = jam()
    first = room.started(member, 20)
    describe(room, first)
    second = room.started(member, 20, op_id="2")
    assert steer(room, member, second, key="C minor").harmony is None
    assert not all_of(room.engine(JobDescribed(job=first, choices=(), harmony=OTHER)), RenderFrom)


def test_j7_a_piece_keeps_its_chords_when_their_leader_is_gone() -> None:
    room, member = jam()
    first = room.started(member, 20)
    describe(room, first)
    second = room.started(member, 20, op_id="2")
    describe(room, second)
    room.send(member, c.JobCancel(job=first))
    room.set_transport(member, bpm=118.0)
    room.after(1)
    told = one(room.pace(), RenderFrom)
    assert (told.job, told.harmony) == (second, HARMONY)


def test_j1_a_steer_that_cannot_be_played_leaves_the_music_as_it_was() -> None:
    room, member = jam()
    job = room.started(member, 20, prompt="deep")
    describe(room, job)
    steer(room, member, job, key="H")
    effects = room.engine(JobDescribed(job=job, choices=CHOICES, harmony=HARMONY, refused="There is no key of H."))
    view = one(effects, Job)
    assert (view.state, view.params.key) == ("running", UNSET)
    assert one(effects, Error).message == "There is no key of H."


def test_j7_a_piece_alone_may_choose_its_chords() -> None:
    room, member = jam()
    message = c.JobSubmit(op_id="1", kind="generate", params=JobParams(prompt="deep"))
    assert one(room.send(member, message), StartJob).harmony is None


def test_j2_a_section_asked_for_at_the_start_begins_with_the_piece() -> None:
    room, member = jam()
    message = c.JobSubmit(op_id="1", kind="generate", params=JobParams(prompt="deep", section="drop", start=2 * BAR))
    assert one(room.send(member, message), StartJob).section_tick == 2 * BAR


def test_j2_a_section_that_is_steered_to_begins_at_the_next_bar() -> None:
    room, member = jam()
    room.set_transport(member, playing=True)
    job = room.started(member, 20, start="now")
    room.after(3)  # at 112 BPM a bar is 2.14 s long
    assert steer(room, member, job, section="break").section_tick == 2 * BAR


def test_j2_a_section_stays_where_it_was_asked_for() -> None:
    room, member = jam()
    room.set_transport(member, playing=True)
    job = room.started(member, 20, start="now")
    room.after(3)
    steer(room, member, job, section="break")
    room.after(5)
    assert steer(room, member, job, seed=5).section_tick == 2 * BAR


def test_j2_words_that_are_steered_to_may_ask_for_another_section_than_a_button_did() -> None:
    room, member = jam()
    room.set_transport(member, playing=True)
    job = room.started(member, 20, start="now")
    steer(room, member, job, section="drop")
    room.after(5)
    told = steer(room, member, job, prompt="go to the break")
    assert told.params.section is UNSET
    assert told.section_tick == 3 * BAR


def test_j2_a_prompt_that_is_steered_to_may_speak_of_a_section() -> None:
    room, member = jam()
    room.set_transport(member, playing=True)
    job = room.started(member, 20, start="now")
    room.after(3)
    assert steer(room, member, job, prompt="skip to the break").section_tick == 2 * BAR
