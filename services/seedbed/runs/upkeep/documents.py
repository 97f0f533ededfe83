"""Documents by what people call them, and by what all that came from them is known. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from seedbed.kernel.formats.file_names import composed
from seedbed.kernel.identity import origin
from seedbed.kernel.store.tombstones import Tombstone
from seedbed.pipeline.kinds.entry import seed_digest
from seedbed.runs.domain.planning import matches
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

_DIGEST = re.compile(r"[0-9a-f]{64}")

Place = tuple[str, str]
"""A leaf's path, and a document's there."""


def is_named(name: str, blob: str, place: Place) -> bool:
    """Whether a digest, a path or a glob means a document; of a path its end is enough."""
    if _DIGEST.fullmatch(name):
        return blob == name
    whole, name = composed("/".join(place)), composed(name)
    return (
        whole == name or whole.endswith(f"/{name}") or any(fnmatchcase(whole, g) for g in (name, f"*/{name}"))
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """What records and items that came from some documents are known by."""

    origins: frozenset[int]
    paths: frozenset[str]

    def is_on(self, origins: Sequence[int], path: str) -> bool:
        """Whether what has these origins came from the documents.

        What has none is from before there were origins: in a leaf that had the documents it may have.
        """
        return not self.origins.isdisjoint(origins) if origins else path in self.paths


@dataclass
class NamedDocuments:
    """The documents that somebody named, and what is known to come from them."""

    places: dict[str, set[Place]] = field(default_factory=dict)
    """By sha256 of the document's bytes."""
    times: dict[str, str] = field(default_factory=dict)
    """When they were forgotten before."""
    leaves: set[str] = field(default_factory=set)
    """Digests of the leaves, as they were, that they stood in."""
    paths: set[str] = field(default_factory=set)
    """Paths of these leaves."""
    seeds: set[str] = field(default_factory=set)
    """Digests of the seed examples that may be taken from them."""
    texts: set[str] = field(default_factory=set)
    """Digests of the texts made of them."""

    def take_leaf(self, name: str, globs: Sequence[str], leaf: Leaf) -> None:
        """Take note of the documents of a leaf that are meant."""
        for document in leaf.documents:
            if is_named(name, document.blob, (leaf.path, document.path)) and matches(leaf.path, globs):
                self.places.setdefault(document.blob, set()).add((leaf.path, document.path))

    def take_stone(self, name: str, globs: Sequence[str], stone: Tombstone) -> None:
        """Take up a document that was forgotten before: what is left of it is found by its tombstone."""
        if stone.kind != "document" or not any(
            is_named(name, stone.digest, place) and matches(place[0], globs) for place in stone.places
        ):
            return
        self.places.setdefault(stone.digest, set()).update(stone.places)
        self.times[stone.digest] = stone.time
        self.leaves.update(stone.leaves)
        self.paths.update(path for path, _ in stone.places)
        self.seeds.update(stone.seeds)
        self.texts.update(stone.texts)

    def stands_in(self, leaf: Leaf) -> bool:
        """Whether one of the documents stands in a leaf, under whatever name."""
        return any(document.blob in self.places for document in leaf.documents)

    def note_leaf(self, leaf: Leaf) -> None:
        """Take note that one of them stands in a leaf."""
        self.leaves.add(leaf.digest)
        self.paths.add(leaf.path)
        for document in leaf.documents:
            if document.blob in self.places:
                self.places[document.blob].add((leaf.path, document.path))

    def mark(self) -> "Mark":
        """What records are known by."""
        return Mark(frozenset(map(origin, (*self.places, *self.seeds))), frozenset(self.paths))

    def stones(self, time: str, *, done: bool = False) -> Iterator[Tombstone]:
        """A tombstone for each.

        Seeds stand in it until all is done: kept in the taxonomy on purpose, they may be used again.
        """
        for blob, places in sorted(self.places.items()):
            yield Tombstone(
                digest=blob,
                kind="document",
                places=tuple(sorted(places)),
                time=self.times.get(blob, time),
                leaves=tuple(sorted(self.leaves)),
                seeds=() if done else tuple(sorted(self.seeds)),
                texts=tuple(sorted(self.texts)),
            )


def seeds_from(leaf: Leaf, blobs: AbstractSet[str], texts: Mapping[str, str]) -> set[str]:
    """Digests of a leaf's seed examples that may be taken from some of its documents.

    All may whose context does not stand, word for word, in another of its documents and in none of these.
    `texts` are those of its documents by blob, as far as they are known.
    """
    these = [_plain(texts.get(d.blob, "")) for d in leaf.documents if d.blob in blobs]
    others = [_plain(texts.get(d.blob, "")) for d in leaf.documents if d.blob not in blobs]
    found = set()
    for seed in leaf.seeds:
        context = _plain(seed.context)
        elsewhere = any(context in text for text in others) and not any(context in text for text in these)
        if not (context and elsewhere):
            found.add(seed_digest(seed))
    return found


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
