"""A store in a folder of one machine."""

import asyncio
import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from seedbed.kernel.errors import NotFound, StoreError
from seedbed.kernel.store.interface import Stored, check_key

_BLOCK = 1 << 20


class FolderStore:
    """A file for each key below `root`, put there whole: who reads meanwhile has the old or the new."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root.resolve()

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(f"the store has no {key}") from error
        except OSError as error:
            raise StoreError(f"cannot read {key} in the store: {error}") from error

    async def put(self, key: str, data: bytes) -> None:
        try:
            await asyncio.to_thread(self._write, self._path(key), data)
        except OSError as error:
            raise StoreError(f"cannot write {key} in the store: {error}") from error

    async def upload(self, key: str, source: Path) -> None:
        try:
            await asyncio.to_thread(self._copy_in, source, self._path(key))
        except OSError as error:
            raise StoreError(f"cannot write {key} in the store: {error}") from error

    async def download(self, key: str, target: Path) -> None:
        try:
            await asyncio.to_thread(shutil.copyfile, self._path(key), target)
        except FileNotFoundError as error:
            raise NotFound(f"the store has no {key}") from error
        except OSError as error:
            raise StoreError(f"cannot bring {key} out of the store: {error}") from error

    @classmethod
    def _copy_in(cls, source: Path, path: Path) -> None:
        with source.open("rb") as file:
            cls._fill(path, lambda target: shutil.copyfileobj(file, target, _BLOCK))

    @classmethod
    def _write(cls, path: Path, data: bytes) -> None:
        cls._fill(path, lambda target: target.write(data))

    @staticmethod
    def _fill(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
                file.flush()
                # On disk before it has its name, so that a name never leads to half an object.
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    async def exists(self, key: str) -> bool:
        return await asyncio.to_thread(self._path(key).is_file)

    async def keys(self, prefix: str) -> list[str]:
        return [stored.key for stored in await self.scan(prefix)]

    async def scan(self, prefix: str) -> list[Stored]:
        return await asyncio.to_thread(self._scan, prefix)

    def _scan(self, prefix: str) -> list[Stored]:
        folder, found = self._root / prefix.rpartition("/")[0], []
        for path in folder.rglob("*"):
            key = path.relative_to(self._root).as_posix()
            if not key.startswith(prefix) or path.name.startswith(".part-"):
                continue
            # Gone meanwhile: then it is not there.
            with contextlib.suppress(FileNotFoundError):
                seen = path.stat()
                if stat.S_ISREG(seen.st_mode):
                    found.append(Stored(key, seen.st_size, seen.st_mtime))
        return sorted(found, key=lambda stored: stored.key)

    async def delete(self, key: str) -> None:
        try:
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot remove {key} in the store: {error}") from error
