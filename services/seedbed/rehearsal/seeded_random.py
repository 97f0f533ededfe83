"""Repeatable choices: the same seed makes the same choices on every machine and Python version.

Knows nothing of what is chosen. (`random` promises that only for `random()` itself.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class SeededRandom:
    """A stream of choices grown from one seed (SplitMix64)."""

    def __init__(self, *seeds: str | int) -> None:
        text = "\x1f".join(str(seed) for seed in seeds)
        self._state = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def below(self, bound: int) -> int:
        """A whole number from 0 up to, not including, `bound`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        value = self._state
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
        return (value ^ (value >> 31)) % bound

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """All of `choices` in another order."""
        order = list(choices)
        for index in range(len(order) - 1, 0, -1):
            other = self.below(index + 1)
            order[index], order[other] = order[other], order[index]
        return order

    def endless(self, choices: Sequence[T]) -> Iterator[T]:
        """All of `choices` in a new order again and again."""
        while choices:
            yield from self.shuffled(choices)
