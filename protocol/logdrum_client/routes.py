"""Which listener hears which stream."""

from logdrum_client.errors import LogdrumError
from logdrum_client.feed import CHUNK_LIMIT, PRELUDE_LIMIT, Feed, Feeds
from logdrum_client.line import StreamEvent
from logdrum_client.view import RoomView
from logdrum_protocol.hub_messages import Chunk, HubMessage, StreamClose, StreamEpoch, StreamOpen


class StreamRoutes:
    """Listeners by stream; of streams that have just opened the first seconds are kept for who will ask for them."""

    def __init__(self) -> None:
        self._routes: dict[str, Feeds[StreamEvent]] = {}
        self._preludes: dict[str, Feed[StreamEvent]] = {}
        self._over = False
        self._fault: LogdrumError | None = None

    def open(self, stream: str) -> tuple[Feed[StreamEvent], bool]:
        """Let somebody hear a stream; true says that nothing since its opening is missing."""
        prelude = self._preludes.pop(stream, None)
        feed = prelude or _new_feed(CHUNK_LIMIT)
        feed.grow(CHUNK_LIMIT)
        self._routes.setdefault(stream, Feeds()).add(feed)
        if self._over:
            feed.end(self._fault)
        return feed, prelude is not None

    def close(self, stream: str, feed: Feed[StreamEvent]) -> None:
        """Somebody has heard enough."""
        feeds = self._routes[stream]
        feeds.remove(feed)
        if not any(True for _ in feeds):
            del self._routes[stream]

    def put(self, message: HubMessage) -> None:
        """Pass on what belongs to a stream."""
        match message:
            case StreamOpen(stream=stream):
                self._preludes[stream] = _new_feed(PRELUDE_LIMIT)
            case Chunk() | StreamClose():
                self._keep(message)
                self._pass_on(message)
            case StreamEpoch(stream=stream):
                self._preludes.pop(stream, None)  # what opened is not what sounds any more
                self._pass_on(message)
            case _:
                pass

    def reenter(self, before: RoomView, after: RoomView) -> None:
        """Catch up on what happened to the streams while the connection was broken."""
        self._preludes.clear()
        for stream, feeds in self._routes.items():
            old, new = before.streams.get(stream), after.streams.get(stream)
            if new is None:  # it left the timeline (A8)
                feeds.put(StreamClose(stream=stream, samples=0, asset=None))
            elif old is not None and old.opened.bpm != new.opened.bpm:
                feeds.put(_turn_to(new.opened))  # A3: addresses are counted anew; other turns show in the chunks

    def prune(self, view: RoomView) -> None:
        """Let go of what was kept of streams that have left the timeline."""
        self._preludes = {stream: feed for stream, feed in self._preludes.items() if stream in view.streams}

    def _keep(self, event: Chunk | StreamClose) -> None:
        if (prelude := self._preludes.get(event.stream)) is None:
            return
        prelude.put(event)
        if prelude.dropped:  # nobody has asked in time
            del self._preludes[event.stream]

    def _pass_on(self, event: StreamEvent) -> None:
        if feeds := self._routes.get(event.stream):
            feeds.put(event)

    def end(self, fault: LogdrumError | None) -> None:
        """Nothing more will come."""
        self._over, self._fault = True, fault
        for feeds in self._routes.values():
            feeds.end(fault)


def _turn_to(opened: StreamOpen) -> StreamEpoch:
    return StreamEpoch(stream=opened.stream, epoch=opened.epoch, start_sample=opened.start_sample, bpm=opened.bpm)


def _new_feed(limit: int) -> Feed[StreamEvent]:
    return Feed(limit, may_drop=lambda event: isinstance(event, Chunk))
