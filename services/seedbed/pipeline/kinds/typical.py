"""What a typical item of a step is like, as an estimate needs it: made of a leaf's own seed. Pure."""

from dataclasses import dataclass

from google.protobuf.message import Message

from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.recipe import Recipe
from seedbed.pipeline.tokens import count_tokens
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, QuestionAndAnswer, SeedExample

FRAME = 12
"""Tokens of JSON about a question with its answer."""


@dataclass(frozen=True, slots=True)
class Typical:
    """An item's input, and the tokens of a reply to it."""

    input: Message
    reply: int


@dataclass(frozen=True, slots=True)
class Basis:
    """What typical items are made of: a seed that all are taken to be like, and what is assumed beside it."""

    leaf: Leaf
    seed: SeedExample
    recipe: Recipe
    chunk: Chunk
    """As long as the leaf's chunks may be."""
    verdict: int
    """Tokens of a judge's reply."""
    retold: int
    """Tokens of a chunk in another form."""

    @property
    def pair(self) -> QuestionAndAnswer:
        """The seed's first pair, taken for all."""
        return self.seed.pairs[0]

    @property
    def question(self) -> int:
        """Tokens of the seed's questions, in the mean."""
        return sum(count_tokens(pair.question) for pair in self.seed.pairs) // len(self.seed.pairs)

    @property
    def answer(self) -> int:
        """Tokens of the seed's answers, in the mean."""
        return sum(count_tokens(pair.answer) for pair in self.seed.pairs) // len(self.seed.pairs)
