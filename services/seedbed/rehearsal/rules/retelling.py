"""A document in other forms: summaries, lists, dialogues, all out of its own sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed.rehearsal.rules import english_questions, korean_questions
from seedbed.rehearsal.rules.english_questions import Pair
from seedbed.rehearsal.rules.pairs import find_topic
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.hangul import is_korean
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


def retell_whole(tags: Tags, rng: SeededRandom) -> list[str]:
    """All of the document, line by line, in the family and in about the order that the prompt names."""
    document = tags.get("document")
    parts = [sentence.plain for sentence in sentences(document)] or [plain_text(document)]
    parts = _ordered(parts, tags.get("order").strip(), rng)
    topic = find_topic(tags, document)
    match tags.get("family").strip():
        case "implications":
            return [f"- {sentence}" for sentence in parts]
        case "dialogue":
            return [line for sentence in parts for line in _turns(sentence, topic, rng)]
        case "question_list":
            # Of a few words nothing may be asked.
            return [line for sentence in parts for line in _answered(sentence, topic, rng)] or parts
    return parts


def _ordered(parts: list[str], order: str, rng: SeededRandom) -> list[str]:
    if order.startswith("from its end"):
        return parts[::-1]
    return parts if order == "as it stands" else rng.shuffled(parts)


def _turns(sentence: str, topic: str, rng: SeededRandom) -> Iterator[str]:
    pair = _ask(sentence, topic, rng)
    more = f"{topic}에 대해 더 말해 줄래요?" if is_korean(sentence) else f"What else is there of {topic}?"
    yield f"A: {pair.question if pair else more}"
    yield f"B: {sentence}"


def _answered(sentence: str, topic: str, rng: SeededRandom) -> Iterator[str]:
    if pair := _ask(sentence, topic, rng):
        yield f"Q: {pair.question}"
        yield f"A: {pair.answer}"


def _ask(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    ask = korean_questions.ask_short if is_korean(sentence) else english_questions.ask_short
    return ask(sentence, topic, rng)


def _facts(sentence: str) -> list[str]:
    pieces = [piece.strip() for piece in _JOINT.split(sentence)]
    return pieces if all(len(piece.split()) > 3 for piece in pieces) else [sentence]


def _weightiest(parts: list[str], number: int) -> list[str]:
    """The sentences that share most words with the others, in the order of the text."""
    words = [content(sentence) for sentence in parts]
    shared = [sum(len(mine & others) for others in words) - len(mine) for mine in words]
    kept = sorted(sorted(range(len(parts)), key=lambda place: (-shared[place], place))[:number])
    return [parts[place] for place in kept]
