import io
import zipfile

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from seedbed.knowledge.documents import docx
from seedbed.knowledge.documents.reading import UnreadableError


def bytes_of(document) -> bytes:
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def test_title_headings_paragraphs_lists_and_tables_in_order():
    document = Document()
    document.add_heading("Field guide", 0)
    document.add_heading("정악", 1)
    document.add_paragraph("정악은 궁중에서 연주되던 음악이다.")
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("deeper", style="List Bullet 2")
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "both"
    table.cell(1, 0).text, table.cell(1, 1).text = "a", "b|c"
    document.add_paragraph("# no heading")
    assert docx.read(bytes_of(document)).text == (
        "# Field guide\n\n## 정악\n\n정악은 궁중에서 연주되던 음악이다.\n\n- one\n  - deeper\n\n"
        "| both | both |\n| --- | --- |\n| a | b\\|c |\n\n\\# no heading"
    )


def test_without_a_title_headings_keep_their_level():
    document = Document()
    document.add_heading("Bees", 1)
    document.add_paragraph("Text.")
    assert docx.read(bytes_of(document)).text == "# Bees\n\nText."


def test_an_outline_level_makes_a_heading_of_any_style():
    document = Document()
    paragraph = document.add_paragraph("제목")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "1")
    paragraph._p.get_or_add_pPr().append(level)
    assert docx.read(bytes_of(document)).text == "## 제목"


def test_running_headers_stay_out():
    document = Document()
    document.sections[0].header.paragraphs[0].text = "Confidential"
    document.add_paragraph("Text.")
    assert docx.read(bytes_of(document)).text == "Text."


def test_a_bomb_is_refused_before_it_is_opened():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (docx.MAX_MEMBER + 1))
    with pytest.raises(UnreadableError, match="would unpack to 100 MiB"):
        docx.check_zip(data.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"plain text"])
def test_what_is_no_zip_is_said_so(content: bytes):
    with pytest.raises(UnreadableError, match="not a DOCX file"):
        docx.read(content)


def test_another_kind_of_zip_is_said_so():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableError, match="not a DOCX file that can be opened"):
        docx.read(data.getvalue())
