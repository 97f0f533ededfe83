"""Which of a teacher's instructions go on: new ones, in the language of the seeds.

Pure: knows no teacher, no bus, no gRPC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from seedbed.pipeline.language import script_of
from seedbed.pipeline.similarity import grams, jaccard
from seedbed.taxonomy.v1.leaf_pb2 import SeedExample

LANGUAGE = "language"
# A tenth of the words is enough: the rest may be code, or foreign text to work on.
_NATIVE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Sifted:
    """An instruction and how it ends here; no end means it goes on."""

    text: str
    end: Literal["", "duplicate", "rejected"] = ""
    reason: str = ""


def sift(instructions: Iterable[str], seed: SeedExample, context: str, threshold: float) -> list[Sifted]:
    """Which instructions are new, which repeated, and which in another script than the seed's questions.

    About a context of its own a seed's question may be asked again; within one reply nothing may.
    """
    questions = [pair.question for pair in seed.pairs]
    known = [(grams(text), "like the seed's question") for text in questions]
    if context and jaccard(grams(context), grams(seed.context)) < threshold:
        known = []
    sifted = []
    for number, text in enumerate(instructions, start=1):
        own = grams(text)
        like = next((what for other, what in known if jaccard(own, other) >= threshold), "")
        if not speaks_like(text, questions):
            sifted.append(Sifted(text, "rejected", LANGUAGE))
        elif like:
            sifted.append(Sifted(text, "duplicate", like))
        else:
            known.append((own, f"like instruction {number} of the same reply"))
            sifted.append(Sifted(text))
    return sifted


def speaks_like(text: str, models: Sequence[str]) -> bool:
    """Whether a text is in a script that one of the models is in, or at least in good part so."""
    scripts = {script_of(model) for model in models} - {""}
    own = script_of(text)
    if not own or not scripts or own in scripts:
        return True
    # Latin words stand in texts of all languages, so they prove nothing.
    native = scripts - {"latin"}
    words = text.split()
    found = sum(script_of(word) in native for word in words)
    return bool(found) and found >= len(words) * _NATIVE_SHARE
