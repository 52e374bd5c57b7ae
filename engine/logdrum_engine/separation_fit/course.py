"""What a training is to be."""

from pathlib import Path

import msgspec

from logdrum_engine.separation.masker import Shape

from .batches import SEGMENT_S
from .takes import TAKES


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Fixed before the first step, and the same where a training is resumed."""

    sounds: Path
    out: Path
    seed: int = 1
    minutes: float = 85.0
    steps: int = 0
    """Where not 0 it ends after so many, however long they take; the rate falls with them."""
    batch: int = 8
    segment_s: float = SEGMENT_S
    rate: float = 1.5e-3
    check_s: float = 240.0
    takes: int = TAKES
    """Of the groove, whose stems some examples recombine."""
    patience: int = 0
    """After how many checks without a better net it stops; 0 for never."""
    validated: int = 48
    begin: Path | None = None
    """What a training kept, to go on from with a fresh optimiser; what is not of this shape is drawn anew."""
    only_notes: bool = False
    """Only the note head learns; it is judged by its losses."""
    producers: int = 1
    """Processes beside this one that render examples."""
    shape: Shape = Shape()
