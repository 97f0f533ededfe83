"""Folders in the store: a dataset, a checkpoint. Their `manifest.json` names every file, and is written last.

So a folder without a manifest is not there yet, and one with it is complete. A folder is known by its digest,
the sha256 of its manifest: what was brought into the cache once is found there, wherever it came from.
"""

import asyncio
import hashlib
import json
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.kernel.errors import Damaged, InputError, NotFound, StoreError
from seedbed.kernel.formats.format_numbers import check_manifest
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.interface import Store

MANIFEST = "manifest.json"
_AT_ONCE = 4


def dataset_prefix(digest: str) -> str:
    """Where a dataset is in the store, by the digest of its manifest."""
    return f"datasets/{digest}"


def checkpoint_prefix(training: str, number: int, phase: str) -> str:
    """Where a training's checkpoint is in the store."""
    return f"checkpoints/{training}/{number}-{phase}"


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file of a folder, as its manifest names it."""

    name: str
    sha256: str
    bytes: int


def describe_files(folder: Path) -> list[FolderFile]:
    """Every file of a folder but its manifest, in order of name: what belongs under `files` there."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        FolderFile(path.relative_to(folder).as_posix(), _hash(path), path.stat().st_size)
        for path in paths
        if path != folder / MANIFEST
    ]


async def put_folder(store: Store, prefix: str, folder: Path) -> str:
    """Send a folder with its manifest and return its digest; one that is there already is not sent again.

    Raises InputError where the files are not those of the manifest, StoreError.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise InputError(f"{folder} has no {MANIFEST}: {error.strerror or error}") from error
    digest = sha256_hex(data)
    if await _stored_digest(store, prefix) == digest:
        return digest
    files = read_files(data, str(folder))
    await asyncio.to_thread(_check, folder, files)
    await _each(files, lambda file: store.upload(f"{prefix}/{file.name}", folder / file.name))
    await store.put(f"{prefix}/{MANIFEST}", data)
    return digest


async def get_folder(store: Store, prefix: str, cache: Path, digest: str = "") -> Path:
    """Bring a folder into `cache` and say where it is there; `digest` is the one it must have, where known.

    Raises NotFound, StoreError, and Damaged.
    """
    if digest and (cache / digest / MANIFEST).is_file():
        return cache / digest
    data = await read_folder_manifest(store, prefix, digest)
    target = cache / sha256_hex(data)
    if (target / MANIFEST).is_file():
        return target
    work = cache / f".part-{secrets.token_hex(8)}"
    try:
        await _fetch(store, prefix, read_stored_files(data, prefix), work)
        (work / MANIFEST).write_bytes(data)
        _take_place(work, target)
    except OSError as error:
        raise StoreError(
            f"cannot keep {prefix} in {cache}: {error.strerror or error}",
            hint="make room there, or name another folder with SEEDBED_CACHE_FOLDER",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


async def read_folder_manifest(store: Store, prefix: str, digest: str = "") -> bytes:
    """A folder's manifest alone. Raises NotFound, and Damaged where it does not have the digest."""
    try:
        data = await store.get(f"{prefix}/{MANIFEST}")
    except NotFound as error:
        raise NotFound(f"the store has no folder {prefix}", hint="its manifest is written last") from error
    if digest and sha256_hex(data) != digest:
        raise Damaged(f"{prefix}/{MANIFEST}", f"is not the one with the digest {digest}")
    return data


def read_stored_files(manifest: bytes, prefix: str) -> list[FolderFile]:
    """The files that the manifest of a folder in the store names. Raises Damaged, NewerFormat."""
    try:
        return read_files(manifest, prefix)
    except InputError as error:
        raise Damaged(f"{prefix}/{MANIFEST}", f"cannot be read: {error.message}") from error


def read_files(manifest: bytes, where: str) -> list[FolderFile]:
    """The files that a manifest names. Raises InputError, NewerFormat."""
    check_manifest(manifest, f"the manifest of {where}")
    try:
        rows: Sequence[Mapping[str, Any]] = json.loads(manifest)["files"]
        files = [FolderFile(str(row["name"]), str(row["sha256"]), int(row["bytes"])) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"the manifest of {where} names no files: {error!r}") from error
    for file in files:
        path = Path(file.name)
        if path.is_absolute() or ".." in path.parts or file.name in ("", MANIFEST):
            raise InputError(f"the manifest of {where} names {file.name!r}, which is no file of a folder")
    return files


async def _stored_digest(store: Store, prefix: str) -> str:
    try:
        return sha256_hex(await store.get(f"{prefix}/{MANIFEST}"))
    except NotFound:
        return ""


async def _fetch(store: Store, prefix: str, files: Sequence[FolderFile], work: Path) -> None:
    work.mkdir(parents=True)
    for file in files:
        (work / file.name).parent.mkdir(parents=True, exist_ok=True)
    try:
        await _each(files, lambda file: store.download(f"{prefix}/{file.name}", work / file.name))
        await asyncio.to_thread(_check, work, files)
    except (InputError, NotFound) as error:
        raise Damaged(prefix, f"is not whole: {error.message}") from error


async def _each(files: Sequence[FolderFile], send: Callable[[FolderFile], Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(file: FolderFile) -> None:
        async with slots:
            await send(file)

    tasks = [asyncio.ensure_future(one(file)) for file in files]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _take_place(work: Path, target: Path) -> None:
    try:
        work.rename(target)
    except OSError:
        # Another process was quicker, with the same bytes.
        if not (target / MANIFEST).is_file():
            raise


def _check(folder: Path, files: Sequence[FolderFile]) -> None:
    for file in files:
        path = folder / file.name
        if not path.is_file():
            raise InputError(f"{file.name} is missing")
        if _hash(path) != file.sha256:
            raise InputError(f"{file.name} is not the file that the manifest names")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
