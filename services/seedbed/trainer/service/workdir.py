"""Where one attempt at a phase works on this machine: a folder that is gone when the attempt has ended.

It is locked while its trainer lives. What a trainer that was killed has left behind, the next one removes.
"""

import fcntl
import shutil
from pathlib import Path
from typing import IO

from seedbed.kernel.errors import StoreError
from seedbed.trainer.loop.job import CHECKPOINT, METRICS, SNAPSHOTS

_LOCK = "lock"


class WorkDir:
    """A folder of one attempt's own."""

    def __init__(self, cache: Path, name: str) -> None:
        self.folder = cache / "work" / name
        self._lock: IO[str] | None = None

    @property
    def checkpoint(self) -> Path:
        """Where the checkpoint is when the phase is done."""
        return self.folder / CHECKPOINT

    def begin(self) -> None:
        """Make it anew. Raises StoreError where the disk does not allow it."""
        self.end()
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_left(self.folder.parent)
            self.folder.mkdir()
            self._lock = (self.folder / _LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"cannot work in {self.folder}: {error.strerror or error}",
                hint="make room there, or name another folder with SEEDBED_CACHE_FOLDER",
            ) from error

    def end(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def read_metrics(self) -> list[str]:
        """The rows of metrics that are written to their end."""
        try:
            text = (self.folder / METRICS).read_text(encoding="utf-8")
        except OSError:
            return []
        return text.rpartition("\n")[0].splitlines()

    def snapshots(self) -> list[Path]:
        """The snapshots that are complete, the latest last."""
        return sorted((self.folder / SNAPSHOTS).glob("[0-9]*"))


def _remove_left(folder: Path) -> None:
    """Remove the work of those that died over it: nobody holds its lock."""
    for path in folder.glob(f"*/{_LOCK}"):
        try:
            with path.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)
        except OSError:
            continue  # Somebody works there, or has just gone.
