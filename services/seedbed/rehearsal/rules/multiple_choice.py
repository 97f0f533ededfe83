"""Questions with one right statement and three wrong ones: the right one stands in the document.

A wrong one is the same sentence with one term exchanged for another of the same kind from elsewhere in the
document: by its form alone nobody can tell it from the right one.
"""

from __future__ import annotations

from seedbed.rehearsal.rules import korean_questions
from seedbed.rehearsal.rules.pairs import find_topic, is_telling
from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.hangul import is_korean, split_particle, with_particle
from seedbed.rehearsal.text.phrases import noun_phrases, points_back
from seedbed.rehearsal.text.sentences import Sentence, sentences
from seedbed.rehearsal.text.words import content

_WRONG = 3
_AS_LONG = 4
_MARKS = ".,;:!?()[]“”‘’\"'"


def make_choices(tags: Tags, rng: SeededRandom) -> list[dict[str, object]]:
    """As many questions as are asked for, or as the document yields."""
    document = tags.get("document")
    telling = [sentence for sentence in sentences(document) if is_telling(sentence)]
    topic, wanted = find_topic(tags, document), tags.count(3)
    found: list[dict[str, object]] = []
    for sentence in rng.shuffled(telling):
        choice = _make_choice(sentence, telling, topic, rng)
        if choice is not None:
            found.append(choice)
        if len(found) == wanted:
            break
    return found


def _make_choice(
    sentence: Sentence, telling: list[Sentence], topic: str, rng: SeededRandom
) -> dict[str, object] | None:
    hangul = is_korean(sentence.plain)
    if korean_questions.points_back(sentence.plain) if hangul else points_back(sentence.plain):
        return None
    # A term of the topic stands in the question, and what repeats the question is likelier whatever is true.
    terms = [term for term in find_terms(sentence.plain) if not _shares(term, topic)]
    words = frozenset(word.strip(_MARKS) for other in telling for word in other.plain.split())
    others = {
        term
        for other in telling
        if other is not sentence
        for term in find_terms(other.plain)
        if not _shares(term, topic)
    }
    for term in rng.shuffled(terms):
        alike = sorted(
            other
            for other in others
            if is_alike(term, other, sentence.plain)
            # With the particle it gets it is a word of the document: else it would be the odd one out.
            and (not hangul or _word_of(exchange(sentence.plain, term, other), sentence.plain) in words)
        )
        about = next((other for other in terms if not _overlap(other, term)), "")
        if len(alike) < _WRONG or not about:
            continue
        wrong = [exchange(sentence.plain, term, other) for other in rng.shuffled(alike)[:_WRONG]]
        return {
            "question": _ask(about, topic, hangul=hangul, rng=rng),
            "answer": sentence.plain,
            "wrong": wrong,
            "evidence": sentence.raw,
        }
    return None


def find_terms(sentence: str) -> list[str]:
    """What a sentence can be asked about."""
    return korean_questions.find_nouns(sentence) if is_korean(sentence) else noun_phrases(sentence)


def is_alike(term: str, other: str, sentence: str) -> bool:
    """Whether the other could stand in the term's place by its form, and is not in the sentence."""
    if _overlap(term, other) or other.casefold() in sentence.casefold():
        return False
    if is_korean(term):
        return is_korean(other) and abs(len(term) - len(other)) <= 1
    same_case = term[0].isupper() == other[0].isupper()
    same_number = term.endswith("s") == other.endswith("s")
    return same_case and same_number and abs(len(term) - len(other)) <= _AS_LONG


def exchange(sentence: str, term: str, other: str) -> str:
    """The sentence with the other in the term's place; in Korean the particle after it follows suit."""
    before, _, after = sentence.partition(term)
    if not is_korean(term):
        return f"{before}{other}{after}"
    word = after.split(" ", 1)[0]
    _, particle = split_particle(term + word.rstrip(".,"))
    if particle and word.startswith(particle):
        return f"{before}{with_particle(other, particle)}{after[len(particle) :]}"
    return f"{before}{other}{after}"


def _shares(term: str, topic: str) -> bool:
    return _overlap(term, topic) or bool(content(term) & content(topic))


def _word_of(changed: str, sentence: str) -> str:
    """The word that an exchange has put in."""
    pairs = zip(changed.split(), sentence.split(), strict=False)
    return next((word for word, old in pairs if word != old), "").strip(_MARKS)


def _overlap(one: str, other: str) -> bool:
    one, other = one.casefold(), other.casefold()
    return one in other or other in one


def _ask(about: str, topic: str, *, hangul: bool, rng: SeededRandom) -> str:
    if hangul:
        frames = [
            f"{topic}에 관하여 {about}에 대한 설명으로 옳은 것은 무엇입니까?",
            f"{about}에 관한 다음 설명 가운데 {topic}에 맞는 것은 무엇입니까?",
        ]
    else:
        frames = [
            f"Which statement about {about} is right as regards {topic}?",
            f"With regard to {topic}, what is true of {about}?",
        ]
    return rng.pick(frames)
