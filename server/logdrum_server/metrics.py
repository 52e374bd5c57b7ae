"""What the hub says about itself to Prometheus: read from plain counters when asked, so that counting costs nothing."""

from collections.abc import Iterable, Iterator
from math import isinf

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from logdrum_server.committer import Committer
from logdrum_server.counts import Counts
from logdrum_server.hub import Hub
from logdrum_server.live_room import LiveRoom
from logdrum_server.services import Peer
from logdrum_server.storage.contract import RoomSize


def registry(hub: Hub, sizes: Iterable[RoomSize] | None) -> CollectorRegistry:
    """Return a registry that reads this hub, and what its storage says it holds."""
    fresh = CollectorRegistry()
    fresh.register(_HubCollector(hub, sizes))
    return fresh


def lag_bytes(peer: Peer) -> int:
    """What a connection is still to be sent, in its lanes and in its socket's own buffer."""
    return peer.lanes.queued_bytes + peer.lanes.wire.pending()


class _HubCollector(Collector):
    def __init__(self, hub: Hub, sizes: Iterable[RoomSize] | None) -> None:
        self._hub = hub
        self._sizes = sizes

    def collect(self) -> Iterable[Metric]:
        hub, rooms = self._hub, list(self._hub.rooms.values())
        yield GaugeMetricFamily("logdrum_rooms", "Rooms in memory.", len(rooms))
        yield GaugeMetricFamily("logdrum_engine_ready", "1 while an engine takes jobs.", int(hub.ready is not None))
        yield CounterMetricFamily("logdrum_engine_restarts", "Engines started anew.", hub.engine.restarts)
        yield CounterMetricFamily("logdrum_unsaved_pieces", "Chunks the disk refused.", hub.recorder.lost_pieces)
        yield _jobs(rooms)
        yield from _traffic(rooms, hub.counts)
        yield from _lanes(rooms)
        yield from _totals(hub.counts)
        yield from _commits(hub.committer)
        if self._sizes is not None:
            yield from _storage(self._sizes)


def _jobs(rooms: list[LiveRoom]) -> Metric:
    family = GaugeMetricFamily("logdrum_jobs", "Jobs on the timeline by state.", labels=["state"])
    states = [job.view.state for room in rooms for job in room.state.jobs.values()]
    for state in ("queued", "running", "done"):
        family.add_metric([state], states.count(state))
    return family


def _traffic(rooms: list[LiveRoom], past: Counts) -> Iterator[Metric]:
    messages = past.messages + sum(room.received for room in rooms)
    chunks = past.chunks + sum(room.published for room in rooms)
    gaps = past.gap_samples + sum(room.gaps() for room in rooms)
    yield CounterMetricFamily("logdrum_messages", "Messages received.", messages)
    yield CounterMetricFamily("logdrum_chunks", "Chunks published.", chunks)
    yield CounterMetricFamily("logdrum_gap_samples", "Samples skipped for slow readers.", gaps)


def _lanes(rooms: list[LiveRoom]) -> Iterator[Metric]:
    peers = [peer for room in rooms for peer in room.peers.values()]
    members = sum(len(room.state.sessions) for room in rooms)
    yield GaugeMetricFamily("logdrum_connections", "Connections that have joined.", len(peers))
    yield GaugeMetricFamily("logdrum_members", "Sessions, those included that may come back.", members)
    waiting = GaugeMetricFamily("logdrum_lane_bytes", "Bytes waiting to be sent, by where they wait.", labels=["lane"])
    waiting.add_metric(["ordered"], sum(peer.lanes.queued_bytes for peer in peers))
    waiting.add_metric(["socket"], sum(peer.lanes.wire.pending() for peer in peers))
    yield waiting
    most = max((lag_bytes(peer) for peer in peers), default=0)
    yield GaugeMetricFamily("logdrum_lag_bytes_max", "What waits for the connection that is furthest behind.", most)
    blocked = sum(peer.lanes.blocked for peer in peers)
    yield GaugeMetricFamily("logdrum_blocked_connections", "Connections whose kernel buffer is full.", blocked)


def _totals(counts: Counts) -> Iterator[Metric]:
    yield CounterMetricFamily("logdrum_events", "Events that went into a room's history.", counts.events)
    yield CounterMetricFamily("logdrum_dropped_messages", "Messages that came too fast.", counts.dropped)
    yield _labelled("logdrum_rejects", "Edits that were refused.", "code", counts.rejects.items())
    yield _labelled(
        "logdrum_resumes", "Members who came back, by what they were given.", "outcome", counts.resumes.items()
    )
    yield _labelled("logdrum_turned_away", "Connections that were not let in.", "reason", counts.turned_away.items())


def _labelled(name: str, help_text: str, label: str, counts: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for value, count in sorted(counts):
        family.add_metric([value], count)
    return family


def _commits(committer: Committer) -> Iterator[Metric]:
    buckets = [("+Inf" if isinf(bound) else str(bound), below) for bound, below in committer.latency.cumulative()]
    yield HistogramMetricFamily(
        "logdrum_commit_seconds", "How long a commit took.", buckets=buckets, sum_value=committer.latency.total
    )
    yield CounterMetricFamily("logdrum_commit_writes", "Writes in commits that succeeded.", committer.writes)
    yield CounterMetricFamily("logdrum_commit_failures", "Commits the storage refused.", committer.failures)


def _storage(sizes: Iterable[RoomSize]) -> Iterator[Metric]:
    sizes = list(sizes)
    yield GaugeMetricFamily("logdrum_stored_rooms", "Rooms on disk.", len(sizes))
    yield GaugeMetricFamily("logdrum_stored_bytes", "What they take.", sum(size.stored_bytes for size in sizes))
