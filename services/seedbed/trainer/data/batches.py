"""The steps of a phase: which samples each learns from, in which rows, on which process. Pure.

It is a function of the recipe, the phase and the samples' lengths, so that every process knows all of it, and
whoever takes a training up again knows what comes next.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count

from seedbed.kernel.errors import ItemError
from seedbed.trainer.data.selection import lot
from seedbed.trainer.recipe import Phase

MOST_EPOCHS = 10_000


class TooManyEpochs(ItemError):
    """A phase is to learn far more tokens than its rows have."""

    code = "INVALID_ARGUMENT"
    reason = "TOO_MANY_EPOCHS"


@dataclass(frozen=True, slots=True)
class Step:
    """What one optimizer step learns from: rows of samples' numbers."""

    epoch: int
    rows: tuple[tuple[int, ...], ...]

    @property
    def samples(self) -> list[int]:
        """The samples' numbers, row after row."""
        return [number for row in self.rows for number in row]

    def split(self, process: int, processes: int) -> list[tuple[int, ...]]:
        """The rows of one process. All have equally many: whoever has fewer gets empty ones."""
        most = -(-len(self.rows) // processes)
        mine = list(self.rows[process::processes])
        return mine + [()] * (most - len(mine))


def plan_steps(
    phase: Phase,
    lengths: Sequence[int],
    seed: int,
    row_tokens: int,
    *,
    packing: bool,
    counted: Sequence[int] = (),
) -> list[Step]:
    """The steps of all epochs, each in an order drawn from `seed`. Raises TooManyEpochs.

    `lengths` are the samples', in tokens; `counted`, how many of those count, where the phase goes by them.
    """
    return [
        Step(epoch, _rows(batch, lengths, row_tokens, packing=packing))
        for epoch, order in enumerate(_orders(phase, len(lengths), seed, counted))
        for batch in _batches(phase, order, lengths)
    ]


def _orders(phase: Phase, samples: int, seed: int, counted: Sequence[int]) -> Iterator[list[int]]:
    """The samples of each epoch, in order; the last one ends with the sample that reaches `tokens`."""
    left, whole = phase.tokens, sum(counted)
    if left is not None and left > whole * MOST_EPOCHS:
        raise TooManyEpochs(
            f"phase {phase.name}: its rows have {whole} tokens that count, and it is to learn {left}",
            hint=f"lower `tokens`: every row is shown {MOST_EPOCHS} times at most",
        )
    for epoch in range(phase.epochs) if left is None else count():
        label = f"{phase.name}/epoch/{epoch}"
        order = sorted(range(samples), key=lambda number: lot(seed, label, str(number)))
        if left is None:
            yield order
        elif left > whole:
            left -= whole
            yield order
        else:
            sums = list(accumulate(counted[number] for number in order))
            yield order[: bisect_left(sums, left) + 1]
            return


def _batches(phase: Phase, order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    tokens = 0
    for number in order:
        batch.append(number)
        tokens += lengths[number]
        full = (
            len(batch) == phase.batch_samples if phase.batch_samples else tokens >= (phase.batch_tokens or 0)
        )
        if full:
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch


def _rows(
    batch: Sequence[int], lengths: Sequence[int], row_tokens: int, *, packing: bool
) -> tuple[tuple[int, ...], ...]:
    if not packing:
        return tuple((number,) for number in batch)
    packed = pack([lengths[number] for number in batch], row_tokens)
    return tuple(tuple(batch[place] for place in row) for row in packed)


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
