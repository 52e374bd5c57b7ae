"""One seeded story: members who edit, cables that break, a disk that fills, a hub that dies, and a happy end."""

import random
from collections.abc import Callable

from msgspec.structs import replace

from logdrum_protocol.client_messages import JobNotes, SendChat, SettingsSet, VersionDelete
from logdrum_protocol.engine_messages import FromEngine, JobAudio
from logdrum_server.feeding import MAX_UNSENT_BYTES
from tests.simulation.disk import Disk
from tests.simulation.hub import SimulatedDoors, SimulatedHub, decode_event
from tests.simulation.intents import Intents
from tests.simulation.link import Link
from tests.simulation.member import Member
from tests.simulation.wishes import Wishes

_PATIENCE = 3_000
_QUIET_STEPS = 20
"""A second without mishaps: longer than anything waits for its time."""


class Story:
    """The world and what happens in it; `run` tells it to the end."""

    def __init__(self, seed: int, *, is_hasty: bool = False) -> None:
        self.is_hasty = is_hasty
        self.rng = random.Random(seed)
        self.now_us = 1_000_000_000
        self.disk = Disk(decode_event)
        self._doors = SimulatedDoors()
        self.hub: SimulatedHub | None = self._new_hub()
        self.members = [Member(f"member {number}", listens=False) for number in range(self.rng.randint(2, 8))]
        self.members[-1].listens = self.rng.random() < 0.2
        self.links: list[tuple[Link, Member]] = []
        self.trace: list[str] = []
        self.forgotten = 0
        """How often the hub may have forgotten a session, and what it had refused it."""
        self._intents = Intents(self.rng)
        is_of_separations = self.rng.random() < 0.6
        self._wishes = Wishes(self.rng, self._intents, are_of_separations=is_of_separations)
        self._disk_is_full = False
        self._acts = self._weighted_acts()

    def _weighted_acts(self) -> tuple[list[Callable[[], None]], list[float]]:
        """What may happen, and how often: every story has its own weather."""
        weather = self.rng.choice((0.2, 1.0, 3.0))
        acts: dict[Callable[[], None], float] = {
            self._make: 14,
            self._ask: 2,
            self._wish: 8,
            self._send: 12,
            self._carry_up: 22,
            self._carry_down: 22,
            self._flow: 4,
            self._connect: 5,
            self._notice: 2,
            self._write: 8,
            self._announce: 8,
            self._load: 3,
            self._chores: 2,
            self._checkpoint: 0.7,
            self._cut: 0.8 * weather,
            self._leave: 0.2 * weather,
            self._reload: 0.1 * weather,
            self._put_out: 0.1 * weather,
            self._upload: 1,
            self._flood: 0.1,
            self._die: 0.25 * weather,
            self._wait_long: 0.2 * weather,
            self._fill_disk: 0.3 * weather,
            self._fail_disk: 0.2 * weather,
            self._prepare: 1,
            self._tick: 5,
            self._have_engine_work: 14,
            self._change_engine: 1.5,
            self._store: 6,
            self._save: 3,
            self._stall_engine: 0.5,
        }
        return list(acts), list(acts.values())

    def run(self, steps: int) -> None:
        """Tell the story, then let everything that is under way arrive."""
        for _ in range(steps):
            self.now_us += self.rng.randrange(20_000)
            self.rng.choices(*self._acts)[0]()
        self._settle()

    def close(self) -> None:
        """Let go of what the story holds."""
        if self.hub is not None:
            self.hub.close()

    def _new_hub(self) -> SimulatedHub:
        return SimulatedHub(self.disk, self._doors, self.rng, self.now_us)

    def _note(self, text: str) -> None:
        self.trace.append(f"{self.now_us / 1e6:9.3f} {text}")

    def _make(self) -> None:
        self._have_made(self.rng.choice(self.members))

    def _have_made(self, member: Member) -> None:
        message = self._intents.next(member.document, member.versions)
        member.make(message)
        self._note(f"{member.name} makes {message}")

    def _ask(self) -> None:
        member = self.rng.choice(self.members)
        op_id = self._intents.op_id()
        if member.versions and self.rng.random() < 0.2:
            member.ask(VersionDelete(op_id=op_id, version=self.rng.choice(member.versions)))
        else:
            member.ask(SendChat(op_id=op_id, text=f"Line {op_id}"))
        self._note(f"{member.name} asks {op_id}")

    def _wish(self) -> None:
        member = self.rng.choice(self.members)
        message = self._wishes.next(member)
        if isinstance(message, JobNotes | SettingsSet):
            member.ask(message)
        else:
            member.say(message)
        self._note(f"{member.name} wishes {message}")

    def _tick(self) -> None:
        if self.hub is not None:
            self.hub.tick(self.now_us)

    def _have_engine_work(self) -> None:
        """The engine does something, or says what it has done."""
        if self.hub is None or self.hub.engine is None:
            return
        for _ in range(self.rng.choice((1, 2, 8))):
            self.rng.choice((self.hub.engine.obey, self.hub.engine.render, self._say))()

    def _say(self) -> None:
        assert self.hub is not None
        message = None if self.hub.engine is None else self.hub.engine.say()
        if message is not None:
            self.hub.hear_engine(message, self.now_us)
            self._note(f"the engine says {_brief(message)}")

    def _change_engine(self) -> None:
        """The engine dies, or another comes."""
        if self.hub is None:
            return
        if self.hub.engine is None:
            self.hub.start_engine(self.now_us)
            self._note("the engine is there")
        elif self.rng.random() < 0.15:
            self.hub.lose_engine()
            self._note("the engine dies")

    def _store(self) -> None:
        """Finished streams become sounds."""
        if self.hub is not None:
            self.hub.store()

    def _save(self) -> None:
        """Audio is written to disk, and may leave memory."""
        if self.hub is not None:
            self.hub.save()

    def _stall_engine(self) -> None:
        """The engine does not read for a while, or reads again."""
        if self.hub is not None:
            self.hub.unsent_bytes = self.rng.choice((0, MAX_UNSENT_BYTES))

    def _send(self) -> None:
        self.rng.choice(self.members).send(self.now_us)

    def _carry_up(self) -> None:
        full = [(link, member) for link, member in self.links if link.up and link.open_there]
        if self.hub is None or not full:
            return
        link, member = self.rng.choice(full)
        for _ in range(self.rng.choice((1, 2, 8))):
            if link.up:  # the hub may have closed meanwhile
                self.hub.take(link, self.now_us, listens=member.listens)
        self._note(f"{member.name} is heard, the history is at {self.hub.state.history.seq}")

    def _carry_down(self) -> None:
        full = [(link, member) for link, member in self.links if link.wire.frames and link.open_here]
        if not full:
            return
        link, member = self.rng.choice(full)
        for _ in range(min(len(link.wire.frames), self.rng.choice((1, 2, 8)))):
            self._hand_over(link, member)

    def _hand_over(self, link: Link, member: Member) -> None:
        message = link.receive()
        seq = getattr(message, "seq", 0)
        assert seq <= len(self.disk.log), f"{member.name} heard of event {seq} before it was on disk"
        member.take(message)
        self._note(f"{member.name} hears {type(message).__name__} {seq} {getattr(message, 'op_id', '')}")

    def _flow(self) -> None:
        standing = [link for link, _ in self.links if link.open_there]
        if standing:
            self.rng.choice(standing).flow(is_full=self.rng.random() < 0.4)

    def _connect(self) -> None:
        outside = [member for member in self.members if member.link is None]
        if self.hub is not None and outside:
            self._open_link(self.rng.choice(outside))

    def _open_link(self, member: Member) -> None:
        link = Link(self.now_us)
        self.links.append((link, member))
        member.connect(link)
        self._note(f"{member.name} connects")

    def _cut(self) -> None:
        """A cable breaks: the member knows at once, the hub when it notices."""
        standing = [(link, member) for link, member in self.links if link.open_here]
        if standing:
            link, member = self.rng.choice(standing)
            link.cut_here(self.rng.randrange(4))
            member.lose()
            self._note(f"the cable of {member.name} breaks")

    def _leave(self) -> None:
        """A member closes the page, to come back some time."""
        inside = [member for member in self.members if member.is_in]
        if self.hub is not None and inside:
            member = self.rng.choice(inside)
            link = member.link
            assert link is not None
            link.cut_here(0)
            member.lose()
            self._part(link, "left")
            self.forgotten += 1
            self._note(f"{member.name} leaves")

    def _reload(self) -> None:
        """A member's page is loaded anew: all that was in it is gone."""
        inside = [member for member in self.members if member.is_in]
        if inside:
            member = self.rng.choice(inside)
            assert member.link is not None
            member.link.cut_here(self.rng.randrange(4))
            member.forget(keeps_key=self.rng.random() < 0.5)
            self._note(f"{member.name} begins anew")

    def _put_out(self) -> None:
        """A member is put out, and tries to come back as who they were."""
        inside = [member for member in self.members if member.is_in]
        if self.hub is None or not inside:
            return
        member = self.rng.choice(inside)
        link, view = member.link, member.view
        assert link is not None
        assert view is not None
        self.hub.put_out(view.session)
        link.cut_here(0)
        member.forget(keeps_key=True)
        self._note(f"{member.name} is put out")

    def _upload(self) -> None:
        if self.hub is not None:
            self.hub.store_sound(self._intents.sound(), self.now_us)
            self._note("a sound is stored")

    def _flood(self) -> None:
        """A member does a great deal at once."""
        member = self.rng.choice(self.members)
        for _ in range(self.rng.randrange(40)):
            self._have_made(member)

    def _notice(self) -> None:
        """One end finds out that the other is gone."""
        broken = [(link, member) for link, member in self.links if not (link.open_here and link.open_there)]
        if broken:
            self._take_apart(*self.rng.choice(broken))

    def _take_apart(self, link: Link, member: Member) -> None:
        link.cut_here(0)
        if member.link is link:
            member.lose()
        self._part(link, None)
        self._note(f"{member.name} and the hub are apart")

    def _part(self, link: Link, reason: str | None) -> None:
        if self.hub is not None and link.session is not None:
            self.hub.room.part(link, link.session, self.now_us, reason)
        link.die_there()
        self.links = [(other, member) for other, member in self.links if other is not link]

    def _write(self) -> None:
        if self._disk_is_full:
            self.disk.refuse()
            self._disk_is_full = self.rng.random() < 0.8
        else:
            self.disk.write()

    def _announce(self) -> None:
        if self.hub is not None:
            self.disk.announce()
            self._note(f"the disk is at {len(self.disk.log)}")

    def _load(self) -> None:
        if self.hub is not None:
            self.hub.load_version(self.now_us)

    def _chores(self) -> None:
        self.disk.do_chores()

    def _checkpoint(self) -> None:
        if self.hub is not None:
            self.hub.checkpoint()
            self._note("a checkpoint is asked for")

    def _fail_disk(self) -> None:
        if self.hub is not None:
            self.disk.fail(keeps=self.rng.random() < 0.5)
            self._note(f"the disk fails, with {len(self.disk.log)} events on it")

    def _prepare(self) -> None:
        if self.hub is not None:
            self.hub.prepare()

    def _fill_disk(self) -> None:
        self._disk_is_full = True
        self._note("the disk is full")

    def _wait_long(self) -> None:
        """Long enough for sessions to be forgotten (H4)."""
        self.now_us += self.rng.choice((5, 16, 60)) * 1_000_000
        self.forgotten += 1
        if self.hub is not None:
            self.hub.room.sweep(self.now_us)
        self._note("time passes")

    def _die(self) -> None:
        """The power fails, or comes back."""
        if self.hub is None:
            self.hub = self._new_hub()
            self._note(f"the hub is back at {self.hub.state.settled.seq}")
            return
        self.hub.close()
        self.hub = None
        self.forgotten += 1
        self.disk.lose_power()
        for link, _ in self.links:
            link.die_there()
        self._note(f"the hub dies with {len(self.disk.log)} events on disk")
        if self.rng.random() < 0.7:
            self._die()

    def _settle(self) -> None:
        """No more mishaps: everybody comes back, and everything arrives."""
        self._disk_is_full = False
        self.hub = self.hub or self._new_hub()
        self.hub.unsent_bytes = 0
        self._come_to_rest(self.hub)
        for _ in range(_QUIET_STEPS):
            self._settle_a_little(self.hub)
        self._come_to_rest(self.hub)

    def _come_to_rest(self, hub: SimulatedHub) -> None:
        for _ in range(_PATIENCE):
            if self._is_settled():
                return
            self._settle_a_little(hub)
        raise AssertionError("the story does not come to an end")

    def _is_settled(self) -> bool:
        assert self.hub is not None
        busy = any(link.up or link.wire.frames or link.lanes.queued_bytes for link, _ in self.links)
        away = any(not member.is_in or member.waits for member in self.members)
        works = self.hub.engine is None or not self.hub.engine.is_idle
        return not (busy or away or works or self.hub.is_loading or self.hub.is_storing) and self.disk.is_idle

    def _settle_a_little(self, hub: SimulatedHub) -> None:
        self.now_us += 50_000
        for link, member in list(self.links):
            if not (link.open_here and link.open_there):
                self._take_apart(link, member)
        self._connect()
        for member in self.members:
            member.send(self.now_us)
        for link, member in list(self.links):
            while link.up and link.open_there:
                hub.take(link, self.now_us, listens=member.listens)
        hub.load_version(self.now_us)
        hub.store()
        self.disk.write()
        self.disk.announce()
        self.disk.do_chores()
        hub.save()
        hub.tick(self.now_us)
        self._let_engine_finish(hub)
        for link, member in list(self.links):
            link.flow(is_full=False)
            while link.wire.frames and link.open_here:
                self._hand_over(link, member)

    def _let_engine_finish(self, hub: SimulatedHub) -> None:
        if hub.engine is None:
            hub.start_engine(self.now_us)
        assert hub.engine is not None
        for _ in range(_PATIENCE):
            if hub.engine.is_idle:
                return
            hub.engine.obey()
            hub.engine.render()
            self._say()
        raise AssertionError("the engine does not come to an end")


def _brief(message: FromEngine) -> FromEngine:
    return replace(message, data=b"") if isinstance(message, JobAudio) else message
