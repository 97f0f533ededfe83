"""Tables whose cells are drawn: lines across and down that meet, and the words between them. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .drawings import Edge
from .lines import Manner
from .tables import Grid
from .words import Word, text_of

_MEET = 3.0
_MOST_EDGES, _MOST_CELLS = 400, 10_000
# What holds more in a cell, by the mean, is the frame of a page.
_LONGEST_CELL = 600
_LEAST_CELLS = 3
_LEAST_FILLED = 0.2
_MIDDLE = 0.3


@dataclass(frozen=True, slots=True)
class Mesh:
    """Where lines run that meet: their places from left to right and from the foot up."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    across: tuple[Edge, ...]
    down: tuple[Edge, ...]


def meshes_of(across: Sequence[Edge], down: Sequence[Edge]) -> list[Mesh]:
    """Lines that meet, with those that meet these, where they make up more than one cell."""
    if not across or not down or len(across) > _MOST_EDGES or len(down) > _MOST_EDGES:
        return []
    owner = list(range(len(across) + len(down)))

    def find(number: int) -> int:
        while owner[number] != number:
            owner[number] = owner[owner[number]]
            number = owner[number]
        return number

    for row, one in enumerate(across):
        for column, other in enumerate(down, start=len(across)):
            if _meet(one, other):
                owner[find(row)] = find(column)
    groups: dict[int, tuple[list[Edge], list[Edge]]] = {}
    for number in range(len(owner)):
        group = groups.setdefault(find(number), ([], []))
        if number < len(across):
            group[0].append(across[number])
        else:
            group[1].append(down[number - len(across)])
    meshes = [_mesh(*group) for group in groups.values()]
    # At least two cells each way.
    meshes = [mesh for mesh in meshes if min(len(mesh.xs), len(mesh.ys)) > 2]
    return [mesh for mesh in meshes if len(mesh.xs) * len(mesh.ys) <= _MOST_CELLS]


def take_table(mesh: Mesh, rows: list[list[Word]], page: int, manner: Manner) -> Grid | None:
    """The table in a mesh, its words taken out of the rows; None where what is drawn there is none."""
    cells, taken = _fill(mesh, rows)
    texts = [
        [" ".join(text_of(row, from_right=manner.from_right) for row in cell) for cell in line]
        for line in cells
    ]
    if not _is_table(texts):
        return None
    inside = {id(word) for word in taken}
    for row in rows:
        row[:] = [word for word in row if id(word) not in inside]
    left, right = mesh.xs[0], mesh.xs[-1]
    return Grid(
        page=page,
        # Heights count from the foot, rows from the top.
        rows=[line[::-1] if manner.from_right else line for line in reversed(_spread(mesh, texts))],
        left=manner.width - right if manner.from_right else left,
        right=manner.width - left if manner.from_right else right,
        top=mesh.ys[-1],
        bottom=mesh.ys[0],
        size=taken[0].size,
        order=min(word.order for word in taken),
    )


def _fill(mesh: Mesh, rows: Sequence[Sequence[Word]]) -> tuple[list[list[list[list[Word]]]], list[Word]]:
    """The rows of words in each cell, and all of these words."""
    cells = [[list[list[Word]]() for _ in pairwise(mesh.xs)] for _ in pairwise(mesh.ys)]
    taken: list[Word] = []
    for row in rows:
        seen = set[tuple[int, int]]()
        for word in row:
            place = _place(mesh, word)
            if place is None:
                continue
            taken.append(word)
            cell = cells[place[0]][place[1]]
            if place not in seen:
                cell.append([])
            seen.add(place)
            cell[-1].append(word)
    return cells, taken


def _meet(across: Edge, down: Edge) -> bool:
    return (
        across.start - _MEET <= down.at <= across.end + _MEET
        and down.start - _MEET <= across.at <= down.end + _MEET
    )


def _mesh(across: Sequence[Edge], down: Sequence[Edge]) -> Mesh:
    return Mesh(_places(down), _places(across), tuple(across), tuple(down))


def _places(edges: Sequence[Edge]) -> tuple[float, ...]:
    places: list[float] = []
    for at in sorted(edge.at for edge in edges):
        if not places or at - places[-1] > _MEET:
            places.append(at)
    return tuple(places)


def _place(mesh: Mesh, word: Word) -> tuple[int, int] | None:
    row = bisect_right(mesh.ys, word.base + _MIDDLE * word.size) - 1
    column = bisect_right(mesh.xs, (word.left + word.right) / 2) - 1
    if 0 <= row < len(mesh.ys) - 1 and 0 <= column < len(mesh.xs) - 1:
        return row, column
    return None


def _is_table(texts: Sequence[Sequence[str]]) -> bool:
    filled = [text for line in texts for text in line if text]
    count = sum(len(line) for line in texts)
    if len(filled) < _LEAST_CELLS or len(filled) < _LEAST_FILLED * count:
        return False
    return sum(map(len, filled)) <= _LONGEST_CELL * len(filled)


def _spread(mesh: Mesh, texts: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells with what is merged repeated in every place it covers."""
    owner = {(row, column): (row, column) for row in range(len(texts)) for column in range(len(texts[0]))}

    def find(place: tuple[int, int]) -> tuple[int, int]:
        while owner[place] != place:
            place = owner[place]
        return place

    for row, column in list(owner):
        x, y = (mesh.xs[column] + mesh.xs[column + 1]) / 2, (mesh.ys[row] + mesh.ys[row + 1]) / 2
        if column + 2 < len(mesh.xs) and not _is_drawn(mesh.down, mesh.xs[column + 1], y):
            owner[find((row, column + 1))] = find((row, column))
        if row + 2 < len(mesh.ys) and not _is_drawn(mesh.across, mesh.ys[row + 1], x):
            owner[find((row + 1, column))] = find((row, column))
    merged: dict[tuple[int, int], list[str]] = {}
    for row in reversed(range(len(texts))):
        for column, text in enumerate(texts[row]):
            merged.setdefault(find((row, column)), []).extend([text] if text else [])
    return [
        [" ".join(merged[find((row, column))]) for column in range(len(texts[row]))]
        for row in range(len(texts))
    ]


def _is_drawn(edges: Sequence[Edge], at: float, place: float) -> bool:
    return any(abs(edge.at - at) <= _MEET and edge.start <= place <= edge.end for edge in edges)
