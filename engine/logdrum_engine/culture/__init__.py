"""What is known of a genre, as files people can read and extend, and what of it a prompt may gain."""

from .enrichment import Added, enrich
from .errors import CultureError
from .genres import Genre, genres, load

__all__ = ["Added", "CultureError", "Genre", "enrich", "genres", "load"]
