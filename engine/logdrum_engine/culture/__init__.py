"""What is known of a genre, as files people can read and extend, and what of it a prompt may gain."""

from .enrichment import Added, Enriched, enrich
from .errors import CultureError
from .genres import Genre, genres, load

__all__ = ["Added", "CultureError", "Enriched", "Genre", "enrich", "genres", "load"]
