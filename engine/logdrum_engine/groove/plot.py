"""A groove as a picture: who plays what when, over the spectrum of what is heard, on one axis of bars."""

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import matplotlib as mpl
import msgspec
import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from logdrum_engine.generator import SAMPLE_RATE, Pcm
from logdrum_protocol.instruments import Instrument, instrument_of
from logdrum_protocol.records import PlayedNote

from .chart import Chart
from .touch import LEGATO

GROUND, RAISED, LINE, TEXT, DIM = "#14151a", "#1c1e25", "#2a2d37", "#e8e6e1", "#9a9da8"
_COLOURS: Final = {"drums": "#e8e6e1", "log_drum": "#f2a81d", "bass": "#2fbf9b", "other": "#8b7cf6"}
_HEAT: Final = LinearSegmentedColormap.from_list(
    "night", ["#14151a", "#1d1830", "#3d2b78", "#8b5cc0", "#e0705f", "#f2a81d", "#fff3d6"]
)
_FOOTNOTE: Final = (
    "Composed and played by a synthesiser: no recording and no neural model is in it. Above: the notes as written, "
    "brighter the louder, lines from note to note are glides. Below: the mix, 65 dB from its loudest to black."
)
_DPI: Final = 120
_NARROWEST_IN, _WIDEST_IN, _BAR_IN = 14.0, 34.0, 0.52
_ROW_IN, _HEAD_IN, _SPECTRUM_IN, _ABOVE_IN, _BELOW_IN, _MARGIN_IN = 0.165, 0.42, 3.1, 0.55, 0.62, 0.8
_FONT: Final = 8.5

# Rows of the kit from the top, with the keys they hold from the top of the row.
_KIT: Final = (
    ("crash", (49,)),
    ("open hat", (46,)),
    ("closed hat", (42,)),
    ("cabasa", (69,)),
    ("shaker", (82, 70)),
    ("congas", (75, 62, 63, 64)),
    ("toms", (48, 45, 43, 41)),
    ("rim", (37,)),
    ("clap", (39,)),
    ("snare", (38,)),
    ("kick", (36,)),
)
_HEIGHTS: Final = {"log_drum": 6.0, "bass": 3.5}
_STEP_TICKS: Final = 240
_BEND_TICKS: Final = 110
"""How long a glide is drawn, about as long as it is heard."""

_LOWEST_HZ, _HIGHEST_HZ = 30.0, 16_000.0
_BINS_AN_OCTAVE: Final = 24
_MOST_COLUMNS: Final = 3_000
_RANGE_DB: Final = 65.0
# Samples of a window, and up to which frequency it is used: long where pitch matters, short where time does.
_WINDOWS: Final = ((8_192, 260.0), (4_096, 1_100.0), (2_048, 24_000.0))


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the picture, and where in it each pitch or key lies."""

    label: str
    color: str
    notes: tuple[PlayedNote, ...]
    height: float
    places: dict[int, tuple[float, float]]
    """Bottom and height within the lane, by pitch."""
    is_struck: bool = False
    glides: bool = False


def plot(chart: Chart, mix: Path, out: Path) -> None:
    """Draw the chart over the spectrum of the mix; the name's end says whether as PNG, SVG or PDF."""
    lanes = lanes_of(chart)
    bars = chart.length_ticks / chart.bar_ticks
    page = _page(bars, max(12.0, sum(lane.height for lane in lanes)))
    with mpl.rc_context({"font.size": _FONT * page.scale, "svg.fonttype": "none"}):
        figure = Figure(figsize=(page.wide, page.tall), dpi=_DPI, facecolor=GROUND)
        head, grid, heat = _axes(figure, page)
        _write_head(figure, page, chart)
        _draw_head(head, chart, (page.wide / page.scale - _MARGIN_IN) / bars)
        _draw_lanes(grid, lanes, chart)
        _draw_spectrum(heat, spectrum(mix), bars)
        for axes in (head, grid, heat):
            _draw_bars(axes, chart)
        _save(figure, out)


class _Page(msgspec.Struct, frozen=True):
    """Sizes in inches; a wider page is drawn larger, for it is looked at from further away."""

    wide: float
    scale: float
    rows: float

    @property
    def tall(self) -> float:
        return (self.rows * _ROW_IN + _HEAD_IN + _SPECTRUM_IN + _ABOVE_IN + _BELOW_IN) * self.scale


def _page(bars: float, rows: float) -> _Page:
    wide = min(_WIDEST_IN, max(_NARROWEST_IN, bars * _BAR_IN))
    return _Page(wide, 1.0 + 0.4 * (wide - _NARROWEST_IN) / (_WIDEST_IN - _NARROWEST_IN), rows)


def lanes_of(chart: Chart) -> list[Lane]:
    """Return a lane for each drum and each other instrument that plays, from the top."""
    lanes: list[Lane] = []
    for number, part in enumerate(chart.notation.parts):
        notes = tuple(note for note in chart.notation.notes if note.part == number)
        found = instrument_of(part.instrument)
        if found is not None and notes:
            lanes += _kit_lanes(notes) if found[0].name == "drums" else [_pitch_lane(found[0], notes)]
    return lanes


def _kit_lanes(notes: Sequence[PlayedNote]) -> Iterator[Lane]:
    for label, keys in _KIT:
        played = tuple(note for note in notes if note.pitch in keys)
        if played:
            height = 1.0 + 0.25 * (len(keys) - 1)
            each = height / len(keys)
            places = {key: (height - each * (row + 1), each) for row, key in enumerate(keys)}
            yield Lane(label=label, color=_COLOURS["drums"], notes=played, height=height, places=places, is_struck=True)


def _pitch_lane(instrument: Instrument, notes: tuple[PlayedNote, ...]) -> Lane:
    low, high = min(note.pitch for note in notes), max(note.pitch for note in notes)
    height = _HEIGHTS.get(instrument.name, min(5.0, 2.4 + 0.1 * (high - low)))
    each = min(0.9, height / (high - low + 3))
    room = height - 2 * each
    places = {
        pitch: (each * 0.5 + (pitch - low) / max(1, high - low) * room if high > low else height / 2 - each / 2, each)
        for pitch in range(low, high + 1)
    }
    return Lane(
        label=instrument.name.replace("_", " "),
        color=_COLOURS[instrument.stem],
        notes=notes,
        height=height,
        places=places,
        glides=instrument.name in LEGATO,
    )


def _axes(figure: Figure, page: _Page) -> tuple[Axes, Axes, Axes]:
    places = figure.add_gridspec(
        3,
        1,
        height_ratios=(_HEAD_IN, page.rows * _ROW_IN, _SPECTRUM_IN),
        hspace=0.02,
        left=_MARGIN_IN * page.scale / page.wide,
        right=1 - 0.15 * page.scale / page.wide,
        top=1 - _ABOVE_IN * page.scale / page.tall,
        bottom=_BELOW_IN * page.scale / page.tall,
    )
    head = figure.add_subplot(places[0])
    grid = figure.add_subplot(places[1], sharex=head)
    heat = figure.add_subplot(places[2], sharex=head)
    for axes in (head, grid, heat):
        axes.set_facecolor(GROUND)
        axes.tick_params(colors=DIM, length=0)
        for side in axes.spines.values():
            side.set_color(LINE)
    for axes in (head, grid):
        axes.tick_params(labelbottom=False)
    return head, grid, heat


def _write_head(figure: Figure, page: _Page, chart: Chart) -> None:
    """The prompt on the left, the numbers on the right, and below what it all is."""
    left, right = _MARGIN_IN * page.scale / page.wide, 1 - 0.15 * page.scale / page.wide
    title = textwrap.shorten(chart.title, width=round(page.wide / page.scale * 6), placeholder="…") or "groove"
    bars = chart.length_ticks / chart.bar_ticks
    length = "1 bar" if bars == 1 else f"{bars:g} bars"
    metre = f"{chart.numerator}/{chart.denominator}"
    numbers = "   ".join((chart.key, f"{chart.bpm:g} BPM", metre, length, f"seed {chart.seed}"))
    high, low = 1 - 0.36 * page.scale / page.tall, 0.14 * page.scale / page.tall
    figure.text(left, high, title, color=TEXT, fontsize="x-large", fontweight="bold", parse_math=False)
    figure.text(right, high, numbers, color=DIM, fontsize="medium", ha="right")
    figure.text(left, low, _FOOTNOTE, color=DIM, fontsize="small")


def _draw_head(axes: Axes, chart: Chart, bar_in: float) -> None:
    """Sections as bands and chords below them, each with its name where there is room for it."""
    axes.set_ylim(0, 2)
    axes.set_yticks([0.5, 1.5], ["chord", "section"])
    ends = [mark.tick for mark in chart.sections[1:]] + [chart.length_ticks]
    for number, (mark, end) in enumerate(zip(chart.sections, ends, strict=True)):
        first, last = _bar_of(mark.tick, chart), _bar_of(end, chart)
        axes.axvspan(first, last, ymin=0.5, facecolor=_COLOURS["log_drum"], alpha=0.14 + 0.1 * (number % 2), lw=0)
        if (last - first) * bar_in > 0.1 + 0.075 * len(mark.text):
            axes.text(first + 0.06 / bar_in, 1.5, mark.text, color=TEXT, va="center", fontweight="bold", clip_on=True)
    size, letter_in = ("small", 0.052) if bar_in > 0.45 else ("x-small", 0.043)
    free = 0.0
    for chord in chart.chords if bar_in > 0.1 else ():
        bar = _bar_of(chord.tick, chart)
        if bar >= free:
            axes.text(bar + 0.06 / bar_in, 0.45, chord.text, color=DIM, va="center", fontsize=size, clip_on=True)
            free = bar + (0.08 + letter_in * len(chord.text)) / bar_in


def _draw_lanes(axes: Axes, lanes: Sequence[Lane], chart: Chart) -> None:
    top = sum(lane.height for lane in lanes)
    axes.set_ylim(0, max(top, 1.0))
    axes.set_xlim(1, _bar_of(chart.length_ticks, chart))
    ticks = []
    for number, lane in enumerate(lanes):
        top -= lane.height
        axes.axhspan(top, top + lane.height, facecolor=RAISED if number % 2 else GROUND, lw=0, zorder=0)
        axes.add_collection(_boxes(lane, top, chart), autolim=False)
        if lane.glides:
            axes.add_collection(_bends(lane, top, chart), autolim=False)
        ticks.append(top + lane.height / 2)
    axes.set_yticks(ticks, [lane.label for lane in lanes])
    for label, lane in zip(axes.get_yticklabels(), lanes, strict=True):
        label.set_color(lane.color if lane.color != TEXT else DIM)


def _boxes(lane: Lane, bottom: float, chart: Chart) -> PolyCollection:
    """A box a note, brighter the louder; a stroke is as long as a sixteenth whatever its length says."""
    corners, colours = [], []
    for note in lane.notes:
        low, each = lane.places[note.pitch]
        length = _STEP_TICKS * 0.62 if lane.is_struck else max(note.length_ticks, _STEP_TICKS * 0.2)
        x0, x1 = _bar_of(note.tick, chart), _bar_of(min(note.tick + length, chart.length_ticks), chart)
        y0, y1 = bottom + low + each * 0.1, bottom + low + each * 0.9
        corners.append([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        colours.append((*to_rgb(lane.color), 0.18 + 0.82 * min(1.0, note.velocity / 105) ** 1.4))
    return PolyCollection(corners, facecolors=colours, linewidths=0, zorder=2)


def _bends(lane: Lane, bottom: float, chart: Chart) -> LineCollection:
    """A line from each note that is slid away from."""
    lines = []
    for note, following in pairwise(sorted(lane.notes, key=lambda note: note.tick)):
        if note.tick < following.tick < note.tick + note.length_ticks and note.pitch != following.pitch:
            (a, each), (b, _) = lane.places[note.pitch], lane.places[following.pitch]
            x0, x1 = _bar_of(following.tick, chart), _bar_of(following.tick + _BEND_TICKS, chart)
            lines.append([(x0, bottom + a + each / 2), (x1, bottom + b + each / 2)])
    wide = 1.6 if chart.length_ticks <= 80 * chart.bar_ticks else 0.8
    return LineCollection(lines, colors=TEXT, linewidths=wide, capstyle="round", zorder=3)


def _draw_bars(axes: Axes, chart: Chart) -> None:
    """Lines for sections, bars, beats and sixteenths, as far as they can be told apart."""
    bars = chart.length_ticks / chart.bar_ticks
    every = next(n for n in (1, 2, 4, 8, 16, 32, 64, 128) if bars / n <= 32)
    axes.set_xticks(np.arange(1, bars + 0.99, every))
    sections = [_bar_of(mark.tick, chart) for mark in chart.sections[1:]]
    for ticks, most, color, alpha in (
        (_STEP_TICKS, 12, LINE, 0.35),
        (960, 40, LINE, 0.8),
        (chart.bar_ticks, 128, DIM, 0.45),
    ):
        if bars <= most:
            _rule(axes, [_bar_of(tick, chart) for tick in range(ticks, chart.length_ticks, ticks)], color, alpha)
    _rule(axes, sections, _COLOURS["log_drum"], 0.8)


def _rule(axes: Axes, places: Sequence[float], color: str, alpha: float) -> None:
    """Draw lines from top to bottom, under the notes and over the spectrum."""
    axes.vlines(places, 0, 1, transform=axes.get_xaxis_transform(), color=color, alpha=alpha, lw=0.7, zorder=1)


def _bar_of(tick: float, chart: Chart) -> float:
    """Where a tick is on the axis: the first bar is 1, as people count."""
    return 1 + tick / chart.bar_ticks


def _draw_spectrum(axes: Axes, levels: Pcm, bars: float) -> None:
    low, high = np.log2(_LOWEST_HZ), np.log2(_HIGHEST_HZ)
    peak = float(np.max(levels, initial=-120.0))
    axes.imshow(
        levels,
        cmap=_HEAT,
        vmin=peak - _RANGE_DB,
        vmax=peak,
        extent=(1, 1 + bars, low, high),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        zorder=0,
    )
    marks = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
    axes.set_yticks([np.log2(hz) for hz in marks], [f"{hz // 1000} kHz" if hz >= 1000 else f"{hz} Hz" for hz in marks])
    axes.set_ylim(low, high)
    axes.set_xlabel("bar", color=DIM)


def spectrum(path: Path) -> Pcm:
    """Return the levels of a sound in dB, `[bins, columns]`, by octaves from 30 Hz to 16 kHz and evenly in time."""
    with soundfile.SoundFile(path) as sound:
        columns = min(_MOST_COLUMNS, max(1, sound.frames // 256))
        centres = ((np.arange(columns) + 0.5) * sound.frames / columns).astype(np.int64)
        parts = [_levels(sound, some) for some in np.array_split(centres, -(-columns // 64))]
    return np.concatenate(parts, axis=1)


def _levels(sound: soundfile.SoundFile, centres: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Pcm:
    """Levels around a few moments that follow each other."""
    reach = _WINDOWS[0][0] // 2
    first = int(centres[0]) - reach
    sound.seek(max(0, first))
    heard = sound.read(int(centres[-1]) + reach - max(0, first), dtype="float32", always_2d=True).mean(axis=1)
    padded = np.pad(heard, (max(0, -first), 2 * reach))
    octaves = np.log2(_HIGHEST_HZ / _LOWEST_HZ)
    hz = _LOWEST_HZ * 2.0 ** np.linspace(0, octaves, round(octaves * _BINS_AN_OCTAVE))
    rows, low = [], 0.0
    for size, high in _WINDOWS:
        rows.append(_seen(padded, centres - first, size, hz[(hz >= low) & (hz < high)]))
        low = high
    return np.concatenate(rows)


def _seen(
    heard: "np.ndarray[tuple[int], np.dtype[np.float32]]",
    centres: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    size: int,
    hz: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> Pcm:
    """Levels through one window at these frequencies: between the bins of its transform, or the loudest of several."""
    frames = heard[centres[:, np.newaxis] + np.arange(size) - size // 2] * np.hanning(size).astype(np.float32)
    level = np.abs(np.fft.rfft(frames, axis=1)) * (4.0 / size)
    place = hz * size / SAMPLE_RATE
    below = place.astype(np.int64)
    between = level[:, below] * (1 - (place - below)) + level[:, below + 1] * (place - below)
    edges = np.append(place, place[-1] * 2 ** (1 / _BINS_AN_OCTAVE)) * 2 ** (-0.5 / _BINS_AN_OCTAVE)
    first = np.ceil(edges).astype(np.int64)
    loudest = np.maximum.reduceat(level, first, axis=1)[:, :-1] * (np.diff(first) > 0)
    return np.asarray(20 * np.log10(np.maximum(between, loudest).T + 1e-6), dtype=np.float32)


def _save(figure: Figure, out: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a prompt may hold signs that the font does not
        figure.savefig(out, format=out.suffix[1:].lower(), facecolor=GROUND)
