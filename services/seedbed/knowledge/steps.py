"""The knowledge steps on the bus: documents are cut, chunks retold, and pairs written about them."""

from typing import Any, ClassVar

from seedbed.bus.v1.bus_pb2 import Sampling
from seedbed.judge.v1.steps_pb2 import GroundedInput
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.work.step import Step, Tools, Work
from seedbed.knowledge.cuts import read_part
from seedbed.knowledge.pairs import sift
from seedbed.knowledge.reader import Reader
from seedbed.knowledge.replies import Augmentation, KnowledgePairs, Retelling
from seedbed.knowledge.v1.steps_pb2 import (
    AugmentInput,
    AugmentResult,
    ChunkInput,
    ChunkResult,
    GenerateInput,
    GenerateResult,
    RetellInput,
    RetellResult,
)
from seedbed.pipeline.items import Announce, Drop, Following, candidate_id
from seedbed.pipeline.kinds import Role
from seedbed.pipeline.kinds.knowledge import AUGMENT, CHUNK, GENERATE, JUDGE_GROUNDED, augment_input
from seedbed.pipeline.kinds.retellings import FLOWING, RETELL, list_retellings, make_retell_input
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer


class CutDocument(Step[ChunkInput, ChunkResult]):
    """A document becomes text and the text chunks, a part of them an item; no teacher is asked."""

    name = CHUNK.name
    # Raised with every change to the chunker; a converter's own version stands in its name.
    version = 2
    input_type = ChunkInput
    result_type = ChunkResult

    def __init__(self, reader: Reader | None = None) -> None:
        self._reader = reader or Reader()

    async def run(self, value: ChunkInput, tools: Tools) -> ChunkResult:
        """Read the part; a document that yields nothing is an ItemError, not a silence."""
        return await read_part(value, tools.store, self._reader, self.version)

    def follow(self, work: Work[ChunkInput, ChunkResult], recipe: Recipe) -> Following:
        """The next part, and each chunk's augmentations and retellings."""
        value, result = work.input, work.result
        announce = []
        done = value.first + len(result.chunks)
        # A part without chunks would announce itself for ever.
        if result.chunks and done < result.total:
            following = ChunkInput()
            following.CopyFrom(value)
            following.first = done
            announce.append(Announce(self.name, following))
        about = {"document_outline": value.document_outline, "domain": value.domain}
        for chunk in result.chunks:
            announce += [
                Announce(AUGMENT.name, augment_input(chunk, one, **about)) for one in recipe.augmentations
            ]
            announce += [
                Announce(RETELL.name, make_retell_input(chunk, way, **about))
                for way in list_retellings(recipe)
            ]
        return Following(announce=announce)


class AugmentChunk(Step[AugmentInput, AugmentResult]):
    """One chunk written in another form: another source to write pairs about."""

    name = AUGMENT.name
    version = 1
    prompt: ClassVar[Prompt[Augmentation]] = Prompt.load("seedbed.knowledge", "augment", Augmentation)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.3, top_p=0.95, max_tokens=2048)
    input_type = AugmentInput
    result_type = AugmentResult

    async def run(self, value: AugmentInput, tools: Tools) -> AugmentResult:
        """Ask for the other form."""
        reply = await tools.ask(
            self.prompt,
            document=value.text,
            headings=list(value.headings),
            augmentation=value.augmentation,
            domain=value.domain,
            outline=value.document_outline,
        )
        return AugmentResult(text=reply.text)


class RetellChunk(Step[RetellInput, RetellResult]):
    """One chunk retold whole, in a form and from a point of view: a row that teaches it once more."""

    name = RETELL.name
    version = 1
    prompt: ClassVar[Prompt[Retelling]] = Prompt.load("seedbed.knowledge", "retell", Retelling)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=2048)
    input_type = RetellInput
    result_type = RetellResult

    async def run(self, value: RetellInput, tools: Tools) -> RetellResult:
        """Ask for the retelling."""
        reply = await tools.ask(
            self.prompt,
            document=value.text,
            headings=list(value.headings),
            family=value.family,
            view=value.view,
            order=value.order,
            domain=value.domain,
            outline=value.document_outline,
        )
        return RetellResult(text=(" " if value.family == FLOWING else "\n").join(reply.lines))


class WritePairs(Step[GenerateInput, GenerateResult]):
    """Questions and answers after a seed example: here the candidates of a knowledge leaf are born."""

    name = GENERATE.name
    version = 1
    prompt: ClassVar[Prompt[KnowledgePairs]] = Prompt.load("seedbed.knowledge", "generate", KnowledgePairs)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=4096)
    input_type = GenerateInput
    result_type = GenerateResult

    async def run(self, value: GenerateInput, tools: Tools) -> GenerateResult:
        """Ask for pairs; more than were asked for are left."""
        reply = await tools.ask(
            self.prompt,
            example_context=value.seed.context,
            examples=list(value.seed.pairs),
            document=value.source,
            headings=list(value.headings),
            domain=value.domain,
            outline=value.document_outline,
            form=value.form,
            count=value.pairs,
        )
        pairs = (
            QuestionAndAnswer(question=pair.question.strip(), answer=pair.answer.strip())
            for pair in reply.pairs[: value.pairs]
        )
        return GenerateResult(pairs=pairs)

    def follow(self, work: Work[GenerateInput, GenerateResult], recipe: Recipe) -> Following:
        """Each new pair goes to the judge, against the chunk and not its augmentation."""
        announce, drop = [], []
        for index, sifted in enumerate(sift(work.result.pairs, work.input.seed, recipe.duplicate_threshold)):
            candidate = candidate_id(work.digest, index)
            if sifted.end:
                drop.append(Drop(candidate, sifted.end, sifted.reason))
                continue
            wanted = GroundedInput(
                document=work.input.chunk,
                question=sifted.pair.question,
                answer=sifted.pair.answer,
                domain=work.input.domain,
            )
            announce.append(Announce(JUDGE_GROUNDED.name, wanted, candidate))
        return Following(announce=announce, drop=drop)


def all_steps(reader: Reader | None = None) -> list[Step[Any, Any]]:
    """What this service works on."""
    return [CutDocument(reader), AugmentChunk(), RetellChunk(), WritePairs()]
