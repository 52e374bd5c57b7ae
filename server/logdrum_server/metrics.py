"""What the hub says about itself to Prometheus: read from plain counters when asked, so that counting costs nothing."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from logdrum_server.hub import Hub
from logdrum_server.live_room import LiveRoom


def registry(hub: Hub) -> CollectorRegistry:
    """Return a registry that reads this hub."""
    fresh = CollectorRegistry()
    fresh.register(_HubCollector(hub))
    return fresh


class _HubCollector(Collector):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterable[Metric]:
        hub, rooms = self._hub, list(self._hub.rooms.values())
        yield GaugeMetricFamily("logdrum_rooms", "Rooms in memory.", len(rooms))
        yield GaugeMetricFamily("logdrum_connections", "Open connections.", sum(len(room.peers) for room in rooms))
        yield GaugeMetricFamily("logdrum_engine_ready", "1 while an engine takes jobs.", int(hub.ready is not None))
        yield CounterMetricFamily("logdrum_engine_restarts", "Engines started anew.", hub.engine.restarts)
        yield CounterMetricFamily("logdrum_unsaved_pieces", "Chunks the disk refused.", hub.recorder.lost_pieces)
        yield _jobs(rooms)
        yield from _lanes(rooms)


def _jobs(rooms: list[LiveRoom]) -> Metric:
    family = GaugeMetricFamily("logdrum_jobs", "Jobs on the timeline by state.", labels=["state"])
    states = [job.view.state for room in rooms for job in room.state.jobs.values()]
    for state in ("queued", "running", "done"):
        family.add_metric([state], states.count(state))
    return family


def _lanes(rooms: list[LiveRoom]) -> Iterator[Metric]:
    lanes = [peer.lanes for room in rooms for peer in room.peers.values()]
    yield CounterMetricFamily("logdrum_messages", "Messages received.", sum(room.received for room in rooms))
    yield CounterMetricFamily("logdrum_chunks", "Chunks published.", sum(room.published for room in rooms))
    yield CounterMetricFamily(
        "logdrum_gap_samples", "Samples skipped for slow readers.", sum(room.gaps() for room in rooms)
    )
    yield GaugeMetricFamily("logdrum_lane_bytes", "Bytes waiting in lanes.", sum(lane.queued_bytes for lane in lanes))
    blocked = sum(lane.blocked for lane in lanes)
    yield GaugeMetricFamily("logdrum_blocked_connections", "Connections whose kernel buffer is full.", blocked)
