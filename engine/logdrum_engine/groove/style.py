"""What the words of a prompt change; words not listed here change nothing."""

import re

import msgspec

from .dice import Dice


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Leanings in [0, 1], and the stems that were asked to be left out."""

    jazz: float = 0.5
    hard: float = 0.45
    dark: float = 0.35
    density: float = 0.5
    four_floor: float = 0.55
    """How likely the kick is to play every beat."""
    lead: str | None = None
    muted: frozenset[str] = frozenset()


_LEANINGS: tuple[tuple[str, dict[str, float]], ...] = (
    (r"private ?school|jazz\w*|soul\w*", {"jazz": 0.4, "hard": -0.3, "density": -0.05, "four_floor": 0.2}),
    (r"sgija|sgidongo|tech", {"jazz": -0.35, "hard": 0.35, "density": 0.3, "four_floor": -0.2}),
    (r"bacardi|barcadi|kwaito", {"jazz": -0.2, "hard": 0.2, "density": 0.2, "four_floor": 0.4}),
    (r"quantum|bique|hypnotic", {"jazz": -0.2, "hard": 0.25, "dark": 0.25, "four_floor": -0.1}),
    (r"dark|moody|night|sinister", {"dark": 0.45}),
    (r"bright|happy|sunny|uplift\w*|summer", {"dark": -0.35}),
    (r"sparse|minimal\w*|space|spacious|chill\w*", {"density": -0.35, "hard": -0.1}),
    (r"busy|dense|energetic|party|festival|dance\w*", {"density": 0.3}),
    (r"hard|heavy|banger|aggressive|punchy", {"hard": 0.4}),
    (r"soft|mellow|smooth|gentle|laid.?back|warm", {"hard": -0.3, "jazz": 0.15}),
    (r"deep", {"jazz": 0.15, "dark": 0.2, "density": -0.1}),
    (r"four.on.the.floor|4x4|house", {"four_floor": 0.5}),
)

_LEADS = {
    "organ": "organ",
    "kalimba": "kalimba",
    "marimba": "kalimba",
    "mbira": "kalimba",
    "bells?": "bell",
    "flute|whistle": "flute",
}

_NAMES = {
    "log_drum": r"log[ _-]?drums?",
    "drums": r"(?:drums?|percussion|beats?)",
    "bass": r"(?:sub[ -]?)?bass(?:line)?",
    "other": r"(?:keys|pianos?|chords|melody|harmony|pads?|other)",
}


def style_of(prompt: str, seed: int) -> Style:
    """Read the prompt's words, around a middle that the seed moves a little."""
    text = prompt.lower()
    dice = Dice(seed, "style")
    leanings = {
        name: getattr(Style(), name) + dice.between(-0.12, 0.12)
        for name in ("jazz", "hard", "dark", "density", "four_floor")
    }
    for words, changes in _LEANINGS:
        if re.search(rf"\b(?:{words})\b", text):
            for name, change in changes.items():
                leanings[name] += change
    bounded = {name: min(1.0, max(0.0, value)) for name, value in leanings.items()}
    return Style(**bounded, lead=_lead(text), muted=_muted(text))


def _lead(text: str) -> str | None:
    return next((lead for words, lead in _LEADS.items() if re.search(rf"\b(?:{words})\b", text)), None)


def _muted(text: str) -> frozenset[str]:
    """Stems asked away by "no", "without" or "minus"."""
    refusal = r"\b(?:no|without|minus)\s+(?:the\s+|any\s+)?"
    return frozenset(stem for stem, words in _NAMES.items() if re.search(rf"{refusal}{words}\b", text))
