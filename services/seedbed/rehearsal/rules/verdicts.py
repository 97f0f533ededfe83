"""Verdicts by rule: what stands in the document, what speaks of the subject, what stands alone.

Weighs only what it is shown: never chance, never who wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from seedbed.pipeline.grounding import numbers
from seedbed.rehearsal.tags import Tags
from seedbed.rehearsal.text.hangul import is_korean
from seedbed.rehearsal.text.sentences import Sentence, plain_text, sentences
from seedbed.rehearsal.text.words import content, negated, subject_words

_POINTING = re.compile(
    r"\b(?:(?:this|that|these|those|the (?:above|following|given|provided)) "
    r"(?:text|passage|document|article|section|context|paragraph|excerpt|author)"
    r"|(?:text|passage|paragraph) above"
    r"|according to the (?:text|passage|document|article|author)"
    r"|the (?:text|passage|document|author) (?:says?|mentions?|states?|describes?))\b"
    r"|(?:이|위|위의|다음의?|주어진|본) (?:글|문서|본문|지문|문단)|본문에서|지문에서|글에서|글쓴이",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^(?:what|who|where|when|why|how|which|is|are|was|were|do|does|did|can|could)\b(?: \w+){0,2}?"
    r" (?:it|they|he|she|him|them|this(?= (?:is|was|mean|do|say|show))|its|their|his|her)\b"
    r"|^(?:이것|그것|이들|그들|그는|그녀|이는|여기)",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:it|they|he|she|his|her|their|its|this|these|those|such)\b"
    r"|(?:이|그|이것|그것|이들|그들|이는|이런|그런|이러한|그러한)\s",
    re.IGNORECASE,
)
Shelf = tuple[tuple[Sentence, frozenset[str]], ...]
_IN_SENTENCE, _IN_DOCUMENT = 0.6, 0.85


@dataclass(frozen=True, slots=True)
class Grounding:
    """How an answer stands to a document."""

    evidence: str
    # What the sentences that bear it out are about.
    words: frozenset[str]
    # What the document lacks; empty where it bears the answer out.
    lack: str = ""


def judge_grounded(tags: Tags) -> dict[str, object]:
    """A pair against the passage it must rest on."""
    document, question, answer = tags.get("document"), tags.get("question"), tags.get("answer")
    ground = ground_answer(document, answer, question)
    relevancy = min(_relevancy(document, tags.get("domain"), question, ground), 1 if _dangles(answer) else 2)
    alone = stands_alone(question)
    borne_out = ground.lack or "Every claim of the answer stands in the document."
    said = f"{borne_out} The question is to the point with {relevancy} of 2."
    return {
        "explanation": said if alone else f"{said} The question points to words outside itself.",
        "evidence": ground.evidence,
        "faithful": int(not ground.lack),
        "relevancy": relevancy,
        "standalone": int(alone),
    }


def ground_answer(document: str, answer: str, question: str = "") -> Grounding:
    """Look for each sentence of the answer in the document; of equals, the question tells which is meant."""
    shelf = _shelf(document)
    claims = [claim.plain for claim in sentences(answer)] or [plain_text(answer)]
    nothing: frozenset[str] = frozenset()
    if not shelf or not any(content(claim) for claim in claims):
        return Grounding("", nothing, "There is nothing to compare.")
    everything = nothing.union(*(words for _, words in shelf))
    evidence, near, asked = "", nothing, subject_words(question)
    for claim in claims:
        words = content(claim)
        best, found = _best(shelf, claim, words, asked)
        evidence, near = evidence or best.raw, near | found
        missing = _missing(claim, words, best, found, everything, document)
        if missing:
            return Grounding(evidence, near, missing)
    return Grounding(evidence, near)


def _dangles(answer: str) -> bool:
    """True where nobody can tell whom or what the answer begins with."""
    return bool(_DANGLING.match(answer))


def stands_alone(question: str) -> bool:
    """True where the question is clear without the document at hand."""
    asked = question.split("“", 1)[0]
    return bool(subject_words(question)) and not _POINTING.search(question) and not _BARE.search(asked)


@lru_cache(maxsize=512)
def _shelf(document: str) -> Shelf:
    return tuple((sentence, content(sentence.plain)) for sentence in sentences(document))


def _best(
    shelf: Shelf, claim: str, words: frozenset[str], asked: frozenset[str]
) -> tuple[Sentence, frozenset[str]]:
    folded = claim.rstrip(".").casefold()

    def weigh(entry: tuple[Sentence, frozenset[str]]) -> tuple[int, bool, int, int]:
        sentence, found = entry
        shared = len(words & found) + sum(1 for word in words - found if _stands(word, sentence.plain))
        return shared, folded in sentence.plain.casefold(), len(asked & found), -len(found)

    return max(shelf, key=weigh)


def _missing(
    claim: str,
    words: frozenset[str],
    best: Sentence,
    found: frozenset[str],
    everything: frozenset[str],
    document: str,
) -> str:
    """Why the claim is not in the document; empty where it is."""
    strange = numbers(claim) - numbers(best.plain)
    if strange:
        return f"The document does not give {', '.join(sorted(strange))} there."
    if not words:
        return ""
    absent = {word for word in words - everything if not _stands(word, document)}
    if len(absent) > (1 - _IN_DOCUMENT) * len(words):
        return f"The document does not speak of {', '.join(sorted(absent)[:5])}."
    if len(words & found) + len(_stems_in(words - found, best)) < _IN_SENTENCE * len(words):
        return "The words of the answer are scattered over the document, but no sentence says this."
    if negated(claim) != negated(best.plain) and len(words) > 2:
        return "The document says the contrary."
    return ""


def _stems_in(words: frozenset[str], best: Sentence) -> list[str]:
    return [word for word in words if _stands(word, best.plain)]


def _stands(word: str, text: str) -> bool:
    """True where a Korean word stands in the text, its ending aside; others are compared by stems."""
    return is_korean(word) and any(word[:end] in text for end in range(len(word), max(1, len(word) - 3), -1))


def _relevancy(document: str, domain: str, question: str, ground: Grounding) -> int:
    """One point for the subject, one for the point of the question."""
    asked = subject_words(question)
    if not asked:
        return 0
    known = frozenset[str]().union(*(words for _, words in _shelf(document))) | content(domain)
    on_subject = sum(word in known or _stands(word, document) for word in asked)
    if on_subject < 0.5 * len(asked):
        return 0
    plain = ground.evidence
    to_point = sum(word in ground.words or _stands(word, plain) for word in asked)
    return 2 if to_point >= 0.3 * len(asked) else 1
