"""What files are called: of a person's words, what any file system takes (X1)."""

from pathlib import Path
from typing import Final

_ALSO: Final = " -_().,&+'"
_LONGEST: Final = 60
_EXTENSIONS: Final = {b"RIFF": "wav", b"RF64": "wav", b"fLaC": "flac", b"OggS": "ogg"}


def file_name(text: str) -> str:
    """Return what of a text can be part of a file's name anywhere; perhaps nothing."""
    kept = "".join(character if character.isalnum() or character in _ALSO else " " for character in text)
    return " ".join(kept.split())[:_LONGEST].strip(" .")


def extension(path: Path) -> str:
    """Return how the name of a stored sound ends, by its first bytes; raises OSError."""
    with path.open("rb") as file:
        head = file.read(8)
    return "m4a" if head[4:] == b"ftyp" else _EXTENSIONS.get(head[:4], "mp3")
