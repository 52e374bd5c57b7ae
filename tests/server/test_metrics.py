"""What Prometheus is told, and the histogram behind it."""

from pathlib import Path

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Op, Props
from logdrum_protocol.hub_messages import Applied, Rejected
from logdrum_protocol.records import ResumePoint
from logdrum_server.timings import Timings
from tests.harness import joined
from tests.server.inner_hub import InnerHub, inner_hub


async def lines(hub: InnerHub) -> set[str]:
    status, body = await hub.ask("GET", "/metrics")
    assert status == 200
    return set(body.decode().splitlines())


async def test_edits_commits_and_storage_are_counted(tmp_path: Path) -> None:
    async with inner_hub(tmp_path) as hub, joined(hub) as (caller, _):
        op = Op(op="put", kind="track", id="track_01", props=Props(name="log drum"))
        await caller.send(c.Edit(op_id="a", ops=(op,)))
        await caller.until(Applied)
        await caller.send(c.Edit(op_id="b", ops=(op, Op(op="set", kind="clip", id="clip_0001", props=Props(name="x")))))
        await caller.until(Rejected)
        assert await lines(hub) >= {
            "logdrum_rooms 1.0",
            "logdrum_connections 1.0",
            "logdrum_members 1.0",
            "logdrum_messages_total 2.0",
            "logdrum_events_total 1.0",
            'logdrum_rejects_total{code="bad_reference"} 1.0',
            'logdrum_commit_seconds_bucket{le="+Inf"} 1.0',
            "logdrum_commit_seconds_count 1.0",
            "logdrum_commit_failures_total 0.0",
            "logdrum_stored_rooms 1.0",
            'logdrum_lane_bytes{lane="ordered"} 0.0',
            "logdrum_lag_bytes_max 0.0",
        }


async def test_resumes_are_counted_by_what_came_of_them(tmp_path: Path) -> None:
    async with inner_hub(tmp_path) as hub, joined(hub) as (_, welcome):
        for key, epoch in ((welcome.key, welcome.epoch), (welcome.key, welcome.epoch ^ 1), ("wrong", welcome.epoch)):
            resume = ResumePoint(session=welcome.session, key=key, epoch=epoch, seq=welcome.seq)
            async with joined(hub, resume=resume):
                pass
        assert {line for line in await lines(hub) if "resumes_total{" in line} == {
            'logdrum_resumes_total{outcome="recovered"} 1.0',
            'logdrum_resumes_total{outcome="snapshot"} 1.0',
            'logdrum_resumes_total{outcome="refused"} 1.0',
        }


async def test_who_was_turned_away_is_counted_by_why(tmp_path: Path) -> None:
    async with inner_hub(tmp_path, rooms="tokens") as hub:
        await hub.ask("GET", "/v1/rooms/sunset/streams/x")
        await hub.ask("POST", "/v1/rooms/sunset/assets", headers={"origin": "https://evil.example"})
        assert await lines(hub) >= {
            'logdrum_turned_away_total{reason="token"} 1.0',
            'logdrum_turned_away_total{reason="origin"} 1.0',
        }


def test_a_histogram_counts_each_bound_with_what_is_below() -> None:
    timings = Timings(bounds=(1.0, 2.0))
    for amount in (0.5, 1.0, 1.5, 7.0):
        timings.observe(amount)
    assert list(timings.cumulative()) == [(1.0, 2), (2.0, 3), (float("inf"), 4)]
    assert (timings.count, timings.total, timings.longest) == (4, 10.0, 7.0)


def test_a_quantile_is_a_bound_and_never_beyond_the_longest() -> None:
    timings = Timings(bounds=(1.0, 2.0))
    assert timings.quantile(0.5) == 0.0
    for amount in (0.5, 0.5, 1.25, 7.0):
        timings.observe(amount)
    assert [timings.quantile(share) for share in (0.5, 0.75, 1.0)] == [1.0, 2.0, 7.0]
