"""The conformance score: how far a sound follows a genre's conventions, which says nothing of how good it is."""

from .errors import ScoreError
from .model import CONFORMANCE_VERSION, GENRES
from .score import score_file

__all__ = ["score_file", "ScoreError", "CONFORMANCE_VERSION", "GENRES"]
