"""What came of measuring one row of the table, and where it is measured. Knows no row."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What was measured."""

    figure: str
    """As it stands in the table."""
    met: bool
    notes: tuple[str, ...] = ()
    """What else was seen, a line each."""
    value: float = 0
    """By which several measurements of a row are ordered; their median counts."""


@dataclass(frozen=True)
class Place:
    """A folder to work in, and how large the measurement is to be: 1 for what the bar speaks of."""

    folder: Path
    size: float = 1

    def scale(self, count: int, least: int = 1) -> int:
        """A count at this size."""
        return max(least, round(count * self.size))


@dataclass(frozen=True)
class Row:
    """One row: what it is about, its bar, and the function that measures it."""

    name: str
    what: str
    must: str
    measure: Callable[[Place], Outcome]
    field: tuple[str, ...] = ()
    """What the field's systems came to, in the order of `PEERS`; empty where nobody measured it."""
    timed: bool = False
    """Whether the figure is a time, which differs from one measurement to the next."""
