"""Near duplicates: MinHash for candidates, exact Jaccard to decide. Works for any script."""

import re
import unicodedata

from rensa import RMinHash, RMinHashLSH

_SPACE = re.compile(r"\s+")
_PERMUTATIONS = 128
_BANDS = 32
_SEED = 42


def grams(text: str) -> frozenset[str]:
    """The character 3-grams of `text`, with case, composition and white space folded."""
    folded = _SPACE.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()
    if len(folded) < 3:
        return frozenset({folded}) if folded else frozenset()
    return frozenset(folded[i : i + 3] for i in range(len(folded) - 2))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Share of common grams, 0 to 1; two empty sets are equal."""
    if not a and not b:
        return 1.0
    common = len(a & b)
    return common / (len(a) + len(b) - common)


class NearDuplicates:
    """Texts by key; finds one that is alike. Fixed seeds: the answer depends on the texts only."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._index = RMinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, num_bands=_BANDS)
        # Texts and not their grams, which take fifty times the room and are needed for candidates only.
        self._texts: list[tuple[str, str]] = []

    def find(self, text: str) -> str | None:
        """The key of the earliest text that is alike, or None."""
        found = grams(text)
        numbers: list[int] = sorted(self._index.query(_signature(found)))
        for number in numbers:
            key, other = self._texts[number]
            if jaccard(found, grams(other)) >= self._threshold:
                return key
        return None

    def add(self, key: str, text: str) -> None:
        """Keep a text under its key."""
        self._index.insert(len(self._texts), _signature(grams(text)))
        self._texts.append((key, text))


def _signature(found: frozenset[str]) -> RMinHash:
    signature = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    # Sorted, so that the signature never depends on the order of hashing.
    signature.update(sorted(found))
    return signature
