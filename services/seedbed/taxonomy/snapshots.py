"""Snapshots in the store: documents first, commits beside, the snapshot last: its name means all is there."""

import asyncio
from collections import defaultdict

from seedbed.kernel.errors import Damaged, InputError, NotFound, Violation
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import NOT_ITS_NAME, blob_key, put_blob
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.leaf_commits import commit_key, read_commit, write_commit
from seedbed.kernel.store.tombstones import check_forgotten, find_tombstone, forgotten
from seedbed.taxonomy.git.command import GitFailed
from seedbed.taxonomy.leaf import build_snapshot
from seedbed.taxonomy.lint.contexts import Found
from seedbed.taxonomy.survey import Survey
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot
from seedbed.taxonomy.v1.taxonomy_service_pb2 import BranchCoverage


def snapshot_key(digest: str) -> str:
    """Where a snapshot is kept."""
    return f"snapshots/{digest}"


async def keep_snapshot(store: Store, survey: Survey) -> str:
    """Write a taxonomy without errors and return its digest. The same content adds nothing new."""
    for found in survey.found:
        await _keep_document(store, found)
    for leaf in survey.leaves:
        await _keep_commit(store, leaf, survey.commits.get(leaf.path, ""))
    digest, data = build_snapshot(survey.leaves)
    # Written even where it is there already: a damaged one is mended so.
    await store.put(snapshot_key(digest), data)
    return digest


async def _keep_document(store: Store, found: Found) -> None:
    if await store.exists(blob_key(found.document.blob)):
        return
    if stone := await find_tombstone(store, found.document.blob):
        refused = forgotten(stone)
        raise InputError(refused.message, [Violation(found.path, "is that document")], hint=refused.hint)
    try:
        data = await asyncio.to_thread(found.tree.read, found.path)
    except (OSError, GitFailed) as broken:
        raise InputError("a document went away", [Violation(found.path, str(broken))]) from broken
    if await put_blob(store, data) != found.document.blob:
        hint = "leave the files alone while they are imported"
        raise InputError(f"the document {found.path} changed while it was read", hint=hint)


async def _keep_commit(store: Store, leaf: Leaf, commit: str) -> None:
    # The first commit known for a content stays: later ones had the same words to begin with.
    if not commit or await _has_commit(store, leaf.digest):
        return
    await store.put(commit_key(leaf.digest), write_commit(leaf.path, leaf.digest, commit))


async def _has_commit(store: Store, leaf: str) -> bool:
    try:
        return bool(read_commit(leaf, await store.get(commit_key(leaf))))
    except (NotFound, Damaged):
        return False


async def load_snapshot(store: Store, digest: str) -> Snapshot:
    """Read a snapshot. Raises InputError, NotFound, Damaged."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise InputError("not a snapshot's digest", [Violation("snapshot", "64 hex digits are meant")])
    try:
        data = await store.get(snapshot_key(digest))
    except NotFound as missing:
        unknown = NotFound(f"there is no snapshot {digest}", hint="import the taxonomy first")
        raise await check_forgotten(store, digest, unknown) from missing
    if sha256_hex(data) != digest:
        raise Damaged(snapshot_key(digest), NOT_ITS_NAME, hint="import the taxonomy again")
    return Snapshot.FromString(data)


def cover(snapshot: Snapshot, branches: tuple[str, ...]) -> list[BranchCoverage]:
    """What every folder above a leaf holds; the branches themselves come even where they are empty."""
    found: dict[str, BranchCoverage] = defaultdict(BranchCoverage)
    for branch in branches:
        found[branch].path = branch
    for leaf in snapshot.leaves:
        folders = leaf.path.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            coverage = found["/".join(folders[:depth])]
            coverage.path = "/".join(folders[:depth])
            coverage.leaves += 1
            coverage.seeds += len(leaf.seeds)
            coverage.documents += len(leaf.documents)
            coverage.document_bytes += sum(document.size for document in leaf.documents)
    return [found[path] for path in sorted(found)]
