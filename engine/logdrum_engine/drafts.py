"""Files that appear together or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex


@contextmanager
def folder_made(path: Path | None) -> Iterator[None]:
    """Make a folder where one is wanted and is not there; on a failure what was made goes again, if it is empty."""
    made = [] if path is None else [each for each in (path, *path.parents) if not each.exists()]
    try:
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in made:
            _if_possible(each.rmdir)
        raise


@contextmanager
def drafts_of(paths: Iterable[Path]) -> Iterator[Mapping[Path, Path]]:
    """Give every file another name beside its own until all are written; on a failure none of them is left."""
    drafts = {path: _beside(path) for path in paths}
    try:
        yield drafts
        _put_in_place(drafts)
    finally:
        for draft in drafts.values():
            _if_possible(draft.unlink)


def _put_in_place(drafts: Mapping[Path, Path]) -> None:
    """Give every file its name; on a failure those that were there have theirs again, and the new ones are gone."""
    earlier = {path: _beside(path) for path in drafts if path.is_file()}
    with ExitStack() as undo:
        for path, draft in drafts.items():
            if path in earlier:
                undo.callback(_if_possible, partial(earlier[path].replace, path))
                path.replace(earlier[path])
            elif not path.exists():
                undo.callback(_if_possible, path.unlink)
            draft.replace(path)
        undo.pop_all()
    for file in earlier.values():
        _if_possible(file.unlink)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{token_hex(8)}.part{path.suffix}")  # what writes it may go by the suffix


def _if_possible(clear_away: Callable[[], object]) -> None:
    """Clear something away; where it cannot be done, what made it necessary is still what is told."""
    with suppress(OSError):
        clear_away()
