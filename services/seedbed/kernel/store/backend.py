"""The store: bytes by key. One interface, two backends: a folder, and any S3 server."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from seedbed.kernel.errors import Damaged, InputError, NotFound, StoreError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.store_format import check_store_format

_BLOCK = 1 << 20
# What S3 takes of a key, and file systems of a name.
_KEY_BYTES, _PART_BYTES = 1024, 255

NOT_ITS_NAME = "does not have the digest that it is named by"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object there is. `time` is when it was written, in seconds since the epoch by the store's clock."""

    key: str
    size: int
    time: float


class Store(Protocol):
    """Bytes by key; keys are paths with `/`. Writing the same key again replaces all of it."""

    async def get(self, key: str) -> bytes:
        """Read an object. Raises NotFound, StoreError."""

    async def put(self, key: str, data: bytes) -> None:
        """Write an object: all of it, or nothing."""

    async def upload(self, key: str, source: Path) -> None:
        """Write an object from a file, which may be larger than the memory. Raises StoreError."""

    async def download(self, key: str, target: Path) -> None:
        """Read an object into a new file. Raises NotFound, StoreError."""

    async def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    async def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted."""

    async def scan(self, prefix: str) -> list[Stored]:
        """All objects below a prefix, in order of key."""

    async def delete(self, key: str) -> None:
        """Remove an object, with every version of it that the store has kept; none there is fine."""


def check_key(key: str) -> None:
    """Raises InputError where no store can have such a key: tried again it would be no better."""
    parts = key.split("/")
    whole = all(parts) and not {".", ".."} & set(parts) and "\0" not in key
    if not whole or len(key.encode()) > _KEY_BYTES or any(len(part.encode()) > _PART_BYTES for part in parts):
        raise InputError(f"not a key of the store: {key[:_PART_BYTES]!r}")


class FolderStore:
    """A store in a folder of one machine."""

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


async def open_store(url: str, *, access_key: str = "", secret_key: str = "") -> Store:
    """Open `file:///folder` or `s3://host:port/bucket[/prefix][?secure=false]`.

    Raises InputError, NewerFormat, StoreError.
    """
    store = await _connect(url, access_key, secret_key)
    await check_store_format(store, url)
    return store


async def _connect(url: str, access_key: str, secret_key: str) -> Store:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return FolderStore(Path(unquote(parts.path)))
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme != "s3" or not parts.netloc or not bucket:
        raise InputError(
            f"not a store: {url!r}",
            hint="use file:///folder or s3://host:port/bucket",
        )
    # Loaded for buckets only: its cryptography is half of what a service takes to start.
    from seedbed.kernel.store.bucket import connect_bucket  # noqa: PLC0415

    secure = "secure=false" not in parts.query
    store = connect_bucket(parts.netloc, bucket, prefix, (access_key, secret_key), secure=secure)
    await store.make_bucket()
    return store


def blob_key(digest: str) -> str:
    """Where bytes are kept under their own sha256."""
    return f"cas/sha256/{digest[:2]}/{digest}"


async def put_blob(store: Store, data: bytes) -> str:
    """Keep bytes under their sha256 and return it; what stands there may be damaged, and is replaced."""
    digest = sha256_hex(data)
    await store.put(blob_key(digest), data)
    return digest


async def get_blob(store: Store, digest: str) -> bytes:
    """Read bytes by their sha256. Raises NotFound, and Damaged where they are not what was kept."""
    data = await store.get(blob_key(digest))
    if sha256_hex(data) != digest:
        raise Damaged(blob_key(digest), NOT_ITS_NAME)
    return data


async def put_blob_file(store: Store, source: Path) -> str:
    """Keep what is in a file under its sha256 and return it."""
    with source.open("rb") as file:
        digest = await asyncio.to_thread(_hash, file)
    await store.upload(blob_key(digest), source)
    return digest


async def get_blob_file(store: Store, digest: str) -> BinaryIO:
    """Open bytes by their sha256. Raises NotFound, and Damaged where they are not what was kept."""
    async with as_file(store, blob_key(digest)) as path:
        # Its name is gone with the folder, and the rest of it when it is closed.
        file = path.open("rb")
    if await asyncio.to_thread(_hash, file) != digest:
        file.close()
        raise Damaged(blob_key(digest), NOT_ITS_NAME)
    file.seek(0)
    return file


def _hash(file: BinaryIO) -> str:
    found = hashlib.sha256()
    while block := file.read(_BLOCK):
        found.update(block)
    return found.hexdigest()


@contextlib.asynccontextmanager
async def as_file(store: Store, key: str) -> AsyncIterator[Path]:
    """An object as a file, as it may be larger than the memory. Raises NotFound, StoreError."""
    folder = tempfile.mkdtemp()
    fetching = asyncio.ensure_future(store.download(key, Path(folder, "object")))

    def remove(_: object = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    try:
        await asyncio.shield(fetching)
        yield Path(folder, "object")
    finally:
        if fetching.done():
            remove()
        else:
            # Who waited was cancelled; the thread that writes there cannot be.
            fetching.add_done_callback(remove)
