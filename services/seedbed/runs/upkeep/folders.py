"""Datasets and checkpoints in the store, as far as their manifests say what they came from.

Tolerant of what it does not know: others write these folders.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from seedbed.kernel.errors import NotFound
from seedbed.kernel.store.artifacts import MANIFEST
from seedbed.kernel.store.interface import Store, Stored
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointRef

_DATASETS, _CHECKPOINTS, _EVALUATIONS = "datasets/", "checkpoints/", "evaluations/"
PHASES = "phases/"
"""Where a trainer keeps which checkpoint a phase came to."""
_CHECKPOINT = re.compile(r"[\w-]+/\d+-[\w.-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ASKED = ("calls", "scores")
"""Below evaluations, what several of them share."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder's manifest says that matters here."""

    folder: str
    """Its key in the store, without a slash at the end."""
    dataset: str = ""
    leaves: Mapping[str, str] = field(default_factory=dict)
    """Paths by the digests of the leaves as they were."""
    grounds: tuple[str, ...] = ()
    """Folders of the checkpoints it was trained on from."""


async def read_datasets(store: Store) -> dict[str, Manifest]:
    """Those there are, by digest."""
    return {each.folder.removeprefix(_DATASETS): each for each in await _read(store, _DATASETS)}


async def read_checkpoints(store: Store) -> list[Manifest]:
    """Those there are, in order of key."""
    return await _read(store, _CHECKPOINTS)


async def list_folders(store: Store) -> list[tuple[str, str, str]]:
    """Every folder with a manifest: what it is, its key, and its digest where that is known."""
    refs = await _read_refs(store)
    found = {f"{_CHECKPOINTS}{name}": ("checkpoint", digest) for name, digest in refs.items()}
    for kind, prefix in (("dataset", _DATASETS), ("checkpoint", _CHECKPOINTS), ("evaluation", _EVALUATIONS)):
        for key in await store.keys(prefix):
            folder, _, name = key.rpartition("/")
            if name == MANIFEST:
                digest = folder.removeprefix(_DATASETS) if kind == "dataset" else ""
                found.setdefault(folder, (kind, digest))
    return [(kind, folder, digest) for folder, (kind, digest) in sorted(found.items())]


async def drop_refs(store: Store, checkpoint: str) -> None:
    """Have no phase found to have come to this checkpoint."""
    for key in await store.keys(PHASES):
        with contextlib.suppress(NotFound, DecodeError):
            ref = CheckpointRef.FromString(await store.get(key))
            if f"{_CHECKPOINTS}{ref.training}/{ref.number}-{ref.phase}" == checkpoint:
                await store.delete(key)


async def _read_refs(store: Store) -> dict[str, str]:
    """Digests of the checkpoints that phases were found to have come to, by training, number and phase."""
    found = {}
    for key in await store.keys(PHASES):
        with contextlib.suppress(NotFound, DecodeError):
            ref = CheckpointRef.FromString(await store.get(key))
            name = f"{ref.training}/{ref.number}-{ref.phase}"
            # One that was damaged may name anything.
            if _CHECKPOINT.fullmatch(name) and _DIGEST.fullmatch(ref.digest):
                found[name] = ref.digest
    return found


def find_trained(
    checkpoints: Iterable[Manifest], datasets: AbstractSet[str], leaves: AbstractSet[str]
) -> list[Manifest]:
    """The checkpoints that saw one of these leaves, or go on from one that did.

    One that names no leaf saw all of its dataset.
    """
    left = list(checkpoints)
    found: dict[str, Manifest] = {}
    while True:
        new = [
            each
            for each in left
            if leaves & each.leaves.keys()
            or (not each.leaves and each.dataset in datasets)
            or any(ground in found for ground in each.grounds)
        ]
        if not new:
            return sorted(found.values(), key=lambda each: each.folder)
        found |= {each.folder: each for each in new}
        left = [each for each in left if each.folder not in found]


async def find_evaluations(store: Store, datasets: AbstractSet[str]) -> list[Stored]:
    """All objects of evaluations that name one of these datasets: their questions are made of its passages.

    What was asked for them is known by what it hangs on, not by the evaluation: of it all goes.
    """
    groups: dict[str, list[Stored]] = {}
    for each in await store.scan(_EVALUATIONS):
        groups.setdefault(each.key.split("/")[1], []).append(each)
    names = [digest.encode() for digest in datasets]
    found = []
    for name in sorted(groups.keys() - set(_ASKED)):
        whole = [await store.get(each.key) for each in groups[name]]
        if any(digest in data for data in whole for digest in names):
            found += groups[name]
    if found:
        found += [each for name in _ASKED for each in groups.get(name, [])]
    return found


def drop_cached(cache: Path, datasets: Iterable[str]) -> int:
    """Remove datasets that were brought into this machine's cache."""
    found = [cache / "datasets" / digest for digest in datasets]
    there = [folder for folder in found if folder.is_dir()]
    for folder in there:
        shutil.rmtree(folder, ignore_errors=True)
    return len(there)


async def _read(store: Store, prefix: str) -> list[Manifest]:
    found = []
    for key in await store.keys(prefix):
        if key.rpartition("/")[2] == MANIFEST:
            try:
                data = json.loads(await store.get(key))
            except (NotFound, ValueError):
                continue  # Gone meanwhile, or nothing of ours.
            if isinstance(data, dict):
                found.append(_understand(key.removesuffix(f"/{MANIFEST}"), data))
    return found


def _understand(folder: str, data: Mapping[str, Any]) -> Manifest:
    rows = [row for row in data.get("leaves") or () if isinstance(row, dict)]
    leaves = {
        str(row.get("leaf_digest") or row.get("digest") or ""): str(row.get("path", "")) for row in rows
    }
    base = data.get("base")
    refs = [data.get("parent"), base.get("checkpoint") if isinstance(base, dict) else None]
    grounds = [
        f"{_CHECKPOINTS}{ref.get('training')}/{ref.get('number', 0)}-{ref.get('phase')}"
        for ref in refs
        if isinstance(ref, dict)
    ]
    leaves.pop("", None)
    return Manifest(folder, str(data.get("dataset") or ""), leaves, tuple(grounds))
