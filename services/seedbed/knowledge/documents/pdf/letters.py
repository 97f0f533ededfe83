"""The letters of a PDF's page as PDFium finds them: what each says, where it stands, and in which font.

Places are those of a page that is held upright: in points from the lower left corner of what is seen of it,
whatever its box and turn are.
"""

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import pypdfium2 as pdfium
from pypdfium2 import raw

# What PDFium gives for a hyphen at a line's end, and for a glyph it cannot name.
SOFT_HYPHEN = "\u00ad"
UNKNOWN = "\ufffd"
_HYPHENS = frozenset("\x02\ufffe\u00ad")
_SPACES = frozenset(" \t\r\n\u00a0\u2002\u2003\u2009\u202f\u3000\u200b")
# Sizes differ by rounding within one style.
_SIZE_STEP = 0.5

_FIXED_PITCH = 1
_BOLD_FROM = 600
_FILLED_AND_STROKED = 2
_MONO_NAME = re.compile(
    r"mono|courier|consol|typewriter|menlo|monaco|inconsolata|code(?!c)|cmtt|lmtt|cousine", re.IGNORECASE
)
_BOLD_NAME = re.compile(r"bold|black|heavy|semib|demi|cmbx|lmbx", re.IGNORECASE)
_NARROW, _WIDE = frozenset("iljtfrI.,:"), frozenset("mwMWO")
_SAME_WIDTH = 0.02
_LONGEST_NAME = 256
_TURN = 90
# Shares of the size: a raised digit's foot, a lowered one's head, their height, and the size they look like.
_DRAWN_RAISED, _DRAWN_LOWERED, _DRAWN_SMALL, _DRAWN_SIZE = 0.2, 0.38, 0.62, 0.7
# A scan that was laid on aslant is still upright; what is turned otherwise than by quarters has no lines.
_SKEW = 8
ASKEW = -1


@dataclass(eq=False)
class Font:
    """A font of the document, with the widths seen of its letters."""

    name: str
    bold: bool
    fixed: bool
    widths: dict[str, float] = field(default_factory=dict)

    @cached_property
    def mono(self) -> bool:
        """Whether all its letters are of one width: by its flag, its name, or as all of them were seen."""
        if self.fixed or _MONO_NAME.search(self.name):
            return True
        some = [width for letter, width in self.widths.items() if letter in _NARROW or letter in _WIDE]
        both = not _NARROW.isdisjoint(self.widths) and not _WIDE.isdisjoint(self.widths)
        return both and max(some) - min(some) < _SAME_WIDTH


@dataclass(slots=True)
class Letter:
    """One letter. `base` is the line it stands on; `order` its place in the page's stream."""

    text: str
    left: float
    right: float
    base: float
    size: float
    font: Font
    order: int
    apart: bool
    """Whether a space or a line's end stands before it in the stream."""
    turn: int = 0
    """Degrees by which it is turned against the page; its place is on the page turned back by that."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is seen of a page, and how it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int

    @property
    def width(self) -> float:
        return self.top - self.bottom if self.turn % 180 else self.right - self.left

    @property
    def height(self) -> float:
        return self.right - self.left if self.turn % 180 else self.top - self.bottom

    def turned(self, turn: int) -> "Frame":
        """The same page, read from another side."""
        return replace(self, turn=(self.turn + turn) % 360)

    def shows(self, twice_x: float, twice_y: float) -> bool:
        """Whether the middle of something is seen, by the sum of its edges."""
        return 2 * self.left <= twice_x <= 2 * self.right and 2 * self.bottom <= twice_y <= 2 * self.top

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point of the page's own measure on the page held upright."""
        if self.turn == 90:
            return y - self.bottom, self.right - x
        if self.turn == 180:
            return self.right - x, self.top - y
        if self.turn == 270:
            return self.top - y, x - self.left
        return x - self.left, y - self.bottom

    def box(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """A box likewise: left, bottom, right, top."""
        if not self.turn:
            return left - self.left, bottom - self.bottom, right - self.left, top - self.bottom
        (x, y), (other_x, other_y) = self.place(left, bottom), self.place(right, top)
        return min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)


@dataclass(frozen=True, slots=True)
class _Style:
    """What the letters of one text object have in common."""

    font: Font
    size: float
    turn: int
    frame: Frame
    rise: float
    """From the lower edge of a letter's box to its base line."""


def frame_of(page: pdfium.PdfPage) -> Frame:
    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page, ctypes.byref(box)) or box.right <= box.left:
        box.left, box.bottom, box.right, box.top = page.get_mediabox()
    return Frame(box.left, box.bottom, box.right, box.top, page.get_rotation())


def letters_of(page: pdfium.PdfPage, frame: Frame, fonts: dict[str, Font]) -> Iterator[Letter]:
    """Every letter that is seen, in the order of the page's stream; `fonts` are those known so far."""
    text_page = page.get_textpage()
    try:
        yield from _letters(text_page, frame, fonts)
    finally:
        text_page.close()


def _letters(text_page: pdfium.PdfTextPage, frame: Frame, fonts: dict[str, Font]) -> Iterator[Letter]:
    styles: dict[int, _Style] = {}
    box = raw.FS_RECTF()
    apart, high = True, 0
    # By index, as PDFium's text and its count of characters may differ in length.
    for index in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if _is_high(code):
            high = code
            continue
        code, high = _whole(high, code), 0
        text = _text(code)
        written = raw.FPDFText_GetTextObject(text_page, index)
        if text in _SPACES or not written:
            apart = True
            continue
        if not raw.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
            continue
        if not frame.shows(box.left + box.right, box.bottom + box.top):
            continue
        address = ctypes.addressof(written.contents)
        style = styles.get(address)
        if style is None:
            style = styles[address] = _style(text_page, index, frame, fonts, box)
        left, bottom, right, _ = style.frame.box(box.left, box.bottom, box.right, box.top)
        if text not in style.font.widths and style.size and style.turn != ASKEW:
            style.font.widths[text] = (right - left) / style.size
        base, size = bottom + style.rise, style.size
        if text.isdecimal():
            base, size = _drawn(text_page, index, style, base)
        yield Letter(text, left, right, base, size, style.font, index, apart, style.turn)
        apart = False


def _is_high(code: int) -> bool:
    return 0xD800 <= code < 0xDC00


def _whole(high: int, code: int) -> int:
    """The letter that two halves make up, where PDFium gives it in halves."""
    halves = high and 0xDC00 <= code < 0xE000
    return 0x10000 + ((high - 0xD800) << 10) + code - 0xDC00 if halves else code


def _drawn(text_page: pdfium.PdfTextPage, index: int, style: _Style, base: float) -> tuple[float, float]:
    """Base and size of a digit as it looks: a font may have raised and lowered ones of its own."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    size = style.size
    if not raw.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
        return base, size
    _, foot, _, head = style.frame.box(left.value, bottom.value, right.value, top.value)
    if foot - base > _DRAWN_RAISED * size and head - foot < _DRAWN_SMALL * size:
        return foot, size * _DRAWN_SIZE
    if head - base < _DRAWN_LOWERED * size and foot < base:
        return foot, size * _DRAWN_SIZE
    return base, size


def _text(code: int) -> str:
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        return UNKNOWN
    letter = chr(code)
    return SOFT_HYPHEN if letter in _HYPHENS else letter


def _style(
    text_page: pdfium.PdfTextPage, index: int, frame: Frame, fonts: dict[str, Font], box: raw.FS_RECTF
) -> _Style:
    matrix = raw.FS_MATRIX()
    size: float = raw.FPDFText_GetFontSize(text_page, index)
    angle = 0.0
    if raw.FPDFText_GetMatrix(text_page, index, ctypes.byref(matrix)):
        # The font's own size may be 1, and the text's matrix scale it.
        size *= (matrix.c**2 + matrix.d**2) ** 0.5 or 1.0
        angle = math.degrees(math.atan2(matrix.b, matrix.a)) - frame.turn
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    quarter = round(angle / _TURN) * _TURN
    turn = quarter % 360 if abs(angle - quarter) < _SKEW else ASKEW
    if turn != ASKEW:
        frame = frame.turned(turn)
    rise = frame.place(x.value, y.value)[1] - frame.box(box.left, box.bottom, box.right, box.top)[1]
    size = round(size / _SIZE_STEP) * _SIZE_STEP
    return _Style(_font(text_page, index, fonts), size, turn, frame, rise)


def _font(text_page: pdfium.PdfTextPage, index: int, fonts: dict[str, Font]) -> Font:
    flags, name = ctypes.c_int(), ctypes.create_string_buffer(_LONGEST_NAME)
    raw.FPDFText_GetFontInfo(text_page, index, name, _LONGEST_NAME, flags)
    weight = raw.FPDFText_GetFontWeight(text_page, index)
    stroked = raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(text_page, index))
    text = name.value.decode("utf-8", "replace")
    bold = weight >= _BOLD_FROM or bool(_BOLD_NAME.search(text)) or stroked == _FILLED_AND_STROKED
    key = f"{text}\0{bold}"
    return fonts.setdefault(key, Font(text, bold, bool(flags.value & _FIXED_PITCH)))
