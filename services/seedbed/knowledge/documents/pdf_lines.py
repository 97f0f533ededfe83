"""The lines of a PDF: their text, size and place, as PDFium finds them on each page."""

import ctypes
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

# What PDFium gives for a hyphen at a line's end, and for a glyph it cannot name.
SOFT_HYPHEN = "\u00ad"
UNKNOWN = "\ufffd"
_HYPHENS = frozenset("\x02\ufffe\u00ad")
# Sizes differ by rounding within one style.
_SIZE_STEP = 0.5
_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page. `top` and `bottom` count upwards in points; `height` is the page's."""

    page: int
    text: str
    size: float
    left: float
    right: float
    top: float
    bottom: float
    height: float


def lines_of(document: pdfium.PdfDocument) -> Iterator[Line]:
    """Every line with text on it, in PDFium's order of reading."""
    for number in range(len(document)):
        page = document[number]
        text_page = page.get_textpage()
        try:
            yield from _page_lines(text_page, number, page.get_height())
        finally:
            text_page.close()
            page.close()


def _page_lines(text_page: pdfium.PdfTextPage, number: int, height: float) -> Iterator[Line]:
    places: list[int] = []
    letters: list[str] = []
    # By index, as PDFium's text and its count of characters may differ in length.
    for index in range(text_page.count_chars()):
        letter = _letter(raw.FPDFText_GetUnicode(text_page, index))
        if letter in "\r\n":
            yield from _line(text_page, number, height, places, letters)
            places, letters = [], []
        else:
            places.append(index)
            letters.append(letter)
    yield from _line(text_page, number, height, places, letters)


def _letter(code: int) -> str:
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        return UNKNOWN
    letter = chr(code)
    return SOFT_HYPHEN if letter in _HYPHENS else letter


def _line(
    text_page: pdfium.PdfTextPage, number: int, height: float, places: list[int], letters: list[str]
) -> Iterator[Line]:
    text = " ".join("".join(letters).split())
    seen = [place for place, letter in zip(places, letters, strict=True) if not letter.isspace()]
    if not text or not seen:
        return
    step = max(1, len(seen) // _SAMPLES)
    samples = seen[::step]
    first, last = _box(text_page, seen[0]), _box(text_page, seen[-1])
    boxes = [_box(text_page, place) for place in samples]
    yield Line(
        page=number,
        text=text,
        size=statistics.median(_size(text_page, place) for place in samples),
        left=first[0],
        right=last[1],
        bottom=statistics.median(box[2] for box in boxes),
        top=statistics.median(box[3] for box in boxes),
        height=height,
    )


def _size(text_page: pdfium.PdfTextPage, index: int) -> float:
    """The size as it appears: the font's own, which may be 1, times the scale of the text's matrix."""
    matrix = raw.FS_MATRIX()
    size: float = raw.FPDFText_GetFontSize(text_page, index)
    if raw.FPDFText_GetMatrix(text_page, index, ctypes.byref(matrix)):
        size *= (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
    return round(size / _SIZE_STEP) * _SIZE_STEP


def _box(text_page: pdfium.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of the letter's line box, which is the same for all letters of a size."""
    box = raw.FS_RECTF()
    if raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
        return box.left, box.right, box.bottom, box.top
    return 0.0, 0.0, 0.0, 0.0
