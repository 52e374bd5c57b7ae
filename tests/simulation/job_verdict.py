"""What must hold of jobs, scores and chords once everything is quiet (J)."""

from collections import Counter

from logdrum_protocol.records import verdict_of
from logdrum_server.core.reading import read
from logdrum_server.core.settings import THRESHOLD
from logdrum_server.core.state import JobRecord, RoomState
from tests.simulation.engine import Run
from tests.simulation.member import Member
from tests.simulation.story import Story


def judge_jobs(story: Story) -> None:
    """Raise an AssertionError where the jobs of a story are not as they should be."""
    assert story.hub is not None
    assert story.hub.engine is not None
    state, runs = story.hub.state, story.hub.engine.runs
    assert not state.inquiries, f"somebody waits for notes: {state.inquiries}"
    _check_places(state)
    for job in state.jobs.values():
        _check_job(state, job)
        _check_run(state, job, runs.get(job.job))
    left = set(runs) - set(state.jobs)
    assert not left, f"the engine plays what nobody has asked for any more: {left}"
    for member in story.members:
        _check_view(story, member)


def _check_places(state: RoomState) -> None:
    placed = [job for job in state.jobs.values() if job.view.kind != "score"]
    assert len(placed) <= state.limits.max_jobs, f"{len(placed)} jobs are on the timeline"


def _check_job(state: RoomState, job: JobRecord) -> None:
    view = job.view
    assert view.state in ("running", "done"), f"{view.job} is {view.state}, and an engine is there"
    assert view.state == "done" or 1 <= job.attempts <= 2, f"{view.job} was tried {job.attempts} times"
    assert all(head >= job.first for head in job.heads.values()), f"{view.job} ends before it begins"
    assert set(job.heads) == set(job.stems), f"{view.job} has heads of other stems"
    assert job.reading is None or job.plays_notes, f"{view.job} plays notes that it was not asked for"
    if view.conformance is not None:
        threshold = THRESHOLD if state.settled.settings is None else state.settled.settings.threshold
        assert view.verdict == verdict_of(view.conformance, threshold), f"{view.job} is judged by another threshold"


def _check_run(state: RoomState, job: JobRecord, run: Run | None) -> None:
    """What the engine was last told is what the room has settled on."""
    is_under_way = job.view.state == "running" and job.view.kind == "generate"
    assert is_under_way == (run is not None), f"{job.job} is {job.view.state}, the engine thinks otherwise"
    if run is None:
        return
    turn = run.turn
    assert turn.epoch == job.epoch, f"{job.job} is in epoch {job.epoch}, the engine in {turn.epoch}"
    assert turn.params == job.view.params, f"{job.job} is played with other parameters"
    assert turn.bpm == job.bpm, f"{job.job} is played at another tempo"
    assert set(job.heads.values()) == {run.position}, f"{job.job} lacks audio before {run.position}: {job.heads}"
    _check_notes(state, job, run)
    _check_chords(state, job, run)


def _check_notes(state: RoomState, job: JobRecord, run: Run) -> None:
    if not job.plays_notes:
        assert run.turn.notation is None, f"{job.job} was given notes"
        return
    now = read(state.settled, str(job.view.params.clip), 0)
    assert now is not None, f"{job.job} plays a clip that is gone"
    assert run.turn.notation == now.notation, f"{job.job} plays other notes than are written"


def _check_chords(state: RoomState, job: JobRecord, run: Run) -> None:
    if job.plays_notes:
        return
    assert job.harmony == run.harmony, f"{job.job} has other chords than it plays"
    assert job.leader is None or job.leader in state.jobs, f"{job.job} follows {job.leader}, which is gone"
    leader = None if job.leader is None else state.jobs[job.leader]
    if leader is not None and leader.view.state == "running":  # what is done stays as it was
        assert job.harmony == leader.harmony, f"{job.job} plays other chords than {leader.job}"


def _check_view(story: Story, member: Member) -> None:
    assert story.hub is not None
    assert member.view is not None
    told = {job.job: job for job in member.view.jobs.values() if job.state not in ("failed", "cancelled")}
    there = {job.job: job.view for job in story.hub.state.jobs.values()}
    assert told == there, f"{member.name} knows other jobs"
    assert member.view.settings == story.hub.state.settled.settings, f"{member.name} knows another threshold"
    if not story.forgotten:
        times = Counter((job.by, job.op_id) for job in member.view.jobs.values())
        assert max(times.values(), default=1) == 1, f"one request is two jobs: {times.most_common(1)}"
