"""Which of a teacher's pairs go on to the judge: complete ones, new ones, in the language of the seed.

Pure: knows no teacher, no bus, no gRPC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from seedbed.pipeline.language import same_script
from seedbed.pipeline.similarity import grams, jaccard
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer, SeedExample


@dataclass(frozen=True, slots=True)
class Sifted:
    """A pair and how it ends here; no end means it goes on."""

    pair: QuestionAndAnswer
    end: Literal["", "duplicate", "rejected"] = ""
    reason: str = ""


def sift(pairs: Iterable[QuestionAndAnswer], seed: SeedExample, threshold: float) -> list[Sifted]:
    """Decide on every pair, in their order: of two that are alike the first stays."""
    model = "\n".join(f"{pair.question}\n{pair.answer}" for pair in seed.pairs)
    known = [(grams(pair.question), "like a question of the seed") for pair in seed.pairs]
    sifted = []
    for number, pair in enumerate(pairs, start=1):
        own = grams(pair.question)
        like = next((where for other, where in known if jaccard(own, other) >= threshold), "")
        if not pair.question.strip() or not pair.answer.strip():
            sifted.append(Sifted(pair, "rejected", "empty"))
        elif not same_script(f"{pair.question}\n{pair.answer}", model):
            sifted.append(Sifted(pair, "rejected", "language"))
        elif like:
            sifted.append(Sifted(pair, "duplicate", like))
        else:
            known.append((own, f"like question {number} of the same reply"))
            sifted.append(Sifted(pair))
    return sifted
