"""What a page shows besides text: straight lines that are drawn across and down, and how much is pictures."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2 import raw

from .letters import Frame

# A page of more is a map or a plot, and no table.
_MOST_OBJECTS = 50_000
_MOST_POINTS = 20_000
_DEEPEST_FORM = 4
_STRAIGHT = 1.0
_SHORTEST = 4.0
_THIN = 3.0
_NEAR = 2.5

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float, bool]
"""A place, and whether a straight line leads there."""
_AS_IT_IS: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Edge:
    """A straight line: at a height from one place to another, or the other way round."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Drawings:
    """The lines of a page and the area of its pictures, as a share of the page."""

    across: list[Edge] = field(default_factory=list)
    down: list[Edge] = field(default_factory=list)
    pictures: float = 0.0
    paths: int = 0


def drawings_of(page: pdfium.PdfPage, frame: Frame) -> Drawings:
    found = Drawings()
    across: list[Edge] = []
    down: list[Edge] = []
    points = 0
    area = frame.width * frame.height or 1.0
    for thing, matrix in _objects(page):
        kind = raw.FPDFPageObj_GetType(thing)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            found.pictures += _area(thing, matrix, frame) / area
        elif kind == raw.FPDF_PAGEOBJ_PATH:
            found.paths += 1
            if points < _MOST_POINTS:
                strokes, drawn = _points(thing, matrix, frame)
                for stroke in strokes:
                    points += len(stroke)
                    _take(stroke, across, down, drawn=drawn)
    if points < _MOST_POINTS:
        found.across, found.down = _merged(across), _merged(down)
    return found


def _objects(page: pdfium.PdfPage) -> Iterator[tuple[raw.FPDF_PAGEOBJECT, Matrix]]:
    """The objects of a page with those inside its forms, and what places them on it."""
    left = _MOST_OBJECTS
    waiting: list[tuple[raw.FPDF_PAGEOBJECT, Matrix, int]] = [
        (raw.FPDFPage_GetObject(page, index), _AS_IT_IS, 0)
        for index in range(min(raw.FPDFPage_CountObjects(page), left))
    ]
    while waiting and left:
        thing, outer, depth = waiting.pop()
        left -= 1
        if raw.FPDFPageObj_GetType(thing) != raw.FPDF_PAGEOBJ_FORM:
            yield thing, outer
        elif depth < _DEEPEST_FORM:
            inner = _times(_matrix(thing), outer)
            count = min(raw.FPDFFormObj_CountObjects(thing), left)
            waiting += [(raw.FPDFFormObj_GetObject(thing, index), inner, depth + 1) for index in range(count)]


def _matrix(thing: raw.FPDF_PAGEOBJECT) -> Matrix:
    found = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(thing, ctypes.byref(found)):
        return _AS_IT_IS
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _area(thing: raw.FPDF_PAGEOBJECT, outer: Matrix, frame: Frame) -> float:
    """What of a picture is seen: it fills the square of one by one, before it is placed."""
    matrix = _times(_matrix(thing), outer)
    corners = [frame.place(*_apply(matrix, x, y)) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    width = min(max(xs), frame.width) - max(min(xs), 0.0)
    height = min(max(ys), frame.height) - max(min(ys), 0.0)
    return max(width, 0.0) * max(height, 0.0)


def _points(thing: raw.FPDF_PAGEOBJECT, outer: Matrix, frame: Frame) -> tuple[list[list[Point]], bool]:
    """The strokes of a path, each as points on the page, and whether they are drawn as lines."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(thing, fill, stroke)
    if not fill.value and not stroke.value:
        return [], False
    matrix = _times(_matrix(thing), outer)
    x, y = ctypes.c_float(), ctypes.c_float()
    found: list[list[Point]] = []
    for index in range(min(raw.FPDFPath_CountSegments(thing), _MOST_POINTS)):
        segment = raw.FPDFPath_GetPathSegment(thing, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO or not found:
            found.append([])
        found[-1].append((*frame.place(*_apply(matrix, x.value, y.value)), kind == raw.FPDF_SEGMENT_LINETO))
        if raw.FPDFPathSegment_GetClose(segment):
            found[-1].append((*found[-1][0][:2], True))
    return found, bool(stroke.value)


def _take(points: list[Point], across: list[Edge], down: list[Edge], *, drawn: bool) -> None:
    """The straight lines of a stroke that run across or down; of what is only filled, thin bars."""
    xs, ys = [x for x, _, _ in points], [y for _, y, _ in points]
    if not drawn and min(max(xs) - min(xs), max(ys) - min(ys)) > _THIN:
        return
    for (x, y, _), (to_x, to_y, straight) in pairwise(points):
        if straight:
            _take_line((x, y), (to_x, to_y), across, down)


def _take_line(
    one: tuple[float, float], other: tuple[float, float], across: list[Edge], down: list[Edge]
) -> None:
    (x, y), (to_x, to_y) = one, other
    if abs(y - to_y) <= _STRAIGHT < abs(x - to_x):
        across.append(Edge((y + to_y) / 2, min(x, to_x), max(x, to_x)))
    elif abs(x - to_x) <= _STRAIGHT < abs(y - to_y):
        down.append(Edge((x + to_x) / 2, min(y, to_y), max(y, to_y)))


def _merged(edges: list[Edge]) -> list[Edge]:
    """Lines that touch or lie on each other as one: the long edges of a thin bar, dashes, cells' borders."""
    rows: list[list[Edge]] = []
    for edge in sorted(edges, key=lambda edge: edge.at):
        if rows and edge.at - rows[-1][0].at <= _NEAR:
            rows[-1].append(edge)
        else:
            rows.append([edge])
    found = []
    for row in rows:
        at = sum(edge.at for edge in row) / len(row)
        start = end = None
        for edge in sorted(row, key=lambda edge: edge.start):
            if start is None or end is None:
                start, end = edge.start, edge.end
            elif edge.start <= end + _NEAR:
                end = max(end, edge.end)
            else:
                found.append(Edge(at, start, end))
                start, end = edge.start, edge.end
        if start is not None and end is not None:
            found.append(Edge(at, start, end))
    return [edge for edge in found if edge.end - edge.start >= _SHORTEST]
