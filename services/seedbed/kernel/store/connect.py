"""A store opened by its address: a folder, or a bucket of an S3 server."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from seedbed.kernel.errors import InputError
from seedbed.kernel.store.folder import FolderStore
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.store_format import check_store_format


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
