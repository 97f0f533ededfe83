"""DOCX files for the tests, put together out of the XML that stands in them."""

import io
import zipfile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = (
    f'xmlns:w="{W}" xmlns:m="{M}" xmlns:r="{R}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STRICT = (
    ("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "wordprocessingml/main"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/math", "officeDocument/math"),
    ("http://schemas.openxmlformats.org/officeDocument/2006/relationships", "officeDocument/relationships"),
)


def run(text: str, properties: str = "") -> str:
    """A run of text."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def line(*inside: str, properties: str = "") -> str:
    """A paragraph of whatever stands in it; plain text becomes a run."""
    content = "".join(each if each.startswith("<") else run(each) for each in inside)
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def cell(inside: str, properties: str = "") -> str:
    content = inside if inside.startswith("<") else line(inside)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def make_docx(body: str, *, strict: bool = False, **parts: str) -> bytes:
    """A file with this body; `parts` are the insides of `styles`, `numbering`, `footnotes` and so on."""
    roots = {"document": f"<w:body>{body}</w:body>", **parts}
    relations = "".join(
        f'<Relationship Id="r{number}" Type="{R}/{kind}" Target="{kind}.xml"/>'
        for number, kind in enumerate(parts)
    )
    files = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" '
        f'Type="{R}/officeDocument" Target="/word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>',
        **{f"word/{kind}.xml": f"<w:{kind} {_SPACES}>{inside}</w:{kind}>" for kind, inside in roots.items()},
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            for transitional, local in STRICT if strict else ():
                content = content.replace(transitional, f"http://purl.oclc.org/ooxml/{local}")  # noqa: PLW2901
            archive.writestr(path, content)
    return data.getvalue()
