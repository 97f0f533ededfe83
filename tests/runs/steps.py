"""The services' own steps with replies made by rule: what they announce and drop is the real thing.

A reply depends on the request alone. `Hand` can slow all down, have items refused, and counts the calls.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.judge.steps import JudgeGrounded, JudgeInstruction, JudgePair
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, InstructionVerdict, PairVerdict
from seedbed.kernel.errors import Refused
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.work.step import Step
from seedbed.knowledge.steps import AugmentChunk, CutDocument, RetellChunk, WritePairs
from seedbed.knowledge.v1.steps_pb2 import (
    AugmentResult,
    Chunk,
    ChunkInput,
    ChunkResult,
    GenerateResult,
    RetellResult,
)
from seedbed.skills.steps import WriteContext, WriteInstructions, WriteResponse
from seedbed.skills.v1.steps_pb2 import ContextResult, InstructResult, RespondResult
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer

CHUNKS = 5
PART = 2
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Hand:
    """What a test holds of the steps."""

    delay: float = 0.0
    refused: set[str] = field(default_factory=set)
    """Steps whose items are refused, all whose digest begins with one of these:"""
    refused_digits: str = "0123456789"
    calls: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Calls that a teacher would have been paid for."""
        return sum(count for step, count in self.calls.items() if step != "knowledge.chunk")


def words(*parts: Any, count: int = 8) -> str:
    """Words that hang on the parts and on nothing else; others give others."""
    luck = random.Random(sha256_hex("|".join(map(str, parts))))
    return " ".join("".join(luck.choices(_LETTERS, k=7)) for _ in range(count))


def reply(step: str, value: Any, key: str) -> Any:  # noqa: C901, PLR0911  one for each step
    """What comes of an item, whose digest is the key to all luck in it."""
    luck = random.Random(key)
    match step:
        case "knowledge.chunk":
            return _cut(value)
        case "knowledge.augment":
            return AugmentResult(text=words("augmented", key))
        case "knowledge.retell":
            return RetellResult(text=words("retold", key))
        case "knowledge.generate":
            texts = [words(key, number) for number in range(value.pairs)]
            pairs = [QuestionAndAnswer(question=f"{text}?", answer=f"{text}.") for text in texts]
            return GenerateResult(pairs=pairs)
        case "skills.context":
            return ContextResult(context=words("context", key))
        case "skills.instruct":
            return InstructResult(instructions=[words(key, number) for number in range(value.instructions)])
        case "skills.respond":
            return RespondResult(response=words("response", key))
        case "judge.instruction":
            return InstructionVerdict(answerable=1, well_formed=1, safe=1, relevant=int(luck.random() < 0.8))
        case "judge.pair":
            return PairVerdict(score=luck.choice((1, 2, 3)), explanation="so it is")
        case "judge.grounded":
            relevancy = luck.choice((1, 2, 2))
            return GroundedVerdict(
                faithful=1,
                relevancy=relevancy,
                standalone=1,
                evidence_found=1,
                evidence_start=2,
                evidence_end=5,
            )
    raise AssertionError(step)


def _cut(value: ChunkInput) -> ChunkResult:
    if value.path.startswith("empty"):
        raise Refused(f"document {value.path} yields no chunk: it holds no text at all")
    text = [words(value.path, number, count=12) for number in range(CHUNKS)]
    chunks = [
        Chunk(text=text[n], start=n * 100, end=n * 100 + len(text[n]), key=f"k{n}", headings=["Birds"])
        for n in range(value.first, min(value.first + PART, CHUNKS))
    ]
    notes = ["page 2 is a picture"] if value.path.startswith("scan") and not value.first else []
    return ChunkResult(
        text=sha256_hex(value.path), converter="plain-1", chunks=chunks, total=CHUNKS, notes=notes
    )


class _ByRule:
    """Stands before a real step in the order of classes: no teacher, and a reply by rule."""

    role = None
    prompt = None
    hand = Hand()

    async def run(self: Any, value: Any, tools: Any) -> Any:
        digest = tools.digest
        self.hand.calls[self.name] += 1
        self.hand.asked.append(digest)
        tools.usage.MergeFrom(Usage(requests=1, prompt_tokens=10, completion_tokens=5))
        await asyncio.sleep(self.hand.delay)
        if self.name in self.hand.refused and digest[0] in self.hand.refused_digits:
            raise Refused(f"{self.name} is refused")
        return reply(self.name, value, digest)


_REAL = (
    CutDocument,
    AugmentChunk,
    RetellChunk,
    WritePairs,
    WriteContext,
    WriteInstructions,
    WriteResponse,
    JudgeInstruction,
    JudgePair,
    JudgeGrounded,
)


def make_steps(hand: Hand) -> list[Step[Any, Any]]:
    """All steps, in this hand."""
    return [type(real.__name__, (_ByRule, real), {"hand": hand})() for real in _REAL]


STEPS = make_steps(Hand())
