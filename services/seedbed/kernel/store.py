"""The store: bytes by key. One interface, two backends: a folder, and any S3 server."""

import asyncio
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import S3Error

from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import InputError, NotFound, StoreError

_CONNECTIONS = 16

T = TypeVar("T")


class Store(Protocol):
    """Bytes by key; keys are paths with `/`. Writing the same key again replaces it whole."""

    async def get(self, key: str) -> bytes:
        """Read an object. Raises NotFound, StoreError."""

    async def put(self, key: str, data: bytes) -> None:
        """Write an object: all of it, or nothing."""

    async def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    async def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted."""

    async def delete(self, key: str) -> None:
        """Remove an object; none there is fine."""


class FolderStore:
    """A store in a folder of one machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        path = self._root / key
        if not key or ".." in path.parts or not path.is_relative_to(self._root):
            raise StoreError(f"not a key: {key!r}")
        return path

    async def get(self, key: str) -> bytes:
        """See Store."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(f"the store has no {key}") from error
        except OSError as error:
            raise StoreError(f"cannot read {key} in the store: {error}") from error

    async def put(self, key: str, data: bytes) -> None:
        """See Store."""
        try:
            await asyncio.to_thread(self._write, self._path(key), data)
        except OSError as error:
            raise StoreError(f"cannot write {key} in the store: {error}") from error

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                # On disk before it has its name, so that a name never leads to half an object.
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    async def exists(self, key: str) -> bool:
        """See Store."""
        return await asyncio.to_thread(self._path(key).is_file)

    async def keys(self, prefix: str) -> list[str]:
        """See Store."""
        return await asyncio.to_thread(self._keys, prefix)

    def _keys(self, prefix: str) -> list[str]:
        folder = self._root / prefix.rpartition("/")[0]
        found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".part-"))
        keys = (path.relative_to(self._root).as_posix() for path in found)
        return sorted(key for key in keys if key.startswith(prefix))

    async def delete(self, key: str) -> None:
        """See Store."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)


class BucketStore:
    """A store in a bucket of an S3 server, through the blocking `minio` client in threads."""

    def __init__(self, client: Minio, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    async def _call(self, what: str, function: Callable[[], T]) -> T:
        async with self._slots:
            try:
                return await asyncio.to_thread(function)
            except S3Error as error:
                if error.code in ("NoSuchKey", "NoSuchObject"):
                    raise NotFound(f"the store has no {what}") from error
                raise StoreError(f"the store refused {what}: {error.code} {error.message}") from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise StoreError(f"the store does not answer for {what}: {error}") from error

    async def get(self, key: str) -> bytes:
        """See Store."""

        def read() -> bytes:
            response = self._client.get_object(self._bucket, self._prefix + key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

        return await self._call(key, read)

    async def put(self, key: str, data: bytes) -> None:
        """See Store."""
        name = self._prefix + key
        await self._call(
            key, lambda: self._client.put_object(self._bucket, name, io.BytesIO(data), len(data))
        )

    async def exists(self, key: str) -> bool:
        """See Store."""
        try:
            await self._call(key, lambda: self._client.stat_object(self._bucket, self._prefix + key))
        except NotFound:
            return False
        return True

    async def keys(self, prefix: str) -> list[str]:
        """See Store."""
        found = await self._call(
            prefix,
            lambda: list(self._client.list_objects(self._bucket, self._prefix + prefix, recursive=True)),
        )
        return sorted(str(item.object_name).removeprefix(self._prefix) for item in found)

    async def delete(self, key: str) -> None:
        """See Store."""
        await self._call(key, lambda: self._client.remove_object(self._bucket, self._prefix + key))

    async def make_bucket(self) -> None:
        """Create the bucket where it is missing."""

        def create() -> None:
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

        await self._call(f"bucket {self._bucket}", create)


async def open_store(url: str, *, access_key: str = "", secret_key: str = "") -> Store:
    """Open `file:///folder` or `s3://host:port/bucket[/prefix][?secure=false]`. Raises InputError."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return FolderStore(Path(unquote(parts.path)))
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme != "s3" or not parts.netloc or not bucket:
        raise InputError(
            f"not a store: {url!r}",
            hint="use file:///folder or s3://host:port/bucket",
        )
    client = Minio(
        parts.netloc,
        access_key=access_key or None,
        secret_key=secret_key or None,
        secure="secure=false" not in parts.query,
        http_client=urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        ),
    )
    store = BucketStore(client, bucket, f"{prefix}/" if prefix else "")
    await store.make_bucket()
    return store


def blob_key(digest: str) -> str:
    """Where bytes are kept under their own sha256."""
    return f"cas/sha256/{digest[:2]}/{digest}"


async def put_blob(store: Store, data: bytes) -> str:
    """Keep bytes under their sha256 and return it; bytes already there are not sent again."""
    digest = sha256_hex(data)
    if not await store.exists(blob_key(digest)):
        await store.put(blob_key(digest), data)
    return digest


async def get_blob(store: Store, digest: str) -> bytes:
    """Read bytes by their sha256. Raises NotFound, and StoreError where they are not what was kept."""
    data = await store.get(blob_key(digest))
    if sha256_hex(data) != digest:
        raise StoreError(f"the blob {digest} in the store is damaged")
    return data
