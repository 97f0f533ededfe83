"""A text retold with other names, numbers and things, the same word always by the same one.

Goes by the place of a word in its sentence; knows nothing of tasks or answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from seedbed.rehearsal.seeded_random import SeededRandom
from seedbed.rehearsal.text.hangul import is_korean, split_particle, with_particle
from seedbed.rehearsal.text.phrases import do_support
from seedbed.rehearsal.text.vocabulary import ENGLISH, KOREAN, Vocabulary
from seedbed.rehearsal.text.words import STOP, stem

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[^\w]+|_+")
_ONE = frozenset("a an each every another".split())
_DETERMINERS = frozenset(
    """a an the some all many few several my your his her their our its no any each every of for with
    two three four five six seven eight nine ten another than""".split()
)
_OURS = "|".join((*ENGLISH.nouns, *ENGLISH.adjectives, *ENGLISH.trades))
_ARTICLE = re.compile(rf"\b([Aa])n? ({_OURS})\b")
# What tasks are put in: putting another word there would make them unreadable.
_KEPT = frozenset(
    """word words text question answer answers list sentence scenario table number numbers result
    sequence explanation following explain step steps minute minutes hour hours day days week month
    months year years time order way example first last next second third same different yes no value
    total result amount cost price average letter letters language terminology term terms simple simpler
    easier inclusive better odd man one out other others rest remaining write rewrite give tell show use
    end later earlier ago monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december""".split()
)
_KOREAN_KEPT = frozenset(
    "문장 단어 낱말 글 질문 답 다음 이유 목록 표 설명 내용 뜻 말 보기 순서 이름 높임말 속담".split()
)
_VERBAL = ("하", "되", "있", "없", "리", "으", "지", "르", "우", "치", "이")


def speech(text: str) -> Vocabulary:
    """The vocabulary for the language of a text."""
    return KOREAN if is_korean(text) else ENGLISH


def recast(text: str, kept: frozenset[str], rng: SeededRandom) -> str:
    """Tell the text again; stems in `kept` stay."""
    mapping: dict[str, str] = {}
    if is_korean(text):
        return re.sub(r"[가-힣]+|\d+", lambda found: _korean(found.group(), kept, mapping, rng), text)
    tokens = _TOKEN.findall(text)
    present = {token.casefold() for token in tokens}
    for place, kind in _places(tokens):
        word = tokens[place]
        if kind == "number":
            mapping.setdefault(word, str(2 + rng.below(2 * int(word) + 9)))
        elif stem(word) not in kept and word.casefold() not in _KEPT and word.casefold() not in mapping:
            mapping[word.casefold()] = _fresh(getattr(ENGLISH, kind), mapping, present, rng)
    return with_articles(substitute(text, mapping))


def with_articles(text: str) -> str:
    """`a` or `an` as the vocabulary's words need it; other words keep what they had."""
    return _ARTICLE.sub(lambda found: found[1] + ("n " if found[2][0] in "aeiou" else " ") + found[2], text)


def substitute(text: str, mapping: Mapping[str, str]) -> str:
    """Put words in the place of others, with the capital of what was there."""

    def instead(found: re.Match[str]) -> str:
        word = found.group()
        other = mapping.get(word) or mapping.get(word.casefold())
        return word if other is None else other.capitalize() if word[0].isupper() else other

    return _TOKEN.sub(instead, text)


def compare(before: str, after: str) -> dict[str, str]:
    """Which words of `before` stand where others stand in `after`."""
    old, new = _words(before), _words(after)
    mapping: dict[str, str] = {}
    for action, start, end, other, other_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if action == "replace" and end - start == other_end - other:
            mapping.update(zip(old[start:end], new[other:other_end], strict=True))
    return {word: instead for word, instead in mapping.items() if word.casefold() not in STOP}


def _words(text: str) -> list[str]:
    return [token.casefold() for token in _TOKEN.findall(text) if token[0].isalnum()]


def _places(tokens: list[str]) -> Iterator[tuple[int, str]]:
    """Where a word can be put in another's place, and what kind of word it takes."""
    expecting, described, one, starts = False, False, False, True
    for place, token in enumerate(tokens):
        gap = tokens[place + 1] if place + 1 < len(tokens) else "\n"
        if not token[0].isalnum():
            listed = bool(re.search(r"[,:\n;]", token)) or token.startswith((".", ")"))
            starts = bool(re.search(r"[.?!:\"“\n)]", token))
            expecting = (expecting and not listed) or (
                listed and gap[0].isalpha() and _ends_here(tokens, place + 2)
            )
        elif token.isdigit():
            if len(token) < 5 and not gap.startswith((".", ")")) and not gap[0].isalnum():
                yield place, "number"
            expecting, described = True, False
        elif token.casefold() in _DETERMINERS:
            expecting, described, one = True, False, token.casefold() in _ONE
        elif token.casefold() in STOP or len(token) < 3:
            expecting = False
        elif token[0].isupper() and not starts:
            yield place, "names"
            expecting = False
        elif expecting:
            following = tokens[place + 2] if place + 2 < len(tokens) else ""
            ends = described or gap != " " or not _goes_on(following) or (one and _is_plural(following))
            kind = "plurals" if _is_plural(token) and not one else "nouns"
            expecting = described = not ends and kind != "plurals"
            yield place, "adjectives" if expecting else kind


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def _goes_on(word: str) -> bool:
    """True where a noun may still follow the word before this one."""
    return word[:1].islower() and word not in STOP and not word.endswith("ed") and do_support(word) is None


def _ends_here(tokens: list[str], place: int) -> bool:
    """True where a list's entry is a single word."""
    return place >= len(tokens) or bool(re.match(r"[,.\n;?]| +(?:and|[a-eA-E0-9])\b", tokens[place]))


def _fresh(choices: Sequence[str], mapping: Mapping[str, str], present: set[str], rng: SeededRandom) -> str:
    """One of the choices that stands for no other word yet and is not in the text already."""
    taken = {*mapping.values(), *present}
    left = [word for word in map(str.casefold, choices) if word not in taken]
    return rng.pick(left or choices).casefold()


def _korean(word: str, kept: frozenset[str], mapping: dict[str, str], rng: SeededRandom) -> str:
    if word.isdigit():
        return mapping.setdefault(word, str(2 + rng.below(2 * int(word) + 9))) if len(word) < 4 else word
    noun, particle = split_particle(word)
    if not particle or len(noun) < 2 or noun in kept or noun in _KOREAN_KEPT or noun.endswith(_VERBAL):
        return word
    if noun not in mapping:
        mapping[noun] = _fresh(KOREAN.nouns, mapping, set(), rng)
    return with_particle(mapping[noun], particle)
