"""What has been measured already, one JSON object a line, so that a run can be broken off and taken up again."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Order = TypeVar("Order")
Entry = TypeVar("Entry", bound=msgspec.Struct)


class Ledger(Generic[Order, Entry]):
    """Makes entries that are not in the file yet, and adds them to it."""

    def __init__(
        self, path: Path, kind: type[Entry], name_of: Callable[[Order], str], make: Callable[[Order], Entry]
    ) -> None:
        self._path = path
        self._kind = kind
        self._name_of = name_of
        self._make = make

    def entries(self, orders: Sequence[Order]) -> Iterator[Entry]:
        """Yield an entry for each order, in their order."""
        known = self._known()
        with self._path.open("ab") as file:
            for order in orders:
                name = self._name_of(order)
                if name not in known:
                    file.write(msgspec.json.encode([name, entry := self._make(order)]) + b"\n")
                    file.flush()
                    known[name] = entry
                yield known[name]

    def _known(self) -> dict[str, Entry]:
        """Read what is there, and cut off a last line that was broken off: it is made anew."""
        if not self._path.exists():
            return {}
        whole, newline, _ = self._path.read_bytes().rpartition(b"\n")
        os.truncate(self._path, len(whole) + len(newline))
        decoder = msgspec.json.Decoder(tuple[str, self._kind])  # type: ignore[name-defined]  # a type made at run time
        return dict(decoder.decode(line) for line in whole.splitlines())
