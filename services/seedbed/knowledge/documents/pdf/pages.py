"""The pages of a PDF: the words on each, what is drawn there, and whether it is a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from .direction import is_right_to_left
from .drawings import Drawings, drawings_of
from .letters import ASKEW, UNKNOWN, Font, Letter, frame_of, letters_of
from .words import Word, rows_of

# Fewer letters than this on a page that a picture covers are its number, or what a scanner wrote there.
_FEW_LETTERS = 40
_COVERED = 0.4
# Letters drawn one by one as outlines take many paths.
_MANY_PATHS = 200
_UNREADABLE_SHARE = 0.3
_MOST_ANNOTATIONS = 2000


@dataclass(slots=True)
class Page:
    """A page turned upright: its words by rows, and what is drawn. Lengths are in points."""

    number: int
    width: float
    height: float
    rows: list[list[Word]]
    drawings: Drawings
    aside: list[list[Word]]
    """Rows of what is turned against the page."""
    from_right: bool

    @property
    def letters(self) -> int:
        return sum(len(word.text) for row in self.rows for word in row)

    @property
    def is_picture(self) -> bool:
        """Whether what it says is in a picture alone."""
        return self.letters < _FEW_LETTERS and self.drawings.pictures >= _COVERED

    @property
    def is_outlines(self) -> bool:
        """Whether its letters may be drawings."""
        return not self.letters and not self.is_picture and self.drawings.paths >= _MANY_PATHS

    @property
    def is_unknown(self) -> bool:
        """Whether its fonts do not say which letters they show."""
        unknown = sum(word.text.count(UNKNOWN) for row in self.rows for word in row)
        return unknown > _UNREADABLE_SHARE * self.letters


def pages_of(document: pdfium.PdfDocument) -> Iterator[Page]:
    """Every page, one at a time."""
    fonts: dict[str, Font] = {}
    for number in range(len(document)):
        page = _with_forms(document, number)
        try:
            yield _page(page, number, fonts)
        finally:
            page.close()


def _with_forms(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """A page, with what is written into its forms and onto it made a part of it."""
    page = document[number]
    count = min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)
    if any(_is_written(page, index) for index in range(count)):
        flat = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
        if flat:
            page.close()
            page = document[number]
    return page


def _is_written(page: pdfium.PdfPage, index: int) -> bool:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    try:
        return raw.FPDFAnnot_GetSubtype(annotation) in (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT)
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _page(page: pdfium.PdfPage, number: int, fonts: dict[str, Font]) -> Page:
    frame = frame_of(page)
    letters = list(letters_of(page, frame, fonts))
    counts = {turn: sum(letter.turn == turn for letter in letters) for turn in (0, 90, 180, 270)}
    turn = max(counts, key=lambda one: counts[one]) if letters else 0
    upright = [letter for letter in letters if letter.turn == turn]
    aside = [letter for letter in letters if letter.turn not in (turn, ASKEW)]
    slanted = [letter for letter in letters if letter.turn == ASKEW]
    frame = frame.turned(turn)
    return Page(
        number=number,
        width=frame.width,
        height=frame.height,
        rows=rows_of(upright),
        drawings=drawings_of(page, frame),
        aside=[*_asides(aside), *_in_stream(slanted)],
        from_right=_runs_from_right(letters),
    )


def _asides(letters: Sequence[Letter]) -> Iterator[list[Word]]:
    for turn in (0, 90, 180, 270):
        yield from rows_of([letter for letter in letters if letter.turn == turn])


def _in_stream(letters: Sequence[Letter]) -> list[list[Word]]:
    """Letters that stand in no row, as the stream has them."""
    if not letters:
        return []
    text = "".join(f"{' ' if letter.apart else ''}{letter.text}" for letter in letters).strip()
    first = letters[0]
    return [[Word(text, first.left, first.right, first.base, first.size, first.font, first.order)]]


def _runs_from_right(letters: Sequence[Letter]) -> bool:
    strong = [letter.text for letter in letters if letter.text.isalpha()]
    return 2 * sum(map(is_right_to_left, strong)) > len(strong)
