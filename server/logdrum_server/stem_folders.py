"""Where the engine writes a separation's stems until they are sounds of a room: one folder a job (Q10)."""

import logging
import os
import shutil
import stat
from pathlib import Path

from logdrum_protocol.bounds import JobId

log = logging.getLogger(__name__)


class StemFolders:
    """The folders of all separations under way; what an earlier run left there is gone."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.clear()

    def make(self, job: JobId) -> Path | None:
        """Make a job's folder; None where the disk takes none, and the job goes on without its files."""
        folder = self._root / job
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            log.error("stems cannot be written", extra={"job": job, "reason": os.strerror(fault.errno or 0)})
            return None
        return folder.resolve()

    def file(self, job: JobId, name: str) -> Path:
        """Return a plain file of a job's folder; raises OSError for any other name, whatever it leads to."""
        path = self._root / job / name
        is_plain = name not in ("", ".", "..") and "\0" not in name and os.path.basename(name) == name
        if not is_plain or not stat.S_ISREG(path.lstat().st_mode):
            raise FileNotFoundError(f"{name!r} is no file of this job")
        return path

    def remove(self, job: JobId) -> None:
        """Remove a job's folder and all in it; blocks, so it belongs on a thread."""
        shutil.rmtree(self._root / job, ignore_errors=True)

    def clear(self) -> None:
        """Remove every folder; blocks."""
        shutil.rmtree(self._root, ignore_errors=True)
