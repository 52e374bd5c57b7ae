"""What may be asked of a separator when it is loaded; needs no torch to read."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

BUILTIN: Final = "builtin"

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Precision: TypeAlias = Literal["float32", "bfloat16"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which separator, and how it is to work; what a separator does not know it leaves aside."""

    model: str = BUILTIN
    models: Path | None = None
    """A folder with Demucs' weights; None asks their hub."""
    stems: tuple[str, ...] = ()
    """Those that will be used, so that no other is made; none for all."""
    shifts: int = 0
    """Demucs: how many takes, each begun a little later, are averaged; 0 for one that is not shifted."""
    overlap: float | None = None
    """Demucs: of one segment with the next, 0 to below 1; None leaves it to the model."""
    bag: tuple[int, ...] = ()
    """Demucs: which nets of a bag are used; none for all."""
    device: Device = "auto"
    precision: Precision = "float32"
    """What convolutions calculate in; bfloat16 is quicker where the hardware knows it."""
