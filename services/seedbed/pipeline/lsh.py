"""Locality-sensitive hashing: which of many signatures share a band, in a few hundred bytes each. Pure.

Hash tables of plain numbers, as a mapping of objects takes several times the memory. None is ever made anew:
when one is full another of twice its size is begun, so that nothing waits for all to be entered again.
"""

from array import array
from collections.abc import Sequence

_FIRST = 1 << 15
"""Slots of the first table."""
_TAG = (1 << 32) - 1


def cut_bands(signature: Sequence[int], bands: int) -> list[int]:
    """A key of 64 bits for each band of a signature."""
    rows = len(signature) // bands
    return [
        hash((band, *signature[band * rows : (band + 1) * rows])) & 0xFFFFFFFFFFFFFFFF
        for band in range(bands)
    ]


class LshIndex:
    """Numbers by the keys of their bands."""

    def __init__(self) -> None:
        self._tables = [_Table(_FIRST)]

    def add(self, number: int, keys: Sequence[int]) -> None:
        """Enter a number, at 0 or above."""
        table = self._tables[-1]
        if table.room < len(keys):
            table = _Table(2 * table.slots)
            self._tables.append(table)
        for key in keys:
            table.enter(key, number)

    def find(self, keys: Sequence[int]) -> set[int]:
        """Numbers that have one of these keys; of a billion others, one by mistake."""
        found: set[int] = set()
        for table in self._tables:
            table.look_up(keys, found)
        return found


class _Table:
    """Open addressing: a number stands at its key's place, or at the next free one; half are filled."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.room = slots // 2
        self._tags = array("I", bytes(4 * slots))
        self._numbers = array("I", bytes(4 * slots))
        """Each one higher than it is: 0 is a free place."""

    def enter(self, key: int, number: int) -> None:
        numbers, place = self._numbers, (key >> 32) & (self.slots - 1)
        while numbers[place]:
            place = (place + 1) & (self.slots - 1)
        self._tags[place], numbers[place] = key & _TAG, number + 1
        self.room -= 1

    def look_up(self, keys: Sequence[int], found: set[int]) -> None:
        tags, numbers, most = self._tags, self._numbers, self.slots - 1
        for key in keys:
            tag, place = key & _TAG, (key >> 32) & most
            while number := numbers[place]:
                if tags[place] == tag:
                    found.add(number - 1)
                place = (place + 1) & most
