"""The store in a bucket of an S3 server, through the blocking `minio` client in threads."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import urllib3
from minio import Minio
from minio.error import S3Error

from seedbed.kernel.errors import NotFound, StoreError
from seedbed.kernel.store.interface import Stored, check_key

_CONNECTIONS = 16
_STRANGER = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")
_KEYS = "SEEDBED_STORE_ACCESS_KEY and SEEDBED_STORE_SECRET_KEY (or _FILE) say who this process is there"

T = TypeVar("T")


class BucketStore:
    """Objects of one bucket below a prefix."""

    def __init__(self, client: Minio, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    async def _call(self, what: str, function: Callable[[], T]) -> T:
        check_key(what.rstrip("/") or "all")
        async with self._slots:
            try:
                return await asyncio.to_thread(function)
            except S3Error as error:
                if error.code in ("NoSuchKey", "NoSuchObject"):
                    raise NotFound(f"the store has no {what}") from error
                message = f"the store refused {what}: {error.code} {error.message or ''}".rstrip()
                raise StoreError(message, hint=_KEYS if error.code in _STRANGER else "") from error
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise StoreError(f"the store does not answer for {what}: {error}") from error

    async def get(self, key: str) -> bytes:

        def read() -> bytes:
            response = self._client.get_object(self._bucket, self._prefix + key)
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

        return await self._call(key, read)

    async def put(self, key: str, data: bytes) -> None:
        name = self._prefix + key
        await self._call(
            key, lambda: self._client.put_object(self._bucket, name, io.BytesIO(data), len(data))
        )

    async def upload(self, key: str, source: Path) -> None:
        name = self._prefix + key
        await self._call(key, lambda: self._client.fput_object(self._bucket, name, str(source)))

    async def download(self, key: str, target: Path) -> None:
        name = self._prefix + key
        await self._call(key, lambda: self._client.fget_object(self._bucket, name, str(target)))

    async def exists(self, key: str) -> bool:
        try:
            await self._call(key, lambda: self._client.stat_object(self._bucket, self._prefix + key))
        except NotFound:
            return False
        return True

    async def keys(self, prefix: str) -> list[str]:
        return [stored.key for stored in await self.scan(prefix)]

    async def scan(self, prefix: str) -> list[Stored]:
        found = await self._call(
            prefix,
            lambda: list(self._client.list_objects(self._bucket, self._prefix + prefix, recursive=True)),
        )
        # In the order of keys already, as every S3 server lists them so.
        return [
            Stored(
                str(item.object_name).removeprefix(self._prefix),
                item.size or 0,
                item.last_modified.timestamp() if item.last_modified else 0.0,
            )
            for item in found
        ]

    async def delete(self, key: str) -> None:
        name = self._prefix + key

        def remove() -> None:
            # In a bucket with versions a plain removal only covers what is there.
            versions = self._client.list_objects(self._bucket, name, include_version=True)
            own = [item.version_id for item in versions if item.object_name == name]
            for version in own:
                self._client.remove_object(self._bucket, name, version_id=version)

        await self._call(key, remove)

    async def make_bucket(self) -> None:
        """Create the bucket where it is missing."""

        def create() -> None:
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket)

        await self._call(f"bucket {self._bucket}", create)


def connect_bucket(
    endpoint: str, bucket: str, prefix: str, keys: tuple[str, str], *, secure: bool
) -> BucketStore:
    """A store in `bucket` at `host:port`, below `prefix`; empty keys mean none."""
    client = Minio(
        endpoint,
        access_key=keys[0] or None,
        secret_key=keys[1] or None,
        secure=secure,
        http_client=urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            timeout=urllib3.Timeout(connect=5, read=60),
            retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        ),
    )
    return BucketStore(client, bucket, f"{prefix}/" if prefix else "")
