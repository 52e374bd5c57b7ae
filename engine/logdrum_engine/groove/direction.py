"""From a spec's words to musical choices: what the band plays, and why, in words for people."""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from logdrum_engine.generator import Spec
from logdrum_protocol.bounds import SectionName
from logdrum_protocol.records import Choice, Harmony

from .dice import Dice
from .harmony import Key, chord_of, key_of, parse_key, some_key
from .patches import KITS, Patches
from .patterns import BOOKS, Book
from .sections import LAYERS
from .synth.low import LOG_HARD, LOG_SOFT
from .words import PLAYERS, Reading, read

_LEANINGS = ("jazz", "hard", "dark", "density")
_LEADS = ("kalimba", "bell", "flute")
_NAMED = (*LAYERS, "piano", "organ", *_LEADS)
_EFFECTS: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("density", "sparse"): {"density": -0.35, "hard": -0.1},
    ("density", "busy"): {"density": 0.3},
    ("mood", "dark"): {"dark": 0.45},
    ("mood", "bright"): {"dark": -0.35},
    ("mood", "deep"): {"dark": 0.2, "jazz": 0.15, "density": -0.1},
    ("touch", "hard"): {"hard": 0.4},
    ("touch", "soft"): {"hard": -0.3, "jazz": 0.1},
    ("colour", "jazzy"): {"jazz": 0.4, "hard": -0.1},
    ("colour", "plain"): {"jazz": -0.4},
}
_SLOW_BPM, _FAST_BPM = 108.0, 116.0
"""Either side of the genre's middle."""
_SLOWEST_BPM, _FASTEST_BPM = 20.0, 999.0
_PLAIN_SWING, _STRONG_SWING = 0.16, 0.32
_BY_STYLE, _BY_DEFAULT, _BY_SEED = "the style", "the default", "the seed"
_BY_ROOM, _BY_HARMONY, _BY_REQUEST = "the room", "the harmony of the room", "asked for"
_LONGEST_TEXT = 256
_SAID_OF: Mapping[str, str] = {"out": "without", "less": "with less", "in": "with"}


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """All that was decided about how to play, leanings in [0, 1]."""

    style: str
    jazz: float
    hard: float
    dark: float
    density: float
    log_density: float
    rolls: float
    """How likely a stroke of the log drum becomes two, beyond those that are written."""
    glides: float
    """How likely a stroke slides from the one before it, beyond what the style does."""
    swing: float
    """How late every second sixteenth is, in sixteenths."""
    kick: str
    """`four to the floor` or `sparse`."""
    comp: str
    """Who plays the chords: `piano` or `organ`."""
    lead: str
    out: frozenset[str]
    """Layers that are silent."""
    asked: frozenset[str]
    """Layers that play up wherever the band plays."""
    weights: tuple[float, ...]
    """Of LAYERS."""
    harmony: Harmony
    patches: Patches
    section: SectionName | None = None
    bpm_wish: float | None = None
    """The tempo that was asked for; the room's is what is played."""
    choices: tuple[Choice, ...] = ()

    @property
    def book(self) -> Book:
        """The style's patterns."""
        return BOOKS[self.style]


def direct(spec: Spec) -> Direction:
    """Decide everything; raises GrooveError for a key that cannot be read."""
    said = read(spec)
    book = BOOKS[said.value("style") or "amapiano"]
    leanings = _leanings(said, book, spec.seed)
    comp, lead, out = _keys_players(said, book, spec.seed)
    direction = Direction(
        style=book.name,
        jazz=leanings["jazz"],
        hard=leanings["hard"],
        dark=leanings["dark"],
        density=leanings["density"],
        log_density=_log_density(said, book, leanings["density"]),
        rolls=0.45 if said.value("rolls") else 0.0,
        glides=0.35 if said.value("glides") else 0.0,
        swing=_swing(said, book, spec.seed),
        kick=_kick(said, book, spec.seed),
        comp=comp,
        lead=lead,
        out=out | _out(said),
        asked=_asked(said),
        weights=_weights(said, book, leanings["density"]),
        harmony=_harmony(spec, said, leanings),
        patches=_patches(spec.seed, leanings),
        section=spec.section or _asked_section(said),
        bpm_wish=_bpm_wish(said, spec.bpm),
    )
    return msgspec.structs.replace(direction, choices=tuple(_choices(spec, said, direction)))


def _leanings(said: Reading, book: Book, seed: int) -> dict[str, float]:
    """The style's, moved a little by the seed and more by the words."""
    dice = Dice(seed, "leanings")
    values = {name: getattr(book, name) + dice.between(-0.1, 0.1) for name in _LEANINGS}
    for topic in ("density", "mood", "touch", "colour"):
        for name, change in _EFFECTS.get((topic, said.value(topic) or ""), {}).items():
            values[name] += change
    return {name: min(1.0, max(0.0, value)) for name, value in values.items()}


def _log_density(said: Reading, book: Book, density: float) -> float:
    """How dense the phrases are among those of the style, which has its own idea of dense."""
    match said.value("log phrases"):
        case "busy":
            return 1.0
        case "sparse":
            return 0.0
        case _:
            return min(1.0, max(0.0, 0.5 + 1.2 * (density - book.density)))


def _swing(said: Reading, book: Book, seed: int) -> float:
    own = Dice(seed, "swing").between(*book.swing)
    match said.value("swing"):
        case "straight":
            return 0.0
        case "swung":
            return max(_PLAIN_SWING, own)
        case "more":
            return max(_STRONG_SWING, own)
        case "less":
            return own / 2
        case _:
            return own


def _kick(said: Reading, book: Book, seed: int) -> str:
    floor = Dice(seed, "kick").chance(book.floor)
    return said.value("kick figure") or ("four to the floor" if floor else "sparse")


def _keys_players(said: Reading, book: Book, seed: int) -> tuple[str, str, frozenset[str]]:
    """Who comps and who leads; an organ that is named comps, unless it is to lead or the piano was named with it."""
    piano, organ = said.value("piano"), said.value("organ")
    leads = said.value("organ lead") is not None or (organ == "in" and piano == "in")
    if organ == "in" and not leads:
        comp = "organ"
    else:
        chance = 0.0 if piano == "in" or organ == "out" else 1.0 if piano == "out" and leads else book.organ
        comp = "organ" if Dice(seed, "comp").chance(chance) else "piano"
    lead = "organ" if leads else _lead(said, book, seed, comp)
    silent = {"keys": piano == "out" and (comp == "piano" or organ != "in"), "lead": lead is None}
    return comp, lead or book.leads[0], frozenset(layer for layer, is_silent in silent.items() if is_silent)


def _lead(said: Reading, book: Book, seed: int, comp: str) -> str | None:
    """Who was named last, else one of the style's, else one whom nobody refused; None if there is none."""
    named = [mention for name in _LEADS if (mention := said.best(name)) and mention.value == "in"]
    if named:
        return max(named, key=lambda mention: mention.weight).topic
    left = [name for name in (*book.leads, *_LEADS) if said.value(name) != "out" and name != comp]
    own = [name for name in left if name in book.leads] or left
    return Dice(seed, "lead").pick(own) if own else None


def _out(said: Reading) -> frozenset[str]:
    return frozenset(layer for layer in LAYERS if said.value(layer) == "out")


def _asked(said: Reading) -> frozenset[str]:
    """Those whom the user named one by one, and the lead where its instrument was named."""
    named = {layer: said.best(layer) for layer in (*LAYERS, *_LEADS, "organ lead")}
    layers = {
        layer if layer in LAYERS else "lead"
        for layer, mention in named.items()
        if mention and mention.from_user and mention.rank > 0 and mention.value in ("in", "organ")
    }
    return frozenset(layers)


def _weights(said: Reading, book: Book, density: float) -> tuple[float, ...]:
    busier = min(1.3, max(0.6, 1.0 + 0.8 * (density - book.density)))
    return tuple(
        book.layers.get(layer, 1.0)
        * (busier if layer in ("hat", "conga", "cabasa", "rim") else 1.0)
        * {"less": 0.5, "in": 1.15}.get(said.value(layer) or "", 1.0)
        for layer in LAYERS
    )


def _harmony(spec: Spec, said: Reading, leanings: Mapping[str, float]) -> Harmony:
    """The room's, unless a key of its own was asked for (J7)."""
    shared = spec.harmony
    if shared is not None and (not spec.key or parse_key(spec.key) == key_of(shared)):
        key_of(shared)
        return shared
    key = _key(spec, said, leanings["dark"])
    jazz = round(leanings["jazz"], 4)
    return Harmony(seed=spec.seed, key=key.name, anchor_tick=spec.anchor_tick, jazz=jazz)


def _key(spec: Spec, said: Reading, dark: float) -> Key:
    asked = spec.key or said.value("key")
    return parse_key(asked) if asked else some_key(Dice(spec.seed, "key"), dark)


def _patches(seed: int, leanings: Mapping[str, float]) -> Patches:
    dice = Dice(seed, "patches")
    logs = LOG_HARD if dice.chance(leanings["hard"]) else LOG_SOFT
    return Patches(kit=dice.below(KITS), log_drum=dice.pick(logs), pad=2 - round(2 * leanings["dark"]))


def _asked_section(said: Reading) -> SectionName | None:
    value = said.value("section")
    for name in ("intro", "build", "drop", "break", "outro"):
        if value == name:
            return name
    return None


def _bpm_wish(said: Reading, bpm: float) -> float | None:
    """A number as it was said; a word counts from the genre's middle, so that a room can follow it once and for all."""
    match said.value("tempo"):
        case None:
            return None
        case "slow":
            return _SLOW_BPM if bpm > _SLOW_BPM else None
        case "fast":
            return _FAST_BPM if bpm < _FAST_BPM else None
        case number:
            return min(_FASTEST_BPM, max(_SLOWEST_BPM, float(number)))


def _choices(spec: Spec, said: Reading, direction: Direction) -> Iterator[Choice]:
    """Say what was decided, and what each decision comes from (J6)."""
    style = _BY_STYLE if said.best("style") else _BY_DEFAULT
    yield _choice("style", direction.style, said.why("style", _BY_DEFAULT))
    yield from _tempo(spec, said, direction)
    yield from _harmony_choices(spec, said, direction)
    yield _choice("swing", f"{50 + 50 * direction.swing:.0f} %", said.why("swing", style))
    yield _choice("density", _level(direction.density, ("sparse", "medium", "busy")), said.why("density", style))
    for topic in ("mood", "touch"):
        if said.best(topic):
            yield _choice(topic, said.value(topic) or "", said.why(topic, style))
    yield from _player_choices(said, direction, style)
    if direction.section:
        yield _choice("section", direction.section, _BY_REQUEST if spec.section else said.why("section", ""))


def _choice(what: str, value: str, why: str) -> Choice:
    return Choice(what=what, value=value[:_LONGEST_TEXT], why=why[:_LONGEST_TEXT])


def _tempo(spec: Spec, said: Reading, direction: Direction) -> Iterator[Choice]:
    """The room's tempo rules; one that was asked for instead is a choice of its own, for the room to follow."""
    wish = direction.bpm_wish
    is_played = wish in (None, spec.bpm)
    yield _choice("tempo", f"{spec.bpm:g} bpm", said.why("tempo", _BY_ROOM) if is_played else _BY_ROOM)
    if not is_played:
        yield _choice("tempo wish", f"{wish:g} bpm", said.why("tempo", ""))


def _harmony_choices(spec: Spec, said: Reading, direction: Direction) -> Iterator[Choice]:
    shared = direction.harmony is spec.harmony
    wish = said.best("key")
    why = _BY_REQUEST if spec.key else said.why("key", _BY_SEED)
    if shared and not spec.key:
        why = _BY_HARMONY + (f', which overrules "{wish.text[:40]}"' if wish else "")
    yield _choice("key", key_of(direction.harmony).name, why)
    symbols = " ".join(chord_of(direction.harmony, bar).symbol for bar in range(4))
    yield _choice("chords", symbols, _BY_HARMONY if shared else said.why("colour", _BY_SEED))


def _player_choices(said: Reading, direction: Direction, style: str) -> Iterator[Choice]:
    for layer, what, value, topics, otherwise in (
        ("kick", "kick", direction.kick, ("kick figure",), style),
        ("log", "log drum", _log_words(direction), ("rolls", "glides", "log phrases", "density"), style),
        ("keys", "chords by", direction.comp, ("organ", "piano"), _BY_SEED),
        ("lead", "lead", direction.lead, (direction.lead, "organ lead"), _BY_SEED),
    ):
        if layer in direction.out:
            yield _choice(what, "nobody", _first_why(said, (layer, *topics), otherwise))
        else:
            yield _choice(what, value, _first_why(said, topics, otherwise))
    playing = {direction.comp, direction.lead, *LAYERS} - direction.out
    for value, able in (("out", _NAMED), ("less", playing), ("in", playing)):
        yield from _named(said, value, able)
    yield _choice("kit", f"{direction.patches.kit + 1} of {KITS}", _BY_SEED)


def _log_words(direction: Direction) -> str:
    words = [
        _level(direction.log_density, ("sparse", "medium", "busy")),
        "hard" if direction.patches.log_drum in LOG_HARD else "soft",
    ]
    words += ["rolling"] * (direction.rolls > 0) + ["gliding"] * (direction.glides > 0)
    return ", ".join(words)


def _level(value: float, names: tuple[str, str, str]) -> str:
    return names[0] if value < 0.34 else names[1] if value < 0.67 else names[2]


def _named(said: Reading, value: str, able: Collection[str]) -> Iterator[Choice]:
    """Who was named to be in or out, of those who can be, together with whom they were named."""
    groups: dict[str, list[str]] = {}
    for name in _NAMED:
        mention = said.best(name)
        if mention and mention.value == value and name in able and (value != "in" or mention.rank > 0):
            groups.setdefault(mention.why, []).append("everybody else" if mention.rank < 0 else name)
    for why, names in groups.items():
        yield _choice(_SAID_OF[value], ", ".join(dict.fromkeys(_collected(names))), why)


def _collected(names: list[str]) -> list[str]:
    """Say drums for all of them, and a layer as people say it."""
    drums = PLAYERS["drums"]
    rest = [name for name in names if name not in drums] if set(drums) <= set(names) else names
    return ["drums"] * (rest is not names) + ["log drum" if name == "log" else name for name in rest]


def _first_why(said: Reading, topics: tuple[str, ...], otherwise: str) -> str:
    """Where a decision comes from to which several things may lead."""
    return next((said.why(topic, "") for topic in topics if said.best(topic)), otherwise)
