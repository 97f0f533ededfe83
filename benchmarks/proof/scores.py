"""What an answer is worth beside the one that the question's writer gave, as SQuAD 1.1 counts it. Pure."""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> list[str]:
    """Its words in small letters, without punctuation and articles."""
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def exact(answer: str, gold: str) -> int:
    """Whether it is the same but for that."""
    return int(normalise(answer) == normalise(gold))


def f1(answer: str, gold: str) -> float:
    """The harmonic mean of how many of its words are right and how many of the right ones it has."""
    said, right = normalise(answer), normalise(gold)
    common = sum((Counter(said) & Counter(right)).values())
    if not said or not right:
        return float(said == right)
    return 2 * common / (len(said) + len(right))


def holds(answer: str, gold: str) -> int:
    """Whether the right answer stands in it, word for word."""
    right = normalise(gold)
    return int(bool(right) and f" {' '.join(right)} " in f" {' '.join(normalise(answer))} ")
