"""Contexts, instructions and responses for skills: one seed example, recombined with a small vocabulary."""

from __future__ import annotations

import re

from seedbed.rehearsal.rules.korean_questions import find_nouns
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Example, Tags
from seedbed.rehearsal.text.hangul import is_korean, with_particle
from seedbed.rehearsal.text.phrases import noun_phrases
from seedbed.rehearsal.text.recast import compare, recast, speech, substitute, with_articles
from seedbed.rehearsal.text.sentences import sentences
from seedbed.rehearsal.text.vocabulary import Vocabulary
from seedbed.rehearsal.text.words import WORD, stem

_SLOT = re.compile(r"\{(\w+)\}(?:\|([가-힣]))?")
_KINDS = {"name": "names", "noun": "nouns", "plural": "plurals", "adjective": "adjectives", "trade": "trades"}
_KINDS["place"] = "places"
_LONG = 260


def make_context(tags: Tags, rng: SeededRandom) -> str:
    """A context like the seed's, about other things."""
    seed = _example(tags).context or tags.get("example_context")
    retold = recast(_half(seed, rng), _protected(tags), rng)
    words = speech(seed)
    settings = rng.shuffled(words.settings)[:2]
    return _joined(retold, *(_fill(setting, words, rng) for setting in settings))


def make_instructions(tags: Tags, rng: SeededRandom) -> list[str]:
    """New instructions like the seed's; about the context, where there is one."""
    seed = _example(tags).question or tags.get("task")
    make = _grounded if tags.get("context").strip() else _freeform
    found: dict[str, None] = {}
    wanted = tags.count(5)
    for _ in range(3 * wanted):
        found.setdefault(make(seed, tags, rng))
        if len(found) == wanted:
            break
    return list(found)


def make_response(tags: Tags, rng: SeededRandom) -> str:
    """The seed's answer with the words of the instruction, and a closing that names its subject."""
    example, instruction, context = _example(tags), tags.get("instruction"), tags.get("context")
    words = speech(instruction)
    pair = (example.context, context) if context.strip() else (example.question, instruction)
    mapping = compare(*pair)
    answer = substitute(example.answer, mapping) if mapping else example.answer
    about = _subjects(context, instruction, rng) if context.strip() else _subject(instruction, rng)
    closing = rng.pick(words.closings).format(about=about)
    return _joined(answer, closing) if answer.strip() else closing


def _example(tags: Tags) -> Example:
    return tags.examples[0] if tags.examples else Example("", "")


def _protected(tags: Tags) -> frozenset[str]:
    """Words that make the task what it is."""
    return frozenset(stem(word) for word in WORD.findall(tags.get("task")))


def _freeform(seed: str, tags: Tags, rng: SeededRandom) -> str:
    words = speech(seed)
    retold = recast(_window(seed, rng), _protected(tags), rng)
    opening, ending = rng.pick(words.openings), rng.pick(words.endings)
    while not (opening or ending) or (len(retold) > _LONG and not opening):
        opening, ending = rng.pick(words.openings), rng.pick(words.endings)
    return _joined(_fill(opening, words, rng), _capital(retold), _fill(ending, words, rng))


def _window(seed: str, rng: SeededRandom) -> str:
    """A long seed loses some of its middle, so that two retellings of it differ."""
    found = sentences(seed)
    if len(seed) <= _LONG or len(found) < 4 or "\n" in seed.strip():
        return seed
    left_out = 1 + rng.below(len(found) - 2)
    return " ".join(sentence.raw for place, sentence in enumerate(found) if place != left_out)


def _half(seed: str, rng: SeededRandom) -> str:
    """Half the sentences of a context that has many, so that two contexts after one seed differ."""
    found = sentences(seed)
    if len(found) < 4 or "\n" in seed.strip():
        return seed
    kept = sorted(rng.shuffled(range(len(found)))[: (len(found) + 1) // 2])
    return " ".join(found[place].raw for place in kept)


def _grounded(seed: str, tags: Tags, rng: SeededRandom) -> str:
    words = speech(seed)
    subject = _subject(tags.get("context"), rng)
    korean = is_korean(seed)
    frames = (
        (f"{with_particle(subject, '을')} 빠뜨리지 말아 주세요.", f"특히 {subject}에 주의해 주세요.")
        if korean
        else (f"Take care of the part on {subject}.", f"Keep {subject} in it.", f"Begin with {subject}.")
    )
    # They share a context, and with it are compared: each must bring much of its own.
    opening, ending = (
        rng.pick([text for text in texts if text]) for texts in (words.openings, words.endings)
    )
    parts = (_fill(opening, words, rng), _capital(seed.strip()), rng.pick(frames))
    return _joined(*parts, _fill(ending, words, rng))


def _subject(text: str, rng: SeededRandom) -> str:
    """Something the text speaks of."""
    if is_korean(text):
        nouns = find_nouns(text)
        return rng.pick(nouns) if nouns else "물음"
    phrases = sorted(set(noun_phrases(" ".join(text.split()))))
    return rng.pick(phrases) if phrases else "the question"


def _subjects(context: str, instruction: str, rng: SeededRandom) -> str:
    """Something of the context and something of the instruction."""
    one, other = _subject(context, rng), _subject(instruction, rng)
    return f"{with_particle(one, '과')} {other}" if is_korean(context) else f"{one} and {other}"


def _fill(template: str, words: Vocabulary, rng: SeededRandom) -> str:
    def take(slot: re.Match[str]) -> str:
        word = rng.pick(getattr(words, _KINDS[slot[1].casefold()]))
        return with_particle(word, slot[2]) if slot[2] else str(word)

    return with_articles(_SLOT.sub(take, template))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(*parts: str) -> str:
    kept = [part.strip() for part in parts if part.strip()]
    apart = any("\n" in part or part[-1].isalnum() for part in kept[:-1])
    return ("\n" if apart else " ").join(kept)
