"""What there is to say of a kind of leaf and of its steps. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal, TypeVar

from google.protobuf.message import Message

from seedbed.bus.v1.bus_pb2 import Record
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.items import Announce
from seedbed.pipeline.kinds.typical import Basis, Typical
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, SeedExample

Role = Literal["teacher", "judge"]
RowUse = Literal["p07_qa", "p07_auxiliary", "p10_qa", "p10_raft", "p10_auxiliary", "skill"]
VerdictT = TypeVar("VerdictT", bound=Message)


class Kind(StrEnum):
    """The kinds there are, as a leaf names its own."""

    KNOWLEDGE = "knowledge"
    FREEFORM_SKILL = "freeform_skill"
    GROUNDED_SKILL = "grounded_skill"


@dataclass(frozen=True, slots=True)
class Gate:
    """How a step's verdict is weighed, out of the bytes of its result."""

    read: Callable[[bytes], Message]
    check: Callable[[Gates, bytes], str]
    """"" for accepted, else the reason."""
    scores: tuple[str, ...]
    """Fields of the verdict that are shown with a candidate."""
    assumed: float
    """Share of what it weighs that is taken to pass where nothing was measured."""


def gate(
    verdict: type[VerdictT],
    check: Callable[[Gates, VerdictT], str],
    scores: tuple[str, ...],
    *,
    assumed: float,
) -> Gate:
    """The gate of a step that gives such a verdict."""
    return Gate(
        verdict.FromString,
        lambda gates, result: check(gates, verdict.FromString(result)),
        scores,
        assumed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """What others than its own service have to know of a step. All that reads takes the bytes of a result."""

    name: str
    """`<service>.<step>`, as in subjects, keys and records."""
    asks: Role | None
    """None where nobody is asked and nothing is paid."""
    announces: tuple[str, ...] = ()
    """Names of the steps whose items may follow from its own."""
    births: Callable[[bytes], Sequence[tuple[str, str]]] = lambda _: ()
    """Questions, each with its answer or "", of the candidates that are born in it."""
    context: Callable[[bytes], str] = lambda _: ""
    """What the candidates of its draw are about."""
    answer: Callable[[bytes], str] = lambda _: ""
    """The answer it gives its candidate."""
    gate: Gate | None = None
    """What weighs its candidate."""
    evidence: Callable[[bytes], tuple[int, int] | None] = lambda _: None
    """Where in its chunk a candidate's evidence stands."""
    text: Callable[[bytes], str] | None = None
    """Digest of the stored text that it made of a document."""
    typical: Callable[[Basis], Typical] | None = None
    """A typical item, by which what it asks is estimated."""

    @property
    def service(self) -> str:
        """The service that works on it: the first word of its name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Passage:
    """What a draw may be made from: a chunk of a document, or an augmentation of it."""

    document: Document
    chunk: Chunk
    text: str
    """Digest of the document's stored text, which the chunk's span counts in."""
    converter: str
    augmentation: str = ""
    augmented: str = ""
    asked: bool = True
    """Whether draws are made from it; retellings are rows alone."""

    @property
    def key(self) -> str:
        """Stable place: keeps its draws when other passages come, go or change."""
        return f"{self.document.path}\0{self.chunk.key}\0{self.augmentation}"


@dataclass(frozen=True, slots=True)
class Draw:
    """One entry of a leaf's ordered list of work: what is asked first."""

    seed: int
    """Index of the seed example in its leaf."""
    repeat: int
    form: str = ""
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """So many samples of one form of answer; "" where the kind has one form only."""

    form: str
    target: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Uses that the rows of one training file are made for: of each sample, and of each augmentation."""

    samples: tuple[RowUse, ...] = ()
    augmentations: tuple[RowUse, ...] = ()


class LeafKind(ABC):
    """The entry of a kind: what plans, draws, budgets, estimates, settlement and rows are derived from."""

    name: ClassVar[Kind]
    of_leaf: ClassVar[tuple[StepEntry, ...]] = ()
    """Steps before there are draws: passages are made by them, without which there is no draw."""
    of_draw: ClassVar[tuple[StepEntry, ...]]
    """Steps of a draw, in order; candidates are born in those that announce a candidate's first."""
    of_candidate: ClassVar[tuple[StepEntry, ...]]
    """Steps of a candidate, in order; it ends at the last one's gate, if no earlier one ends it."""
    knowledge_rows: ClassVar[Rows] = Rows()
    """Training rows in the file of the first phase (p07)."""
    skills_rows: ClassVar[Rows] = Rows()
    """Training rows in the file of the second phase (p10, and skills)."""

    @property
    def steps(self) -> tuple[StepEntry, ...]:
        """All its steps, in the order in which a sample comes through them."""
        return (*self.of_leaf, *self.of_draw, *self.of_candidate)

    def steps_for(self, recipe: Recipe) -> tuple[StepEntry, ...]:
        """Those that a run by this recipe takes: a plan names no other."""
        del recipe
        return self.steps

    @property
    def uses_of_samples(self) -> tuple[RowUse, ...]:
        """What a sample has training rows for, in either file."""
        return (*self.knowledge_rows.samples, *self.skills_rows.samples)

    @property
    def uses_of_augmentations(self) -> tuple[RowUse, ...]:
        """What an augmentation has training rows for, in either file."""
        return (*self.knowledge_rows.augmentations, *self.skills_rows.augmentations)

    @property
    def last(self) -> StepEntry:
        """Where candidates end, the good ones accepted."""
        return self.of_candidate[-1]

    @abstractmethod
    def candidates_of_draw(self, recipe: Recipe) -> int:
        """How many candidates a draw is asked for."""

    def items_of_draw(self, recipe: Recipe) -> dict[str, int]:
        """How many items of each step may come of one draw, at most."""
        most = self.candidates_of_draw(recipe)
        once = dict.fromkeys((step.name for step in self.of_draw), 1)
        return once | dict.fromkeys((step.name for step in self.of_candidate), most)

    def items_of_chunk(self, recipe: Recipe) -> dict[str, int]:
        """How many items of each step that asks come of one chunk before there are draws."""
        del recipe
        return {}

    def split(self, target: int, recipe: Recipe) -> list[Quota]:
        """A leaf's target by form; forms with nothing to do are left out."""
        del recipe
        return [Quota("", target)]

    def first_items(self, leaf: Leaf, recipe: Recipe) -> list[Announce]:
        """What has to be done before there are draws."""
        del leaf, recipe
        return []

    def find_passages(
        self, leaf: Leaf, known: KnownPlan, find: Callable[[str], Record | None]
    ) -> Iterator[Passage]:
        """All passages, in the order of the documents, out of the records of items by their digests."""
        del leaf, known, find
        return iter(())

    def find_notes(self, leaf: Leaf, known: KnownPlan, find: Callable[[str], Record | None]) -> Iterator[str]:
        """What of the documents was not read, each after the document's path."""
        del leaf, known, find
        return iter(())

    @abstractmethod
    def list_draws(
        self, leaf: Leaf, passages: Sequence[Passage], form: str, recipe: Recipe
    ) -> Iterator[Draw]:
        """All draws of one quota, in order: fixed by hash, so that edits elsewhere leave them in place."""

    @abstractmethod
    def open_draw(self, leaf: Leaf, draw: Draw, recipe: Recipe) -> Announce:
        """The item a draw begins with."""

    def context_of(self, seed: SeedExample) -> str:
        """What a candidate is about where no step has written a context."""
        del seed
        return ""


def seed_digest(seed: SeedExample) -> str:
    """A seed example's name by its content."""
    return sha256_hex(message_bytes(seed))
