"""Knowledge: documents are cut into passages, and pairs written about each after seed examples. Pure."""

from collections.abc import Iterator, Sequence

from seedbed.judge.v1.steps_pb2 import GroundedInput, GroundedVerdict
from seedbed.kernel.identity import origin, sha256_hex
from seedbed.knowledge.v1.steps_pb2 import (
    AugmentInput,
    AugmentResult,
    Chunk,
    ChunkInput,
    ChunkResult,
    GenerateInput,
    GenerateResult,
)
from seedbed.pipeline.items import Announce
from seedbed.pipeline.kinds.entry import (
    Draw,
    Kind,
    LeafKind,
    Passage,
    Quota,
    Rows,
    StepEntry,
    gate,
    seed_digest,
)
from seedbed.pipeline.kinds.recorded import Find, digest_of, done
from seedbed.pipeline.kinds.retellings import RETELL, find_retellings, list_retellings
from seedbed.pipeline.kinds.typical import FRAME, Basis, Typical
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, SeedExample

# They are kept with the leaf's entry, which has to fit into one message of the bus.
_MOST_NOTES = 50


def _births(result: bytes) -> list[tuple[str, str]]:
    return [(pair.question, pair.answer) for pair in GenerateResult.FromString(result).pairs]


def _evidence(result: bytes) -> tuple[int, int] | None:
    verdict = GroundedVerdict.FromString(result)
    return (verdict.evidence_start, verdict.evidence_end) if verdict.evidence_found else None


def _typical_augment(basis: Basis) -> Typical:
    leaf = basis.leaf
    about = {"document_outline": leaf.document_outline, "domain": leaf.domain}
    return Typical(augment_input(basis.chunk, "detailed_summary", **about), basis.retold + FRAME)


def _typical_generate(basis: Basis) -> Typical:
    wanted = _generate_input(basis.leaf, basis.seed, basis.chunk, "short", basis.recipe)
    return Typical(wanted, basis.recipe.pairs * (basis.question + basis.answer + FRAME))


def _typical_judge(basis: Basis) -> Typical:
    pair, domain = basis.pair, basis.leaf.domain
    wanted = GroundedInput(
        document=basis.chunk.text, question=pair.question, answer=pair.answer, domain=domain
    )
    # A quote is about as long as an answer.
    return Typical(wanted, basis.verdict + basis.answer)


# The last one first, as each names those that follow from it.
JUDGE_GROUNDED = StepEntry(
    name="judge.grounded",
    asks="judge",
    gate=gate(
        GroundedVerdict,
        Gates.check_grounded,
        ("faithful", "relevancy", "standalone", "evidence_found"),
        assumed=0.85,
    ),
    evidence=_evidence,
    typical=_typical_judge,
)
GENERATE = StepEntry(
    name="knowledge.generate",
    asks="teacher",
    announces=(JUDGE_GROUNDED.name,),
    births=_births,
    typical=_typical_generate,
)
AUGMENT = StepEntry(name="knowledge.augment", asks="teacher", typical=_typical_augment)
CHUNK = StepEntry(
    name="knowledge.chunk",
    asks=None,
    # A long document is cut part by part.
    announces=("knowledge.chunk", AUGMENT.name, RETELL.name),
    text=lambda result: ChunkResult.FromString(result).text,
)


class Knowledge(LeafKind):
    """Every passage meets every seed, for short answers and for long ones."""

    name = Kind.KNOWLEDGE
    of_leaf = (CHUNK, AUGMENT, RETELL)
    of_draw = (GENERATE,)
    of_candidate = (JUDGE_GROUNDED,)
    knowledge_rows = Rows(samples=("p07_qa",), augmentations=("p07_auxiliary",))
    skills_rows = Rows(samples=("p10_raft", "p10_qa"), augmentations=("p10_auxiliary",))

    def candidates_of_draw(self, recipe: Recipe) -> int:
        """As many as a call asks for."""
        return recipe.pairs

    def items_of_chunk(self, recipe: Recipe) -> dict[str, int]:
        """Each is retold in every form of the recipe."""
        wanted = {AUGMENT.name: len(recipe.augmentations), RETELL.name: len([*list_retellings(recipe)])}
        return {step: count for step, count in wanted.items() if count}

    def steps_for(self, recipe: Recipe) -> tuple[StepEntry, ...]:
        """Without retellings where there are none: such runs are what they were before there were any."""
        return tuple(step for step in self.steps if step is not RETELL or recipe.retellings)

    def split(self, target: int, recipe: Recipe) -> list[Quota]:
        """Short answers and long ones."""
        short = int(target * recipe.short_share + 0.5)
        return [quota for quota in (Quota("short", short), Quota("long", target - short)) if quota.target]

    def first_items(self, leaf: Leaf, recipe: Recipe) -> list[Announce]:
        """The first part of each document."""
        return [
            Announce(CHUNK.name, chunk_input(leaf, document, recipe), origins=(origin(document.blob),))
            for document in leaf.documents
        ]

    def find_passages(self, leaf: Leaf, known: KnownPlan, find: Find) -> Iterator[Passage]:
        """Chunks, each before its augmentations."""
        seen = set()
        for document in leaf.documents:
            wanted = chunk_input(leaf, document, known.recipe)
            while True:
                digest = digest_of(known, Announce(CHUNK.name, wanted))
                record = done(find(digest))
                if record is None or digest in seen:
                    break
                seen.add(digest)
                result = ChunkResult.FromString(record.result)
                for chunk in result.chunks:
                    passage = Passage(document, chunk, result.text, result.converter)
                    yield passage
                    yield from _find_augmentations(leaf, known, find, passage)
                    yield from find_retellings(leaf, known, find, passage)
                following = wanted.first + len(result.chunks)
                if following >= result.total:
                    break
                wanted = chunk_input(leaf, document, known.recipe, first=following)

    def find_notes(self, leaf: Leaf, known: KnownPlan, find: Find) -> Iterator[str]:
        """What the readers noted of the documents; of very many the first."""
        notes = list(self._notes(leaf, known, find))
        yield from notes[:_MOST_NOTES]
        if len(notes) > _MOST_NOTES:
            yield f"and {len(notes) - _MOST_NOTES} more notes on documents"

    def _notes(self, leaf: Leaf, known: KnownPlan, find: Find) -> Iterator[str]:
        for document, announce in zip(leaf.documents, self.first_items(leaf, known.recipe), strict=False):
            if record := done(find(digest_of(known, announce))):
                notes = ChunkResult.FromString(record.result).notes
                yield from (f"{document.path}: {note}" for note in notes)

    def list_draws(
        self, leaf: Leaf, passages: Sequence[Passage], form: str, recipe: Recipe
    ) -> Iterator[Draw]:
        """Every passage once with its first seed, then every passage with its second, and so on."""
        seeds = range(len(leaf.seeds))
        asked = (passage for passage in passages if passage.asked)
        ordered = sorted(asked, key=lambda passage: sha256_hex(f"{passage.key}\0{form}"))
        turns = {
            passage.key: sorted(seeds, key=lambda seed: sha256_hex(f"{passage.key}\0{form}\0{seed}"))
            for passage in ordered
        }
        return (
            Draw(turns[passage.key][turn], repeat, form, passage)
            for repeat in range(recipe.repeats)
            for turn in seeds
            for passage in ordered
        )

    def open_draw(self, leaf: Leaf, draw: Draw, recipe: Recipe) -> Announce:
        """Pairs about the draw's passage."""
        if draw.passage is None:
            raise ValueError("a draw of a knowledge leaf has a passage")
        seed, passage = leaf.seeds[draw.seed], draw.passage
        wanted = _generate_input(leaf, seed, passage.chunk, draw.form, recipe, source=passage.augmented)
        origins = [origin(seed_digest(seed)), origin(passage.document.blob)]
        return Announce(GENERATE.name, wanted, repeat=draw.repeat, origins=origins)


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


def augment_input(chunk: Chunk, augmentation: str, *, document_outline: str, domain: str) -> AugmentInput:
    """The input of the step that writes a chunk in another form."""
    return AugmentInput(
        text=chunk.text,
        headings=chunk.headings,
        augmentation=augmentation,
        document_outline=document_outline,
        domain=domain,
    )


def _generate_input(
    leaf: Leaf, seed: SeedExample, chunk: Chunk, form: str, recipe: Recipe, *, source: str = ""
) -> GenerateInput:
    """The input that asks for pairs about a chunk, or about another source of the same content."""
    return GenerateInput(
        source=source or chunk.text,
        chunk=chunk.text,
        headings=chunk.headings,
        seed=seed,
        domain=leaf.domain,
        document_outline=leaf.document_outline,
        form=form,
        pairs=recipe.pairs,
    )


def _find_augmentations(leaf: Leaf, known: KnownPlan, find: Find, passage: Passage) -> Iterator[Passage]:
    about = {"document_outline": leaf.document_outline, "domain": leaf.domain}
    for name in known.recipe.augmentations:
        announce = Announce(AUGMENT.name, augment_input(passage.chunk, name, **about))
        if record := done(find(digest_of(known, announce))):
            text = AugmentResult.FromString(record.result).text
            yield Passage(passage.document, passage.chunk, passage.text, passage.converter, name, text)
