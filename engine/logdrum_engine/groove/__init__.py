"""The embedded generator: an amapiano composer and synthesiser without weights, deterministic and endless."""

from .errors import GrooveError
from .export import render_to_files
from .generator import Groove

__all__ = ["Groove", "GrooveError", "render_to_files"]
