"""Questions about English sentences, and the words of the sentence that answer them.

Pure patterns; a question names its subject, as nobody will have the document at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.text.phrases import (
    Parts,
    do_support,
    is_pronoun,
    lower_first,
    noun_phrases,
    points_back,
    take_apart,
)
from seedbed.rehearsal.text.words import content


class Pair(NamedTuple):
    """A question and its answer."""

    question: str
    answer: str


_GAP = "____"
_YEAR = re.compile(
    r"\b(?:[Ii]n|[Ss]ince|[Bb]y|[Uu]ntil) (?:[A-Z][a-z]+ )?(?:1[0-9]|20)\d\d\b"
    r"|\b(?:[A-Z][a-z]+ \d{1,2}, )\d{4}\b"
)
_PLACE = re.compile(
    r"\b(?:in|at|from|throughout|across|near|to) "
    r"((?:the )?[A-Z][\w'’.-]+(?: (?:of |and |the )?[A-Z][\w'’.-]+){0,3})"
)
_MEASURE = re.compile(
    r"(?<![\w.])(?:[$€£] ?)?\d[\d,.]*(?:[–-]\d[\d,.]*)?"
    r"(?: ?%| (?:percent|million|billion))?(?: [a-zA-Z°][\w°/-]*)?"
)
_AMOUNT = re.compile(
    r"(?<![\w.])(\d[\d,]*(?:[–-]\d+)?|two|three|four|five|six|seven|eight|nine|ten|twelve) ([a-z-]+s)\b"
)
_PERSON = re.compile(r"^(?:(?:[A-Z][\w'’.-]+|[a-z]+) )*[A-Z][\w'’.-]+ [A-Z][\w'’.-]+$")

Pattern = Callable[[str, str, SeededRandom], Pair | None]


def ask_short(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    """A question that a phrase or the one sentence answers."""
    for pattern in rng.shuffled(_SHORT):
        pair = pattern(sentence, topic, rng)
        if pair is not None and 12 < len(pair.question) < 420 and pair.answer.strip():
            return pair
    return None


def ask_long(first: str, second: str, topic: str, rng: SeededRandom) -> Pair | None:
    """A question that both sentences together answer."""
    answer = f"{first} {second}"
    phrases = _phrases(first, topic, rng)
    others = [phrase for phrase in _phrases(second, topic, rng) if phrase.casefold() not in first.casefold()]
    if not phrases:
        return None
    one, other = phrases[0], others[0] if others else phrases[-1]
    frames = [
        f"What is known about {one} with regard to {topic}, and what about {other}?",
        f"Please explain {one} and {other} as they concern {topic}.",
        f"How do {one} and {other} come into the account of {topic}?",
    ]
    parts = take_apart(first)
    if parts is not None and not is_pronoun(parts.subject) and not points_back(parts.rest):
        who = "Who or what"
        frames += [f"{who} {parts.verb} {parts.rest}, and what else is there to know about {other}?"] * 2
    if " because " in first or " so that " in first or " due to " in first:
        frames += [f"Why are {one} and {other} as they are in the case of {topic}? Give the reasons."] * 3
    return Pair(rng.pick(frames), answer)


def _phrases(sentence: str, topic: str, rng: SeededRandom) -> list[str]:
    known = topic.casefold()
    found = {phrase for phrase in noun_phrases(sentence) if phrase.casefold().removesuffix("s") not in known}
    return rng.shuffled(sorted(found, key=lambda phrase: (-len(phrase), phrase))[:4])


def _named(parts: Parts, topic: str) -> str | None:
    """The subject by name; None where only the sentence before tells who is meant."""
    if not is_pronoun(parts.subject):
        return None if points_back(parts.subject) else lower_first(parts.subject)
    return topic if parts.subject.casefold() in ("it", "they") else None


def _about_subject(sentence: str, _topic: str, rng: SeededRandom) -> Pair | None:
    parts = take_apart(sentence)
    if parts is None or is_pronoun(parts.subject) or points_back(parts.subject) or points_back(parts.rest):
        return None
    if not content(parts.subject):
        return None
    asked = "who" if _PERSON.match(parts.subject) else rng.pick(["what", "who or what"])
    opening = f"{parts.opening}, {asked}" if parts.opening else asked.capitalize()
    return Pair(f"{opening} {parts.verb} {parts.rest}?", parts.subject)


def _about_being(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    parts = take_apart(sentence)
    if parts is None or parts.verb not in ("is", "are", "was", "were"):
        return None
    subject = None if is_pronoun(parts.subject) else _named(parts, topic)
    if subject is None or not re.match(r"(?:an?|the|one|known|among)\b", parts.rest):
        return None
    question = (
        f"What {parts.verb} {subject}?"
        if rng.below(2)
        else f"How would you describe what {subject} {parts.verb}?"
    )
    return Pair(question, rng.pick([parts.rest, sentence]))


def _about_doing(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    parts = take_apart(sentence)
    support = do_support(parts.verb) if parts else None
    subject = _named(parts, topic) if parts else None
    if parts is None or support is None or subject is None or parts.opening:
        return None
    base, helper = support
    asked = "Where" if re.match(r"(?:in|at|throughout|near)\b", parts.rest) else "What"
    return Pair(f"{asked} {helper} {subject} {base}?", rng.pick([parts.rest, sentence]))


def _about_amount(sentence: str, topic: str, _rng: SeededRandom) -> Pair | None:
    parts = take_apart(sentence)
    amount = _AMOUNT.search(sentence)
    support = do_support(parts.verb) if parts else None
    subject = _named(parts, topic) if parts else None
    if parts is None or amount is None or support is None or subject is None:
        return None
    before, found, _ = parts.rest.partition(amount.group())
    if not found or len(before) > 25:
        return None
    question = f"How many {amount.group(2)} {support[1]} {subject} {support[0]} {before}".strip()
    return Pair(f"{question}?", amount.group())


def _about_year(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    return _gap(sentence, _YEAR, "Which date belongs in the statement on", topic, rng)


def _about_place(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    return _gap(sentence, _PLACE, "Which place belongs in the statement on", topic, rng)


def _about_number(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    return _gap(sentence, _MEASURE, "Which figure completes the statement on", topic, rng)


def _about_term(sentence: str, topic: str, rng: SeededRandom) -> Pair | None:
    phrases = [phrase for phrase in noun_phrases(sentence) if phrase.count(" ") < 3]
    if not phrases:
        return None
    term = re.compile(re.escape(rng.pick(phrases)))
    frame = rng.pick(
        ["Complete the statement on", "Which words are missing from the statement on", "Fill the gap about"]
    )
    return _gap(sentence, term, frame, topic, rng)


def _gap(sentence: str, pattern: re.Pattern[str], frame: str, topic: str, rng: SeededRandom) -> Pair | None:
    matches = list(pattern.finditer(sentence))
    if not matches or points_back(sentence):
        return None
    match = rng.pick(matches)
    group = 1 if match.re.groups else 0
    start, end = match.span(group)
    gapped = f"{sentence[:start]}{_GAP}{sentence[end:]}"
    answer = match.group(group).rstrip(".,")
    if not answer:
        return None
    return Pair(f"{frame} {topic}: “{gapped}”", rng.pick([answer, answer, sentence]))


_SHORT: tuple[Pattern, ...] = (
    _about_subject,
    _about_being,
    _about_doing,
    _about_amount,
    _about_year,
    _about_place,
    _about_number,
    _about_term,
)
