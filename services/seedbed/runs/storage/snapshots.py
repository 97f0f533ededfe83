"""Snapshots of taxonomies, as runs read them: out of the store, checked, and kept at hand."""

import re

from seedbed.kernel.errors import Damaged, InputError, NotFound, Violation
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import NOT_ITS_NAME
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.tombstones import check_forgotten
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot

_DIGEST = re.compile(r"[0-9a-f]{64}")

AT_HAND = 4
"""Snapshots kept in memory; another is loaded again when a leaf of it is opened."""


class Snapshots:
    """Loads snapshots and finds leaves in them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._leaves: dict[str, dict[str, Leaf]] = {}

    async def load(self, digest: str) -> Snapshot:
        """A snapshot. Raises InputError where it is no digest, NotFound, Damaged."""
        if not _DIGEST.fullmatch(digest):
            found = Violation("snapshot", "the 64 hex digits that an import returned are meant")
            raise InputError(f"not a snapshot: {digest!r}", [found])
        try:
            data = await self._store.get(f"snapshots/{digest}")
        except NotFound as error:
            raise await check_forgotten(self._store, digest, error) from error
        if sha256_hex(data) != digest:
            raise Damaged(f"snapshots/{digest}", NOT_ITS_NAME, hint="import the taxonomy again")
        snapshot = Snapshot.FromString(data)
        self._leaves[digest] = {leaf.path: leaf for leaf in snapshot.leaves}
        if len(self._leaves) > AT_HAND:
            del self._leaves[next(iter(self._leaves))]
        return snapshot

    def drop(self) -> None:
        """Have none at hand any more."""
        self._leaves.clear()

    async def leaf(self, digest: str, path: str) -> Leaf:
        """One leaf. Raises NotFound, Damaged."""
        if digest not in self._leaves:
            await self.load(digest)
        if path not in self._leaves[digest]:
            raise NotFound(f"the snapshot {digest} has no leaf {path}")
        return self._leaves[digest][path]
