"""Small PDFs written by hand: lines at places and sizes, with an outline or without."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 792


@dataclass(frozen=True)
class At:
    """A line of text and where it stands, counted upwards from the foot of the page."""

    text: str
    y: float
    size: float = 11
    x: float = 72


def make_pdf(pages: Sequence[Sequence[At]], outline: Sequence[tuple[str, int]] = ()) -> bytes:
    """A PDF with these lines; the outline is of titles and page numbers from 0."""
    objects = {
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        # Not embedded: PDFium knows the map from codes to Hangul by itself.
        4: "<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H "
        "/DescendantFonts [5 0 R] >>",
        5: "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000 "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> /FontDescriptor 6 0 R >>",
        6: "<< /Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 4 /FontBBox [0 -200 1000 900] "
        "/ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 >>",
    }
    numbers = [10 + 2 * index for index in range(len(pages))]
    for number, lines in zip(numbers, pages, strict=True):
        content = "\n".join(_show(line) for line in lines)
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 {HEIGHT}] /Contents {number + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects[number + 1] = f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    objects[1] = "<< /Type /Catalog /Pages 2 0 R >>"
    if outline:
        objects |= _outline(outline, numbers, max(objects) + 1)
        objects[1] = f"<< /Type /Catalog /Pages 2 0 R /Outlines {max(objects)} 0 R >>"
    return _write(objects)


def _show(line: At) -> str:
    if line.text.isascii():
        escaped = line.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return f"BT /F1 {line.size} Tf {line.x} {line.y} Td ({escaped}) Tj ET"
    return f"BT /F2 {line.size} Tf {line.x} {line.y} Td <{line.text.encode('utf-16-be').hex()}> Tj ET"


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


def _write(objects: dict[int, str]) -> bytes:
    data, offsets = b"%PDF-1.7\n", {}
    for number in sorted(objects):
        offsets[number] = len(data)
        data += f"{number} 0 obj\n{objects[number]}\nendobj\n".encode()
    start, size = len(data), max(objects) + 1
    data += f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    for number in range(1, size):
        data += f"{offsets.get(number, 0):010d} 00000 {'n' if number in offsets else 'f'} \n".encode()
    return data + f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
