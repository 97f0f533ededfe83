"""All that is derived from documents, in the store, on the bus and in runs. Removes nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from seedbed.bus.v1.bus_pb2 import DeadLetter, Item, LeafState
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import NotFound
from seedbed.kernel.formats.protos import parse
from seedbed.kernel.identity import origin
from seedbed.kernel.store.blobs import blob_key, get_blob_file
from seedbed.kernel.store.checksums import disclose
from seedbed.kernel.store.interface import Store, Stored
from seedbed.kernel.store.tombstones import read_tombstones
from seedbed.knowledge.v1.steps_pb2 import ChunkResult
from seedbed.pipeline.kinds import text_in
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.dead_letters import Kept, read_letters
from seedbed.runs.storage.seals import Seals, path_of
from seedbed.runs.upkeep.documents import Mark, NamedDocuments, seeds_from
from seedbed.runs.upkeep.folders import (
    Manifest,
    find_evaluations,
    find_trained,
    read_checkpoints,
    read_datasets,
)
from seedbed.runs.upkeep.parts import count_from
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot

_CAS = "cas/sha256/"


@dataclass
class Derived:
    """What was found to be derived from the documents."""

    documents: NamedDocuments
    objects: dict[str, list[Stored]] = field(default_factory=dict)
    """What is removed entirely, by kind."""
    seals: dict[str, int] = field(default_factory=dict)
    """Records that go, by the seal's key; -1 where it cannot be read and so is removed entirely."""
    parts: dict[tuple[str, str], int] = field(default_factory=dict)
    """Candidates that go, by run and leaf token."""
    letters: list[Kept] = field(default_factory=list)
    unended: list[str] = field(default_factory=list)
    """Runs at work on a leaf that had the documents."""
    datasets: set[str] = field(default_factory=set)
    """Digests of those with rows of the documents, gone ones included."""
    checkpoints: list[Manifest] = field(default_factory=list)

    @property
    def is_cold(self) -> bool:
        """Whether nothing is left to remove."""
        return not (any(self.objects.values()) or self.seals or self.parts or self.letters or self.unended)


class DerivedFinder:
    """Goes through everything there is: an erasure is rare, and has to be complete."""

    def __init__(self, store: Store, bus: Bus, runs: Mapping[str, ManagedRun]) -> None:
        self._store = store
        self._bus = bus
        self._runs = runs
        self._seals = Seals(store)

    async def find(self, name: str, leaf: str = "") -> Derived:
        """All that came of the documents of this name. Raises NotFound where there never was one."""
        leaves_of = await self._read_leaves()
        derived = Derived(await self._find_documents(name, [leaf] if leaf else [], leaves_of))
        mark = derived.documents.mark()
        kept = await self._follow_seals(derived, mark)
        gone = {
            key
            for key, leaves in leaves_of.items()
            if any(each.digest in derived.documents.leaves for each in leaves)
        }
        derived.objects["snapshots"] = await self._present(gone)
        await self._follow_runs(derived, {key.rpartition("/")[2] for key in gone})
        derived.letters = [row for row in await read_letters(self._bus, "") if _is_of(mark, row.letter)]
        await self._follow_objects(derived, leaves_of, kept)
        await self._follow_folders(derived)
        return derived

    async def _read_leaves(self) -> dict[str, list[Leaf]]:
        """Leaves with documents, by the key of their snapshot."""
        leaves_of = {}
        for key in await self._store.keys("snapshots/"):
            snapshot = Snapshot.FromString(await self._store.get(key))
            leaves_of[key] = [leaf for leaf in snapshot.leaves if leaf.documents]
        return leaves_of

    async def _find_documents(
        self, name: str, globs: Sequence[str], leaves_of: Mapping[str, Sequence[Leaf]]
    ) -> NamedDocuments:
        documents = NamedDocuments()
        leaves = {leaf.digest: leaf for leaves in leaves_of.values() for leaf in leaves}
        for leaf in leaves.values():
            documents.take_leaf(name, globs, leaf)
        for stone in await read_tombstones(self._store):
            documents.take_stone(name, globs, stone)
        if not documents.places:
            hint = "name a path as in the taxonomy, a glob, or the sha256 of its bytes"
            raise NotFound(f"no taxonomy imported here has a document {name!r}", hint=hint)
        had = [leaf for leaf in leaves.values() if documents.stands_in(leaf)]
        for leaf in had:
            documents.note_leaf(leaf)
        cuts = await self._read_cuts(documents)
        for blob in documents.places:
            documents.texts |= cuts.get(origin(blob), set())
        for leaf in had:
            texts = {d.blob: await self._read_texts(cuts.get(origin(d.blob), set())) for d in leaf.documents}
            documents.seeds |= seeds_from(leaf, documents.places.keys(), texts)
        return documents

    async def _read_cuts(self, documents: NamedDocuments) -> dict[int, set[str]]:
        """Digests of the texts that were made of documents, by their origins."""
        found: dict[int, set[str]] = {}
        for path in sorted(documents.paths):
            for seal in await self._seals.keys(path):
                for record in await self._seals.open(seal.key) or ():
                    if record.origins and (text := text_in(record.step, record.result)):
                        found.setdefault(record.origins[0], set()).add(text)
        for blob in documents.places:
            for key in await self._store.keys(f"cuts/{blob}/"):
                text = ChunkResult.FromString(disclose(key, await self._store.get(key), plain=True)).text
                found.setdefault(origin(blob), set()).add(text)
        return found

    async def _read_texts(self, digests: set[str]) -> str:
        texts = []
        for digest in sorted(digests):
            try:
                texts.append((await self._store.get(blob_key(digest))).decode("utf-8", "replace"))
            except NotFound:
                continue
        return "\n".join(texts)

    async def _follow_seals(self, derived: Derived, mark: Mark) -> set[str]:
        """Returns the blobs with large results of records that stay."""
        kept: set[str] = set()
        gone: set[str] = set()
        for seal in await self._seals.keys():
            path, records = path_of(seal.key), await self._seals.open(seal.key)
            if records is None:
                if path in derived.documents.paths:
                    derived.seals[seal.key] = -1
                continue
            marked = [record for record in records if mark.is_on(record.origins, path)]
            gone |= {record.result_ref for record in marked}
            kept |= {record.result_ref for record in records} - {record.result_ref for record in marked}
            if marked:
                derived.seals[seal.key] = len(marked)
        derived.objects["large results"] = await self._blobs(gone - kept - {""})
        return kept

    async def _follow_runs(self, derived: Derived, snapshots: AbstractSet[str]) -> None:
        for run in self._runs.values():
            had = [target for target in run.targets() if target.digest in derived.documents.leaves]
            if run.running and (had or run.known.plan.snapshot in snapshots):
                derived.unended.append(run.name)
            for target in had:
                entry = run.leaves[target.leaf].value
                count = await self._count(derived.documents, entry.part) if entry.part else 0
                if count or entry.state != LeafState.LEAF_STATE_SEALED:
                    derived.parts[run.name, target.leaf] = count

    async def _count(self, documents: NamedDocuments, digest: str) -> int:
        try:
            with await get_blob_file(self._store, digest) as file:
                return await asyncio.to_thread(count_from, documents, file)
        except NotFound:
            return 0

    async def _follow_objects(
        self, derived: Derived, leaves_of: Mapping[str, Sequence[Leaf]], kept: set[str]
    ) -> None:
        documents, objects = derived.documents, derived.objects
        objects["commits"] = await self._present(f"commits/{digest}" for digest in sorted(documents.leaves))
        objects["documents"] = await self._blobs(documents.places.keys())
        objects["texts"] = await self._blobs(documents.texts)
        cuts = [await self._store.scan(f"cuts/{blob}/") for blob in sorted(documents.places)]
        objects["cuts"] = [each for found in cuts for each in found]
        known = {each.key for found in objects.values() for each in found}
        known |= {blob_key(cell.value.part) for run in self._runs.values() for cell in run.leaves.values()}
        known |= {
            blob_key(d.blob) for leaves in leaves_of.values() for leaf in leaves for d in leaf.documents
        }
        known |= {blob_key(digest) for digest in kept}
        objects["parts of no run"] = await self._search(documents, known)

    async def _search(self, documents: NamedDocuments, known: set[str]) -> list[Stored]:
        """Blobs nobody answers for that name a document or its text: parts of runs not known here."""
        names = [digest.encode() for digest in (*documents.places, *documents.texts)]
        found = []
        for each in await self._store.scan(_CAS):
            if each.key not in known:
                data = await self._store.get(each.key)
                if any(name in data for name in names):
                    found.append(each)
        return found

    async def _follow_folders(self, derived: Derived) -> None:
        stones = await read_tombstones(self._store)
        there = await read_datasets(self._store)
        hold = {digest for digest, each in there.items() if each.leaves.keys() & derived.documents.leaves}
        derived.objects["datasets"] = [
            each for digest in sorted(hold) for each in await self._store.scan(f"{there[digest].folder}/")
        ]
        places = {place for found in derived.documents.places.values() for place in found}
        gone = {stone.digest for stone in stones if stone.kind == "dataset" and places & set(stone.places)}
        derived.datasets = hold | gone
        derived.objects["evaluations"] = await find_evaluations(self._store, derived.datasets)
        checkpoints = await read_checkpoints(self._store)
        derived.checkpoints = find_trained(checkpoints, derived.datasets, derived.documents.leaves)

    async def _blobs(self, digests: Iterable[str]) -> list[Stored]:
        return await self._present(map(blob_key, digests))

    async def _present(self, keys: Iterable[str]) -> list[Stored]:
        """Of these keys, the objects that are in the store."""
        return [each for key in sorted(keys) for each in await self._store.scan(key) if each.key == key]


def _is_of(mark: Mark, letter: DeadLetter) -> bool:
    return mark.is_on(parse(Item, letter.item, "the item of a dead letter").origins, letter.path)
