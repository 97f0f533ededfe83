"""Bytes that are named by their own sha256, and objects as files where they may be larger than the memory."""

import asyncio
import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from seedbed.kernel.errors import Damaged
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.interface import Store

NOT_ITS_NAME = "does not have the digest that it is named by"

_BLOCK = 1 << 20


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
