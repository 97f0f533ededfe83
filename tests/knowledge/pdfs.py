"""Small PDFs written by hand: text at places, in fonts and sizes, with rules, pictures and an outline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 612, 792


# Of Helvetica, in thousandths of its size.
_WIDTHS = {
    **dict.fromkeys("abdeghnopqu0123456789L", 556),
    **dict.fromkeys("cksvxyz", 500),
    **dict.fromkeys(" ft.,:I", 278),
    **dict.fromkeys("ijl", 222),
    **dict.fromkeys("HCDNRU", 722),
    "m": 833,
    "r": 333,
    "w": 722,
    "A": 667,
    "P": 667,
    "O": 778,
    "T": 611,
    "M": 833,
}


def width_of(text: str, size: float = 11) -> float:
    """How wide a text in Helvetica is."""
    return sum(_WIDTHS[letter] for letter in text) * size / 1000


@dataclass(frozen=True)
class At:
    """A line of text and where it stands, counted upwards from the foot of the page."""

    text: str
    y: float
    size: float = 11
    x: float = 72
    font: str = "Helvetica"
    rise: float = 0


@dataclass(frozen=True)
class Glyphs:
    """Glyphs as they stand from left to right, each half its size wide; one may say several letters."""

    glyphs: tuple[str, ...]
    y: float
    size: float = 10
    x: float = 72


@dataclass(frozen=True)
class Rule:
    """A line that is drawn."""

    x: float
    y: float
    to_x: float
    to_y: float


@dataclass(frozen=True)
class Shade:
    """A rectangle in grey, without an outline."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Picture:
    """A picture: one grey point, as large as this."""

    x: float = 0
    y: float = 0
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Turned:
    """What stands on a page turned by degrees against it, about a place."""

    marks: tuple["At", ...]
    degrees: int
    x: float
    y: float


@dataclass(frozen=True)
class Field:
    """A field of a form, and what was filled in."""

    text: str
    y: float
    x: float = 150


Mark = At | Glyphs | Rule | Shade | Picture | Turned | Field


def make_pdf(
    pages: Sequence[Sequence[Mark]],
    outline: Sequence[tuple[str, int]] = (),
    *,
    rotate: int = 0,
    crop: tuple[float, float, float, float] | None = None,
) -> bytes:
    """A PDF of these pages; the outline is of titles and page numbers from 0."""
    alphabet = _alphabet(pages)
    objects = _fonts(alphabet)
    numbers = [100 + 2 * index for index in range(len(pages))]
    box = f"/CropBox [{' '.join(map(str, crop))}] " if crop else ""
    for number, marks in zip(numbers, pages, strict=True):
        content = "\n".join(_show(mark, alphabet) for mark in marks if not isinstance(mark, Field))
        fields = [mark for mark in marks if isinstance(mark, Field)]
        first = 1000 * number
        objects |= _forms(fields, first)
        written = " ".join(f"{first + 2 * index} 0 R" for index in range(len(fields)))
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] {box}/Rotate {rotate} "
            f"/Annots [{written}] /Contents {number + 1} 0 R /Resources << /XObject << /I 20 0 R >> "
            "/Font << /F1 3 0 R /F2 4 0 R /F3 7 0 R /F4 8 0 R /F5 9 0 R >> >> >>"
        )
        objects[number + 1] = f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    objects[1] = "<< /Type /Catalog /Pages 2 0 R >>"
    if outline:
        objects |= _outline(outline, numbers, max(objects) + 1)
        objects[1] = f"<< /Type /Catalog /Pages 2 0 R /Outlines {max(objects)} 0 R >>"
    return write(objects)


def _alphabet(pages: Iterable[Sequence[Mark]]) -> list[str]:
    found = {
        glyph: None for page in pages for mark in page if isinstance(mark, Glyphs) for glyph in mark.glyphs
    }
    return list(found)


def _fonts(alphabet: Sequence[str]) -> dict[int, str]:
    names = "".join(
        f"<{code:02x}> <{glyph.encode('utf-16-be').hex()}>\n" for code, glyph in enumerate(alphabet, start=33)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def /CMapType 2 def\n"
        f"1 begincodespacerange <00> <ff> endcodespacerange\n{len(alphabet)} beginbfchar\n{names}endbfchar\n"
        "endcmap end end"
    )
    standard = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    return {
        3: standard.format("Helvetica"),
        # Not embedded: PDFium knows the map from codes to Hangul by itself.
        4: "<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H "
        "/DescendantFonts [5 0 R] >>",
        5: "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> /FontDescriptor 6 0 R >>",
        6: "<< /Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 4 /FontBBox [0 -200 1000 900] "
        "/ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 >>",
        7: standard.format("Helvetica-Bold"),
        8: standard.format("Courier"),
        9: "<< /Type /Font /Subtype /TrueType /BaseFont /Shapes /FirstChar 33 "
        f"/LastChar {32 + max(len(alphabet), 1)} /Widths [{'500 ' * max(len(alphabet), 1)}] "
        "/ToUnicode 10 0 R /FontDescriptor 11 0 R >>",
        10: f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
        11: "<< /Type /FontDescriptor /FontName /Shapes /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
        "/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
        20: "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Length 1 >>\nstream\nx\nendstream",
    }


def _forms(fields: Sequence[Field], first: int) -> dict[int, str]:
    found = {}
    for index, field in enumerate(fields):
        number = first + 2 * index
        found[number] = (
            f"<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /T (f{index}) "
            f"/Rect [{field.x} {field.y - 4} {field.x + 200} {field.y + 12}] /AP << /N {number + 1} 0 R >> >>"
        )
        content = f"/Tx BMC q BT /F1 11 Tf 0 4 Td ({field.text}) Tj ET Q EMC"
        found[number + 1] = (
            "<< /Type /XObject /Subtype /Form /BBox [0 0 200 16] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Length {len(content)} >>\nstream\n{content}\nendstream"
        )
    return found


def _draw(mark: Rule | Shade | Picture) -> str:
    if isinstance(mark, Rule):
        return f"{mark.x} {mark.y} m {mark.to_x} {mark.to_y} l S"
    if isinstance(mark, Shade):
        return f"0.9 g {mark.x} {mark.y} {mark.width} {mark.height} re f 0 g"
    return f"q {mark.width} 0 0 {mark.height} {mark.x} {mark.y} cm /I Do Q"


def _show(mark: Mark, alphabet: Sequence[str]) -> str:
    if isinstance(mark, Rule | Shade | Picture):
        return _draw(mark)
    if isinstance(mark, Turned):
        inner = "\n".join(_show(one, alphabet) for one in mark.marks)
        cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1), 45: (0.7071, 0.7071)}[mark.degrees]
        return f"q {cosine} {sine} {-sine} {cosine} {mark.x} {mark.y} cm\n{inner}\nQ"
    if isinstance(mark, Glyphs):
        codes = bytes(33 + alphabet.index(glyph) for glyph in mark.glyphs).hex()
        return f"BT /F5 {mark.size} Tf {mark.x} {mark.y} Td <{codes}> Tj ET"
    place = f"{mark.size} Tf {mark.x} {mark.y} Td {mark.rise} Ts"
    if mark.text.isascii():
        escaped = mark.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        font = {"Helvetica": "F1", "Helvetica-Bold": "F3", "Courier": "F4"}[mark.font]
        return f"BT /{font} {place} ({escaped}) Tj ET"
    return f"BT /F2 {place} <{mark.text.encode('utf-16-be').hex()}> Tj ET"


def _outline(outline: Sequence[tuple[str, int]], pages: list[int], first: int) -> dict[int, str]:
    root = first + len(outline)
    found = {}
    for index, (title, page) in enumerate(outline):
        number = first + index
        near = f"/Prev {number - 1} 0 R " if index else ""
        near += f"/Next {number + 1} 0 R " if index + 1 < len(outline) else ""
        text = ("\ufeff" + title).encode("utf-16-be").hex()
        found[number] = f"<< /Title <{text}> /Parent {root} 0 R {near}/Dest [{pages[page]} 0 R /Fit] >>"
    found[root] = f"<< /Type /Outlines /First {first} 0 R /Last {root - 1} 0 R /Count {len(outline)} >>"
    return found


def write(objects: dict[int, str]) -> bytes:
    data, offsets = b"%PDF-1.7\n", {}
    for number in sorted(objects):
        offsets[number] = len(data)
        data += f"{number} 0 obj\n{objects[number]}\nendobj\n".encode()
    start, size = len(data), max(objects) + 1
    data += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        data += f"{offsets.get(number, 0):010d} 00000 {'n' if number in offsets else 'f'} \n".encode()
    return data + f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
