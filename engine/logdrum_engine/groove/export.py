"""Write a groove to files, block by block, so that an hour takes no more memory than a bar."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile

from logdrum_engine.generator import SAMPLE_RATE, Block, Pcm, Spec

from .errors import GrooveError
from .generator import Groove, length_samples

SUBTYPE = "PCM_24"


def render_to_files(spec: Spec, out: Path, stems_dir: Path | None, on_progress: Callable[[float], None]) -> None:
    """Write the mix to `out` and, if asked, each stem to `stems_dir` as `<stem>.wav`; progress goes from 0 to 1."""
    total = length_samples(spec)
    if not total:
        raise GrooveError("a file needs a number of bars")
    with ExitStack() as stack:
        mix = stack.enter_context(_writer(out))
        stems = _stem_writers(stems_dir, stack)
        for block in _blocks(spec):
            mix.write(_frames(mixed(block)))
            for name, writer in stems.items():
                writer.write(_frames(block.stems[name]))
            on_progress((block.start_sample + block.samples) / total)


def mixed(block: Block) -> Pcm:
    """Add the stems, as every listener does."""
    return np.asarray(np.sum(list(block.stems.values()), axis=0), dtype=np.float32)


def _blocks(spec: Spec) -> Iterator[Block]:
    groove = Groove()
    state = groove.begin(spec, 0)
    while True:
        ((block, state),) = groove.step([state])
        if block is None:
            return
        yield block


def _stem_writers(folder: Path | None, stack: ExitStack) -> dict[str, soundfile.SoundFile]:
    if folder is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    return {name: stack.enter_context(_writer(folder / f"{name}.wav")) for name in Groove.stems}


def _writer(path: Path) -> soundfile.SoundFile:
    return soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, SUBTYPE, format="WAV")


def _frames(pcm: Pcm) -> Pcm:
    return np.ascontiguousarray(pcm.T)
