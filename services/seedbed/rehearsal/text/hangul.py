"""Korean, as far as simple patterns need it: final consonants, particles, endings.

No dictionary: what looks like noun and particle is taken as such.
"""

from __future__ import annotations

import re

_LETTER = re.compile(r"[^\W\d_]")
_SYLLABLE = re.compile(r"[가-힣]")
# Longest first; the pairs differ by the final consonant of the noun before them.
_PARTICLES = tuple(
    """에서부터 으로부터 에게서 으로써 으로서 이라는 에서는 에서도 으로는 까지는 부터는 로부터 에서 에게 으로
    까지 부터 처럼 보다 마다 이나 라는 에는 에도 로는 와는 과는 만을 은 는 이 가 을 를 과 와 의 에 로 도 만
    나""".split()
)
_FORMS = [pair.split("/") for pair in "은/는 이/가 을/를 과/와 으로/로 이라는/라는 이나/나".split()]
_PAIRS = {
    form: (after_final, after_vowel)
    for after_final, after_vowel in _FORMS
    for form in (after_final, after_vowel)
}
_DIGITS_WITH_FINAL = "013678"
_LATIN_WITH_FINAL = "lmnLMN"
_RIEUL = 8


def is_korean(text: str) -> bool:
    """True where more than three letters in ten are Hangul.

    Not `pipeline.language`, where two in ten are enough: texts between the two would be answered otherwise,
    and a rehearsal's replies are to stay what they were.
    """
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_SYLLABLE.findall(text)) > 0.3 * letters


def has_final(word: str) -> bool:
    """True where the word ends, as it is read, in a consonant."""
    last = word[-1:]
    if _SYLLABLE.match(last):
        return (ord(last) - 0xAC00) % 28 != 0
    return last in _DIGITS_WITH_FINAL or last in _LATIN_WITH_FINAL


def with_particle(noun: str, particle: str) -> str:
    """The noun with the particle in the form that fits it."""
    pair = _PAIRS.get(particle)
    if pair is None:
        return noun + particle
    ends_in_rieul = _SYLLABLE.match(noun[-1:]) and (ord(noun[-1]) - 0xAC00) % 28 == _RIEUL
    if pair[1] == "로" and ends_in_rieul:
        return noun + "로"
    return noun + pair[0 if has_final(noun) else 1]


def split_particle(word: str) -> tuple[str, str]:
    """What looks like the noun, and the particle after it (empty where none is seen)."""
    for particle in _PARTICLES:
        if word.endswith(particle) and len(word) > len(particle):
            noun = word[: -len(particle)]
            if particle in _PAIRS and not _fits(noun, particle):
                continue
            return noun, particle
    return word, ""


def _fits(noun: str, particle: str) -> bool:
    return with_particle(noun, particle) == noun + particle
