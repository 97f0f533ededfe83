"""Grounded pairs: a document taken apart into questions and the sentences that answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from seedbed.rehearsal.rules import english_questions, korean_questions
from seedbed.rehearsal.rules.english_questions import Pair
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.hangul import is_korean
from seedbed.rehearsal.text.phrases import lower_first, noun_phrases
from seedbed.rehearsal.text.sentences import Sentence, headings, plain_text, sentences

_WORDS = range(4, 46)


def make_pairs(tags: Tags, rng: SeededRandom) -> list[Pair]:
    """As many pairs as are asked for, or as the document yields."""
    document = tags.get("document")
    telling = [sentence for sentence in sentences(document) if is_telling(sentence)]
    topic = find_topic(tags, document)
    makers = _long if tags.get("form").strip() == "long" else _short
    wanted = tags.count(3)
    found: dict[str, Pair] = {}
    for pair in makers(telling, topic, rng):
        found.setdefault(pair.question, pair)
        if len(found) == wanted:
            break
    return list(found.values())


def find_topic(tags: Tags, document: str) -> str:
    """What the document is about, by name: its title, else what it speaks of most."""
    above = [line for line in _headings(tags.get("headings")) if line] or headings(document)
    if above:
        return above[0] if is_korean(above[0]) else lower_first(above[0])
    if is_korean(document):
        return plain_text(tags.get("domain")) or "이 분야"
    counted = Counter(phrase for sentence in sentences(document) for phrase in noun_phrases(sentence.plain))
    best = min(counted.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return best[0] or plain_text(tags.get("domain")) or "the subject"


def _headings(text: str) -> list[str]:
    for mark in (" > ", " › ", " → ", " / "):
        text = text.replace(mark, "\n")
    return [plain_text(line.strip().lstrip("#-* ")) for line in text.splitlines()]


def is_telling(sentence: Sentence) -> bool:
    """Whether a sentence says enough to be asked about."""
    return len(sentence.plain.split()) in _WORDS and not sentence.plain.endswith(("?", ":"))


def _short(telling: list[Sentence], topic: str, rng: SeededRandom) -> Iterator[Pair]:
    for sentence in rng.shuffled(telling):
        ask = korean_questions.ask_short if is_korean(sentence.plain) else english_questions.ask_short
        pair = ask(sentence.plain, topic, rng)
        if pair is not None:
            yield pair


def _long(telling: list[Sentence], topic: str, rng: SeededRandom) -> Iterator[Pair]:
    for first, second in rng.shuffled(list(pairwise(telling))):
        ask = korean_questions.ask_long if is_korean(first.plain) else english_questions.ask_long
        pair = ask(first.plain, second.plain, topic, rng)
        if pair is not None:
            yield pair
