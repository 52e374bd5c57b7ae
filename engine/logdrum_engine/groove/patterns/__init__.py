"""What the players of each style know by heart, as patterns that people can read."""

from collections.abc import Mapping

from .amapiano import AMAPIANO
from .bacardi import BACARDI
from .book import Book
from .private_school import PRIVATE_SCHOOL
from .quantum import QUANTUM
from .sgija import SGIJA

BOOKS: Mapping[str, Book] = {book.name: book for book in (AMAPIANO, PRIVATE_SCHOOL, SGIJA, BACARDI, QUANTUM)}

__all__ = ["BOOKS", "Book"]
