"""Write a groove to files, block by block, so that an hour takes no more memory than a bar."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from logdrum_engine.drafts import drafts_of, folder_made
from logdrum_engine.generator import SAMPLE_RATE, Block, Description, Pcm, Spec

from .chart import Chart, chart_of
from .generator import Groove
from .midi import write_midi

SUBTYPE = "PCM_24"
FORMATS = (".png", ".svg", ".pdf")
"""What a plot may be."""


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What to write where; only the mix has to be."""

    mix: Path
    stems: Path | None = None
    """A folder, made if need be."""
    midi: Path | None = None
    plot: Path | None = None


def render_to_files(spec: Spec, files: Files, on_progress: Callable[[float], None]) -> Description:
    """Write what is asked for, all of it or nothing; progress goes from 0 to 1.

    Raises GrooveError for a piece without an end, OSError and RuntimeError where something cannot be written.
    """
    chart = chart_of(spec)
    groove = Groove()
    description = groove.describe(spec)
    stems = {} if files.stems is None else {name: files.stems / f"{name}.wav" for name in description.stems}
    paths = [path for path in (files.mix, *stems.values(), files.midi, files.plot) if path is not None]
    with folder_made(files.stems), drafts_of(paths) as draft:
        blocks = _heard(_blocks(groove, spec), chart, on_progress)
        _write_audio(blocks, draft[files.mix], {name: draft[path] for name, path in stems.items()})
        if files.midi is not None:
            write_midi(chart, draft[files.midi])
        if files.plot is not None:
            from .plot import plot  # loads matplotlib, which takes longer than eight bars do

            plot(chart, draft[files.mix], draft[files.plot])
    return description


def mixed(block: Block) -> Pcm:
    """Add the stems, as every listener does."""
    return np.asarray(np.sum(list(block.stems.values()), axis=0), dtype=np.float32)


def _blocks(groove: Groove, spec: Spec) -> Iterator[Block]:
    state = groove.begin(spec, 0)
    while True:
        ((block, state),) = groove.step([state])
        if block is None:
            return
        yield block


def _heard(blocks: Iterable[Block], chart: Chart, on_progress: Callable[[float], None]) -> Iterator[Block]:
    """Pass the blocks on and say how far the piece is."""
    total = round(chart.length_s * SAMPLE_RATE)
    for block in blocks:
        yield block
        on_progress(min(1.0, (block.start_sample + block.samples) / total))


def _write_audio(blocks: Iterable[Block], mix: Path, stems: Mapping[str, Path]) -> None:
    with ExitStack() as stack:
        out = stack.enter_context(_writer(mix))
        writers = {name: stack.enter_context(_writer(path)) for name, path in stems.items()}
        for block in blocks:
            out.write(_frames(mixed(block)))
            for name, writer in writers.items():
                writer.write(_frames(block.stems[name]))


def _writer(path: Path) -> soundfile.SoundFile:
    return soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, SUBTYPE, format="WAV")


def _frames(pcm: Pcm) -> Pcm:
    return np.ascontiguousarray(pcm.T)
