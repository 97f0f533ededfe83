"""Near duplicates: MinHash for candidates, exact Jaccard to decide. Works for any script."""

import re
import unicodedata

from rensa import RMinHash

from seedbed.pipeline.lsh import LshIndex, cut_bands

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
        self._bands = LshIndex()
        # Texts and not their grams, which take fifty times the memory and are needed for candidates only.
        self._texts: list[tuple[str, str]] = []

    def keep(self, key: str, text: str) -> str | None:
        """Keep a text under its key, unless one like it is kept: then the key of that one."""
        found = grams(text)
        keys = _keys(found)
        other = self._find(found, keys)
        if other is None:
            self._add(key, text, keys)
        return other

    def find(self, text: str) -> str | None:
        """The key of the earliest text that is alike, or None."""
        found = grams(text)
        return self._find(found, _keys(found))

    def add(self, key: str, text: str) -> None:
        """Keep a text under its key, whatever it is like."""
        self._add(key, text, _keys(grams(text)))

    def _find(self, found: frozenset[str], keys: list[int]) -> str | None:
        for number in sorted(self._bands.find(keys)):
            key, other = self._texts[number]
            if jaccard(found, grams(other)) >= self._threshold:
                return key
        return None

    def _add(self, key: str, text: str, keys: list[int]) -> None:
        self._bands.add(len(self._texts), keys)
        self._texts.append((key, text))


def _keys(found: frozenset[str]) -> list[int]:
    signature = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    # In any order: of each permutation only the least counts.
    signature.update(list(found))
    return cut_bands(signature.digest(), _BANDS)
