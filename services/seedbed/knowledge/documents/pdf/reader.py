"""PDF: words placed on pages become lines, columns and tables, and these one text in the order of reading."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import pypdfium2 as pdfium

from seedbed.knowledge.documents import markdown
from seedbed.knowledge.documents.reading import Reading, UnreadableError

from .bands import Item
from .columns import arrange
from .headings import Entry, mark_headings
from .lines import Manner, join, lines_of
from .pages import Page, pages_of
from .ruled import meshes_of, take_table
from .running import drop_running
from .tables import Grid
from .writing import Writer

MAX_PAGES = 5000
_MOST_TABLES = 50
_NEARLY_ALL = 0.9
_ADVICE = "text recognition, as by `ocrmypdf IN.pdf OUT.pdf`, makes a text layer"


def read(content: bytes) -> Reading:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        what = "it is encrypted" if "password" in str(error).lower() else "it is not a PDF that can be opened"
        raise UnreadableError(f"{what}: {error}") from None
    try:
        count = len(document)
        if count > MAX_PAGES:
            raise UnreadableError(f"it has {count} pages; at most {MAX_PAGES} are read")
        outline = _outline(document)
        pages = list(pages_of(document))
    finally:
        document.close()
    _check(pages)
    notes = tuple(_notes(pages))
    pages = [page for page in pages if not page.is_unknown]
    typed = _is_typed(pages)
    manners = [Manner(page.from_right, page.width, typed) for page in pages]
    # The head of a table may stand at the top of every page, and does not run.
    tables = [_tables(page, manner) for page, manner in zip(pages, manners, strict=True)]
    drop_running(pages)
    items = [item for each in zip(pages, tables, manners, strict=True) for item in _items(*each)]
    reading = Writer(items, mark_headings(items, outline), count, typed=typed).write()
    return Reading(reading.text, reading.pages, notes)


def _check(pages: Sequence[Page]) -> None:
    if not any(page.letters for page in pages) or all(page.is_picture for page in pages):
        raise UnreadableError(f"its {len(pages)} pages hold no text, only pictures; {_ADVICE}")
    if all(page.is_unknown or not page.letters for page in pages):
        raise UnreadableError("its fonts do not say which letters they show; print it again with other fonts")


def _notes(pages: Iterable[Page]) -> Iterator[str]:
    """What of the pages is not in the text."""
    pages = list(pages)
    if pictures := [page.number for page in pages if page.is_picture]:
        what = "is a picture and was" if len(pictures) == 1 else "are pictures and were"
        yield f"{name_pages(pictures)} {what} not read; {_ADVICE}"
    if outlines := [page.number for page in pages if page.is_outlines]:
        what = (
            "shows drawings and no text, and was"
            if len(outlines) == 1
            else "show drawings and no text, and were"
        )
        yield f"{name_pages(outlines)} {what} not read; where these are letters, {_ADVICE}"
    if unknown := [page.number for page in pages if page.is_unknown]:
        what = "has fonts that do not say which letters they show, and was"
        what = what if len(unknown) == 1 else what.replace("has", "have").replace("was", "were")
        yield f"{name_pages(unknown)} {what} not read; {_ADVICE} (with --force-ocr)"


def name_pages(numbers: Sequence[int]) -> str:
    """Pages, counted from 0, as people name them: `pages 2 to 5, 8 and 11`."""
    spans = [[numbers[0], numbers[0]]]
    for last, number in pairwise(numbers):
        if number == last + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    names: list[str] = []
    for first, last in spans:
        names += (
            [f"{first + 1} to {last + 1}"] if last > first + 1 else [str(n + 1) for n in {first: 0, last: 0}]
        )
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{'page' if len(numbers) == 1 else 'pages'} {joined}"


def _outline(document: pdfium.PdfDocument) -> list[Entry]:
    found = []
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        title = markdown.fold(bookmark.get_title())
        if title and page is not None:
            found.append(Entry(title, bookmark.level + 1, page))
    return found


def _is_typed(pages: Sequence[Page]) -> bool:
    """Whether letters of one width mean nothing, as nearly all are such."""
    words = [word for page in pages for row in page.rows for word in row]
    mono = sum(len(word.text) for word in words if word.font.mono)
    return mono >= _NEARLY_ALL * sum(len(word.text) for word in words)


def _tables(page: Page, manner: Manner) -> list[Grid]:
    """The tables that are drawn on a page, taken out of its rows."""
    drawn = page.drawings
    meshes = sorted(meshes_of(drawn.across, drawn.down), key=lambda mesh: -len(mesh.xs) * len(mesh.ys))
    tables = (take_table(mesh, page.rows, page.number, manner) for mesh in meshes[:_MOST_TABLES])
    return [table for table in tables if table]


def _items(page: Page, tables: Sequence[Grid], manner: Manner) -> list[Item]:
    """A page's lines and tables in the order of reading."""
    lines = [line for row in page.rows if row for line in lines_of(page.number, row, manner)]
    arranged = arrange([*lines, *tables], [edge.at for edge in page.drawings.across])
    asides = [join(lines_of(page.number, row, manner)) for row in page.aside if row]
    return [*arranged, *asides]
