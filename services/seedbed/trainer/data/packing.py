"""Packing: samples into rows of so many tokens at most, with as little room left as can be. Pure."""

from bisect import bisect_left, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Rows of places in `lengths`: the longest first, each where it fits most closely.

    Raises ValueError where one is longer than a row.
    """
    rows: list[list[int]] = []
    # Room left and the row's number, in order: the first that is large enough fits most closely.
    room: list[tuple[int, int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        length = lengths[place]
        if length > capacity:
            raise ValueError(f"a sample of {length} tokens has no room in a row of {capacity}")
        found = bisect_left(room, (length, -1))
        if found < len(room):
            left, number = room.pop(found)
            rows[number].append(place)
        else:
            left, number = capacity, len(rows)
            rows.append([place])
        insort(room, (left - length, number))
    return rows
