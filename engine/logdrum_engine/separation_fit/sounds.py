"""Which recorded sounds there are, what each is, and whether it is trained on or held out."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import soundfile
import soxr  # type: ignore[import-untyped]  # it ships no types

from .examples import SAMPLE_RATE, Signal

Split: TypeAlias = Literal["train", "test"]

PACKAGES: Mapping[Split, tuple[str, ...]] = {
    "train": ("sonic-pi-samples",),
    "test": ("hydrogen-data", "hydrogen-drumkits", "lmms-common"),
}
"""Debian packages by split; a sound font is trained on besides."""
SOUND_FONT: Final = "musescore-general-soundfont-small"

# First match says what a sound is; the names are those of files and, for the kits, of what is struck.
_ROLES: Final = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        ("", r"emptysample|rand-stream|impulse|lfo_|applause|breath|click\.wav|raving"),
        # libsndfile cannot read these.
        ("", r"wind_chimes01|kick04\.ogg|scratch01|harpsichord01|hit01"),
        # Held out, but all but the sound font's: both are recordings of one drum machine's conga.
        ("", r"ee_conga_2"),
        ("wave", r"waveforms/|shapes/"),
        ("bassline", r"bassloops/"),
        (
            "break",
            r"beats/|loop_(amen|amen_full|breakbeat|compus|garzul|industrial|mehackit|mika|perc|safari|tabla|elec)",
        ),
        ("loop", r"loop_"),
        ("tabla", r"tabla_|djembe|sangban|kenkeni|dununba|cajon"),
        ("bass", r"basses/|/bass_|glitch_bass|bassslap|nasty_bass|misc/bass"),
        (
            "other",
            r"instruments/|latin/|stringsnpads/|guit_|ambi_|elec_(bell|chime|ping|plip|twang|twip|beep|blup|bong)",
        ),
        ("tom", r"(?<!s)tom|/t[12]_|/ft_|/tm2?_"),
        ("kick", r"kick|bassdrum|/bd_?\d|bd_|drum_bass|heavy_kick|hardhse_k|/k_|powr_bd"),
        ("clap", r"clap|(finger|perc_)snap|snaph"),
        ("snare", r"snare|/sn\d?_|/s[dr]_|/rs_|rimshot|_sn_|/sn_"),
        ("rim", r"rim|side_?stick|stick|clave|wood"),
        ("hat", r"hat|hh|/ho_|cymbal_(closed|open|pedal)|_hh_"),
        ("cymbal", r"crash|ride|splash|china|cymbal|/cc_|/rc_|/cra_|/rd2?_|/bl_|/cra"),
        ("conga", r"conga|bongo"),
        ("shaker", r"shaker|maraca|tambourine|cabasa|shake|vinyl_hiss|perc_swash"),
        ("perc", r"cowbell|bell|agogo|perc|elec_|triangle|whistle|water|zap|mc_cb|/cb2?_|clav|hit|drum|dong|metronome"),
        ("perc", r"vp click|ee_click|ping|beats_\d|glitch_perc"),
        ("effect", r""),
    )
)
_LONGEST_S: Final = {"break": 12.0, "loop": 12.0, "bassline": 12.0, "other": 6.0, "bass": 4.0, "effect": 4.0}
_LONGEST_ONE_SHOT_S: Final = 2.5
_FLOOR: Final = 1e-3


def files_of(folder: Path, split: Split) -> Iterator[tuple[str, Path]]:
    """Role and path of every recorded sound of a split, in the order of the paths."""
    for package in PACKAGES[split]:
        for path in sorted((folder / package).rglob("*")):
            if path.suffix.lower() in (".wav", ".flac", ".ogg", ".aiff") and (role := role_of(path)):
                yield role, path


def role_of(path: Path) -> str:
    """What a file holds, by its folder's name and its own; empty for none of use."""
    name = "/".join(path.parts[-2:]).lower()
    if "rumpf" in name:
        return "perc"
    return next(role for role, pattern in _ROLES if pattern.search(name))


@lru_cache(maxsize=2000)
def load(path: Path) -> Signal:
    """Read a sound as stereo [2, n] at 44.1 kHz, its silence trimmed, its peak 1, no longer than is of use."""
    longest_s = _LONGEST_S.get(role_of(path), _LONGEST_ONE_SHOT_S)
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        read = file.read(round((longest_s + 0.5) * rate), dtype="float32", always_2d=True)
    stereo = np.ascontiguousarray(np.repeat(read, 2, axis=1)[:, :2] if read.shape[1] == 1 else read[:, :2])
    if rate != SAMPLE_RATE:
        stereo = soxr.resample(stereo, rate, SAMPLE_RATE, quality="HQ")
    return trimmed(np.asarray(stereo.T, dtype=np.float32), round(longest_s * SAMPLE_RATE))


def cycle(path: Path) -> Signal:
    """Read a file that holds one turn of a wave, mono, its peak 1."""
    wave, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(wave[:, 0] / max(float(np.max(np.abs(wave[:, 0]))), 1e-9), dtype=np.float32)


def trimmed(stereo: Signal, longest: int) -> Signal:
    """Cut the silence before and after a sound, and fade out what is cut short."""
    level = np.max(np.abs(stereo), axis=0)
    loud = np.flatnonzero(level > _FLOOR * max(float(np.max(level, initial=0.0)), 1e-9))
    first = max(0, int(loud[0]) - 32) if loud.size else 0
    last = min(int(loud[-1]) + 1 if loud.size else 1, first + longest)
    out = np.array(stereo[:, first:last], dtype=np.float32)
    fade = min(out.shape[1], 512)
    out[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return np.asarray(out / max(float(np.max(np.abs(out), initial=0.0)), 1e-9), dtype=np.float32)
