"""PDF: running lines dropped, headings found, lines joined to paragraphs, and where each page starts.

A scan has no text; it is refused, as reading pictures is not done here.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import pypdfium2 as pdfium

from . import markdown
from .pdf_headings import Entry, Mark, mark_headings
from .pdf_lines import SOFT_HYPHEN, UNKNOWN, Line, lines_of
from .plain import normalise
from .reading import Reading, UnreadableError

MAX_PAGES = 5000
# A running line stands in the outer eighth of the page, at the same height on several pages.
_MARGIN = 0.125
_UNREADABLE_SHARE = 0.3
# In sizes of type: space that parts paragraphs, an indent, and a last line that is clearly shorter.
_GAP = 0.6
_INDENT = 1.0
_SHORTER = 4.0

_FEW_PAGES = 4

_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:\d{1,4}|[ivxlc]{1,6})[-–—\s]*", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_BULLET = re.compile(r"^[•◦▪‣●○■–*-]\s+")
_NUMBERED = re.compile(r"^\(?\d{1,3}[.)]\s+\S")
_SENTENCE_END = re.compile(r"[.!?:。！？][\"'”’)\]]*$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff、。，！？」』）]")


def read(content: bytes) -> Reading:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        what = "it is encrypted" if "password" in str(error).lower() else "it is not a PDF that can be opened"
        raise UnreadableError(f"{what}: {error}") from None
    try:
        pages = len(document)
        if pages > MAX_PAGES:
            raise UnreadableError(f"it has {pages} pages; at most {MAX_PAGES} are read")
        lines = list(lines_of(document))
        _check(lines, pages)
        lines = drop_running(lines, pages)
        return write(lines, mark_headings(lines, _outline(document)), pages)
    finally:
        document.close()


def _check(lines: Sequence[Line], pages: int) -> None:
    letters = "".join(line.text for line in lines)
    if not letters:
        raise UnreadableError(
            f"its {pages} pages hold no text, only pictures; run text recognition on it first"
        )
    if letters.count(UNKNOWN) > _UNREADABLE_SHARE * len(letters):
        raise UnreadableError("its fonts do not say which letters they show; print it again with other fonts")


def _outline(document: pdfium.PdfDocument) -> list[Entry]:
    found = []
    for bookmark in document.get_toc():
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        title = markdown.fold(bookmark.get_title())
        if title and page is not None:
            found.append(Entry(title, bookmark.level + 1, page))
    return found


def drop_running(lines: Sequence[Line], pages: int) -> list[Line]:
    """Take out page numbers, running headers and footers: what repeats at one height in the margins."""
    seen: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for line in lines:
        seen[_place(line)].add(line.page)
    few = 2 if pages <= _FEW_PAGES else 3
    # With a number in it twice is enough: a chapter's header on a short chapter.
    running = {place for place, on in seen.items() if len(on) >= (2 if "#" in place[0] else few)}
    return [line for line in lines if not _in_margin(line) or not _is_running(line, running)]


def _is_running(line: Line, running: set[tuple[str, int]]) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(line.text)) or _place(line) in running


def _place(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text), round(line.bottom)


def _in_margin(line: Line) -> bool:
    return not _MARGIN < line.bottom / line.height < 1 - _MARGIN if line.height else False


def write(lines: Sequence[Line], marks: dict[int, Mark], pages: int) -> Reading:
    """Put the lines together as headings, paragraphs and lists."""
    parts: list[str] = []
    starts: list[int] = []
    length, in_list = 0, False
    for number, line in enumerate(lines):
        mark, last = marks.get(number), lines[number - 1] if number else None
        opens = last is None or _opens(last, line, marks.get(number - 1), mark)
        between = "" if last is None else "\n\n" if opens else _glue(last.text, line.text)
        text = normalise(line.text.replace(SOFT_HYPHEN, ""))
        if opens:
            bullet = not mark and bool(_BULLET.match(text))
            between = "\n" if bullet and in_list else between
            in_list = bullet
            text = f"{'#' * min(mark.level, 6)} {text}" if mark else _open_paragraph(text)
        starts += [length + len(between)] * (line.page + 1 - len(starts))
        length += len(between) + len(text)
        parts += [between, text]
    return Reading("".join(parts), tuple(starts + [length] * (pages - len(starts))))


def _open_paragraph(text: str) -> str:
    return _BULLET.sub("- ", text) if _BULLET.match(text) else markdown.paragraph(text)


def _opens(last: Line, line: Line, last_mark: Mark | None, mark: Mark | None) -> bool:
    """Whether a line opens a block instead of going on with the one before."""
    if mark or last_mark:
        return mark != last_mark or not _is_below(last, line)
    if _opens_item(line) or abs(last.size - line.size) > 0.2 * last.size:
        return True
    ended = bool(_SENTENCE_END.search(last.text))
    if last.page != line.page or line.bottom >= last.top:
        # A new page or column: only the words can tell.
        return ended
    # Under the first line of a list's item the others hang.
    indented = line.left > last.left + _INDENT * line.size and not _opens_item(last)
    if not _is_below(last, line) or indented:
        return True
    return ended and last.right < line.right - _SHORTER * line.size


def _opens_item(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBERED.match(line.text))


def _is_below(last: Line, line: Line) -> bool:
    """Whether a line follows closely under the one before."""
    return last.page == line.page and last.bottom - line.top <= _GAP * max(line.size, 1.0)


def _glue(last: str, line: str) -> str:
    if last.endswith(SOFT_HYPHEN) or (last.endswith("-") and line[:1].islower()):
        return ""
    return "" if _UNSPACED.match(last[-1:]) and _UNSPACED.match(line) else " "
