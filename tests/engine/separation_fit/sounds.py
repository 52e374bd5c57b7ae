"""Where `deploy/setup.sh sounds` puts the sounds that are trained and tested on."""

from pathlib import Path

SOUNDS = Path(__file__).parents[3] / ".sounds"
