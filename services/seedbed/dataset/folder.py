"""The folder a dataset stands in: read it, check it, replace it whole.

A new dataset is written beside the old one and takes its place by renaming, so whoever is killed on the way
leaves the old one as it was. What a dead writer left behind is cleared away by the next one.
"""

import fcntl
import glob
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from seedbed.dataset.manifest import FILES, MANIFEST_FILE, Manifest
from seedbed.kernel.errors import InputError, SeedbedError, StoreError
from seedbed.kernel.formats.format_numbers import DATASET

_SHOWN = 5


class DamagedDataset(SeedbedError):
    """A dataset's files are not those its manifest names."""

    code = "DATA_LOSS"
    reason = "DAMAGED_DATASET"


def read_manifest(folder: Path | str) -> Manifest:
    """The manifest of the dataset in `folder`. Raises InputError, NewerFormat."""
    path = Path(folder) / MANIFEST_FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{folder} holds no dataset: {MANIFEST_FILE}: {error.strerror}",
            hint="name the folder that `seedbed generate` or `seedbed export` wrote",
        ) from error
    try:
        return Manifest.read(text, str(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the whole"
        raise InputError(
            f"{path} is not a manifest of format {DATASET.tag}: {where}: {first['msg']}",
            hint="write the dataset again with this version of Seedbed",
        ) from error


def verify_files(folder: Path | str) -> Manifest:
    """Read the manifest and check every file against it. Raises InputError, DamagedDataset."""
    manifest = read_manifest(folder)
    for file in manifest.files:
        path = Path(folder) / file.name
        if not path.is_file():
            raise DamagedDataset(f"{path} is missing", hint="write the dataset again")
        if hash_file(path) != file.sha256:
            raise DamagedDataset(f"{path} is not the file that was written", hint="write the dataset again")
    return manifest


def hash_file(path: Path) -> str:
    """The sha256 of a file, read block by block."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_replaceable(folder: Path) -> None:
    """Refuse a folder with anything in it that is not a dataset of ours. Raises InputError."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file, not a folder", hint="name another folder for the dataset")
    names = sorted(entry.name for entry in folder.iterdir())
    foreign = [name for name in names if name not in FILES]
    hint = "name another folder, or an empty one: a dataset replaces what is in its folder"
    if foreign:
        more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
        raise InputError(f"{folder} holds other files: {', '.join(foreign[:_SHOWN])}{more}", hint=hint)
    if names and not _is_ours(folder):
        raise InputError(f"{folder} holds files, but no dataset of ours", hint=hint)


def _is_ours(folder: Path) -> bool:
    """Whether a dataset of any version of Seedbed is there."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and str(manifest.get("format")).startswith(f"{DATASET.name}/")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`; takes its place if the block ends well and left a manifest in it."""
    check_replaceable(folder)
    with naming_disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder.parent):
            _clear_leftovers(folder)
            work = folder.parent / f".{folder.name}.partial-{secrets.token_hex(4)}"
            work.mkdir()
            held = os.open(work, os.O_RDONLY)
            # Shows the next writer that this folder has an owner; ends with the process.
            fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield work
        if not (work / MANIFEST_FILE).exists():
            return
        with naming_disk_errors(folder), _alone_in(folder.parent):
            _swap(work, folder)
    finally:
        os.close(held)
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def naming_disk_errors(folder: Path) -> Iterator[None]:
    """Say which dataset could not be written when the disk refuses."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write the dataset {folder}: {error.strerror or error}",
            hint="make room or give the right to write there, or name another folder",
        ) from error


def _swap(work: Path, folder: Path) -> None:
    check_replaceable(folder)
    _sync(*work.iterdir(), work)
    old = folder.parent / f".{folder.name}.replaced-{secrets.token_hex(4)}"
    with suppress(FileNotFoundError):
        folder.rename(old)
    try:
        work.rename(folder)
    except OSError:
        with suppress(OSError):
            old.rename(folder)
        raise
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _clear_leftovers(folder: Path) -> None:
    for old in sorted(folder.parent.glob(f".{glob.escape(folder.name)}.replaced-*")):
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            # Its writer was killed between the two renames: the old dataset comes back.
            old.rename(folder)
    for work in folder.parent.glob(f".{glob.escape(folder.name)}.partial-*"):
        handle = os.open(work, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(work, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder for a moment against other writers."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync(*paths: Path) -> None:
    """Bring files and folders to the disk before a name leads to them."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
