"""Documents over real connections to a real hub, which is stopped, killed and started again (D, V, H)."""

import os
import signal
from pathlib import Path

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Entity, Op, Props
from logdrum_protocol.hub_messages import Applied, Chat, Error, MemberJoined, Rejected, Version, Versions, Welcome
from logdrum_protocol.records import ResumePoint
from tests.harness import RunningHub, joined, running_hub
from tests.server.documents import clip, delete, note, set_, track


def entities(welcome: Welcome) -> dict[str, Entity]:
    assert welcome.snapshot is not None
    return {entity.id: entity for entity in welcome.snapshot.entities}


def resume(welcome: Welcome, seq: int | None = None) -> ResumePoint:
    at = welcome.seq if seq is None else seq
    return ResumePoint(session=welcome.session, key=welcome.key, epoch=welcome.epoch, seq=at)


def edit(op_id: str, *ops: Op) -> c.Edit:
    return c.Edit(op_id=op_id, ops=ops)


async def test_d3_two_people_edit_one_document(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "d3") as (thandi, _), joined(bare_hub, "d3", name="Sipho") as (sipho, welcome):
        await thandi.send(edit("a", track(), clip()))
        heard = await sipho.until(Applied)
        assert (heard.seq, heard.op_id, heard.ops) == (1, "a", (track(), clip()))
        await sipho.send(edit("b", set_("clip", "clip_0001", name="Log drum")))
        assert (await thandi.until(Applied, lambda event: event.seq == 2)).by == welcome.session


async def test_h2_a_late_joiner_gets_the_whole_document(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "late") as (thandi, _):
        await thandi.send(edit("a", track(), clip(), note()))
        await thandi.send(c.SendChat(text="sho"))
        await thandi.until(Chat)
        async with joined(bare_hub, "late") as (_, welcome):
            assert set(entities(welcome)) == {"track_01", "clip_0001", "note_0001"}
            assert welcome.seq == 2


async def test_h2_who_comes_back_hears_what_was_missed(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "back") as (thandi, _):
        async with joined(bare_hub, "back", name="Sipho") as (sipho, welcome):
            sipho.vanish()
        for number in range(3):
            await thandi.send(edit(f"e{number}", track(f"track_{number:02}")))
            await thandi.until(Applied)
        async with joined(bare_hub, "back", name="Sipho", resume=resume(welcome)) as (sipho, back):
            assert (back.session, back.recovered, back.snapshot) == (welcome.session, True, None)
            assert [(await sipho.until(Applied)).seq for _ in range(3)] == [1, 2, 3]


async def test_d3_a_refusal_goes_to_its_author_alone(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "no") as (thandi, _), joined(bare_hub, "no", name="Sipho") as (sipho, _):
        await thandi.send(edit("bad", set_("track", "track_99", name="x")))
        assert (await thandi.until(Rejected)).code == "bad_reference"
        await thandi.send(edit("good", track()))
        await sipho.until(Applied)
        assert not [message for message in sipho.seen if isinstance(message, Rejected)]


async def test_v_a_version_is_saved_listed_restored_and_undone(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "v") as (thandi, _):
        await thandi.send(edit("a", track(), clip()))
        await thandi.send(c.VersionSave(op_id="v", name="One"))
        saved = await thandi.until(Version)
        await thandi.send(edit("b", delete("track", "track_01")))
        await thandi.send(c.VersionRestore(op_id="r", version=saved.version))
        restored = await thandi.until(Applied, lambda event: event.via == "restore")
        assert [op.id for op in restored.ops] == ["track_01", "clip_0001"]
        await thandi.send(c.VersionList(op_id="l"))
        assert (await thandi.until(Versions)).versions == (saved,)
        await thandi.send(c.Undo())
        await thandi.until(Applied, lambda event: event.via == "undo")
        async with joined(bare_hub, "v") as (_, welcome):
            assert entities(welcome) == {}


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_d7_everything_is_there_after_a_restart(tmp_path: Path, ending: signal.Signals) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        async with joined(hub, "keep") as (thandi, before):
            await thandi.send(edit("a", track(), clip(), note()))
            await thandi.send(edit("b", set_("note", "note_0001", pitch=50)))
            await thandi.send(c.VersionSave(op_id="v", name="One"))
            await thandi.send(c.SendChat(text="sho"))
            await thandi.until(Chat)
            os.kill(hub.process.pid, ending)
            assert await thandi.close_code() in (1012, 1006)
        hub.process.wait(10)
    with running_hub(tmp_path, "--engine", "none") as hub:
        async with joined(hub, "keep", resume=resume(before)) as (thandi, back):
            assert (back.session, back.epoch, back.recovered) == (before.session, before.epoch, True)
            await thandi.send(edit("b", set_("note", "note_0001", pitch=50)))  # D4: its answer may have been lost
            again = await thandi.until(Applied, lambda event: event.op_id == "b" and event.seq == 2)
            assert again.by == before.session
            await thandi.send(c.Undo())
            assert (await thandi.until(Applied, lambda event: event.via == "undo")).ops == (
                set_("note", "note_0001", pitch=41),
            )
        async with joined(hub, "keep") as (_, fresh):
            assert entities(fresh)["note_0001"].props.pitch == 41
            assert fresh.snapshot is not None
            assert [line.text for line in fresh.snapshot.chat] == ["sho"]
            assert [version.name for version in fresh.snapshot.versions] == ["One"]


async def test_h2_another_data_folder_is_another_history(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with running_hub(tmp_path / "one", "--engine", "none") as hub:
        async with joined(hub, "x") as (thandi, before):
            await thandi.send(edit("a", track()))
            await thandi.until(Applied)
    with running_hub(tmp_path / "two", "--engine", "none") as hub:
        async with joined(hub, "x", resume=resume(before)) as (_, back):
            assert (back.recovered, back.session == before.session) == (False, False)


async def test_h2_a_long_absence_is_made_up_for_by_a_snapshot(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "long") as (thandi, start):
        markers = tuple(
            Op(op="put", kind="marker", id=f"marker_{n:03}", props=Props(tick=0, text="x" * 1900)) for n in range(100)
        )
        for number in range(4):
            await thandi.send(edit(f"e{number}", *markers))
            await thandi.until(Applied)
        thandi.vanish()
        async with joined(bare_hub, "long", resume=resume(start)) as (_, back):
            assert (back.session, back.recovered) == (start.session, False)
            assert len(entities(back)) == 100


async def test_h4_who_comes_back_after_all_others_left_is_the_same_member(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        async with joined(hub, "same") as (thandi, before):
            await thandi.send(edit("a", track()))
            await thandi.until(Applied)
        async with (
            joined(hub, "same", name="Sipho") as (sipho, _),
            joined(hub, "same", resume=resume(before)) as (_, me),
        ):
            assert me.session == before.session
            assert (await sipho.until(MemberJoined)).member.session == before.session


async def test_d6_nothing_to_undo_is_said(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "undo") as (thandi, _):
        await thandi.send(c.Undo(op_id="u"))
        error = await thandi.until(Error)
        assert (error.code, error.op_id) == ("nothing_to_undo", "u")


async def test_d10_edits_that_come_too_fast_may_be_sent_again(bare_hub: RunningHub) -> None:
    async with joined(bare_hub, "fast") as (thandi, _):
        await thandi.send(edit("first", track()))
        answers = []
        for number in range(700):
            await thandi.send(edit(f"e{number}", set_("track", "track_01", pan=number / 1000)))
        while len(answers) < 701:
            answers.append(await thandi.until((Applied, Rejected)))  # type: ignore[arg-type]  # either
        refused = [answer for answer in answers if isinstance(answer, Rejected)]
        assert {answer.code for answer in refused} == {"rate_limited"}
        await thandi.send(edit(refused[0].op_id, set_("track", "track_01", pan=1.0)))
        assert (await thandi.until((Applied, Rejected))).op_id == refused[0].op_id  # type: ignore[attr-defined,arg-type]
