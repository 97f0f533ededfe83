"""Draws: a leaf's work as one ordered list, fixed by hash, that edits elsewhere leave in place. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seedbed.kernel.identity import message_bytes, origin, sha256_hex
from seedbed.knowledge.v1.steps_pb2 import AugmentInput, Chunk, ChunkInput, GenerateInput
from seedbed.pipeline.items import Announce
from seedbed.pipeline.recipe import Recipe
from seedbed.skills.v1.steps_pb2 import ContextInput, InstructInput
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, SeedExample


@dataclass(frozen=True, slots=True)
class Passage:
    """What a knowledge draw is made from: a chunk, or an augmentation of it."""

    document: Document
    chunk: Chunk
    text: str
    """Digest of the document's stored text, which the chunk's span counts in."""
    converter: str
    augmentation: str = ""
    augmented: str = ""

    @property
    def key(self) -> str:
        """Stable place: keeps its draws when other passages come, go or change."""
        return f"{self.document.path}\0{self.chunk.key}\0{self.augmentation}"


@dataclass(frozen=True, slots=True)
class Draw:
    """One entry of the list: what is asked first."""

    seed: int
    """Index of the seed example in its leaf."""
    repeat: int
    form: str = ""
    passage: Passage | None = None


def list_draws(leaf: Leaf, passages: Sequence[Passage], form: str, recipe: Recipe) -> Iterator[Draw]:
    """All draws of one quota, in order."""
    if leaf.kind == "knowledge":
        return _knowledge_draws(len(leaf.seeds), passages, form, recipe.repeats)
    rounds = recipe.repeats * max(1, recipe.target // max(1, len(leaf.seeds)))
    return (Draw(seed, repeat) for repeat in range(rounds) for seed in range(len(leaf.seeds)))


def _knowledge_draws(seeds: int, passages: Sequence[Passage], form: str, repeats: int) -> Iterator[Draw]:
    ordered = sorted(passages, key=lambda passage: sha256_hex(f"{passage.key}\0{form}"))
    turns = {
        passage.key: sorted(range(seeds), key=lambda seed: sha256_hex(f"{passage.key}\0{form}\0{seed}"))
        for passage in ordered
    }
    # Every passage once with its first seed, then every passage with its second, and so on.
    for repeat in range(repeats):
        for turn in range(seeds):
            for passage in ordered:
                yield Draw(turns[passage.key][turn], repeat, form, passage)


def seed_digest(seed: SeedExample) -> str:
    """A seed example's name by its content."""
    return sha256_hex(message_bytes(seed))


def first_items(leaf: Leaf, recipe: Recipe) -> list[Announce]:
    """What has to be done before there are draws: cutting the documents of a knowledge leaf."""
    if leaf.kind != "knowledge":
        return []
    return [
        Announce("knowledge.chunk", chunk_input(leaf, document, recipe), origins=(origin(document.blob),))
        for document in leaf.documents
    ]


def chunk_input(leaf: Leaf, document: Document, recipe: Recipe, *, first: int = 0) -> ChunkInput:
    """What cuts a document, from its chunk number `first` on."""
    return ChunkInput(
        blob=document.blob,
        media_type=document.media_type,
        max_tokens=recipe.chunk_tokens,
        first=first,
        path=document.path,
        document_outline=leaf.document_outline,
        domain=leaf.domain,
    )


def augment_input(leaf: Leaf, chunk: Chunk, augmentation: str) -> AugmentInput:
    """What retells a chunk, as the chunk's item announces it."""
    return AugmentInput(
        text=chunk.text,
        headings=chunk.headings,
        augmentation=augmentation,
        document_outline=leaf.document_outline,
        domain=leaf.domain,
    )


def open_draw(leaf: Leaf, draw: Draw, recipe: Recipe) -> Announce:
    """The item a draw begins with."""
    seed = leaf.seeds[draw.seed]
    origins = [origin(seed_digest(seed))]
    if draw.passage:
        origins.append(origin(draw.passage.document.blob))
        chunk = draw.passage.chunk
        return Announce(
            "knowledge.generate",
            GenerateInput(
                source=draw.passage.augmented or chunk.text,
                chunk=chunk.text,
                headings=chunk.headings,
                seed=seed,
                domain=leaf.domain,
                document_outline=leaf.document_outline,
                form=draw.form,
                pairs=recipe.pairs,
            ),
            repeat=draw.repeat,
            origins=origins,
        )
    if leaf.kind == "grounded_skill":
        context = ContextInput(
            task_description=leaf.task_description, seed=seed, instructions=recipe.instructions
        )
        return Announce("skills.context", context, repeat=draw.repeat, origins=origins)
    instruct = InstructInput(
        task_description=leaf.task_description, seed=seed, instructions=recipe.instructions
    )
    return Announce("skills.instruct", instruct, repeat=draw.repeat, origins=origins)
