"""A document in other forms: summaries and lists of facts, all out of its own sentences."""

from __future__ import annotations

import re

from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.sentences import plain_text, sentences
from seedbed.rehearsal.text.words import content

_JOINT = re.compile(r"(?:; | — |, (?:and|but|which|while) |(?<=[고며]), )")


def retell(tags: Tags, rng: SeededRandom) -> str:
    """The document in the form that the prompt names."""
    document = tags.get("document")
    parts = [sentence.plain for sentence in sentences(document)] or [plain_text(document)]
    form = tags.get("augmentation").strip()
    if form == "atomic_facts":
        return "\n".join(f"- {fact}" for sentence in parts for fact in _facts(sentence))
    if form == "extractive_summary":
        return "\n".join(f"- {sentence}" for sentence in _weightiest(parts, max(2, len(parts) // 3)))
    kept = _weightiest(parts, max(2, len(parts) * 2 // 3))
    start = rng.below(2) if len(kept) > 3 else 0
    return " ".join(kept[start:])


def _facts(sentence: str) -> list[str]:
    pieces = [piece.strip() for piece in _JOINT.split(sentence)]
    return pieces if all(len(piece.split()) > 3 for piece in pieces) else [sentence]


def _weightiest(parts: list[str], number: int) -> list[str]:
    """The sentences that share most words with the others, in the order of the text."""
    words = [content(sentence) for sentence in parts]
    shared = [sum(len(mine & others) for others in words) - len(mine) for mine in words]
    kept = sorted(sorted(range(len(parts)), key=lambda place: (-shared[place], place))[:number])
    return [parts[place] for place in kept]
