import io
import zipfile

import pytest
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from seedbed.knowledge.documents import docx
from seedbed.knowledge.documents.docx.package import MAX_MEMBER
from seedbed.knowledge.documents.reading import UnreadableError
from tests.knowledge.docx_files import cell, line, make_docx, run, table


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
        archive.writestr("word/document.xml", b" " * (MAX_MEMBER + 1))
    with pytest.raises(UnreadableError, match="would unpack to 100 MiB"):
        docx.read(data.getvalue())


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


def with_part(path: str, content: bytes) -> bytes:
    """A sound file with one part of it put in another's place."""
    data = io.BytesIO()
    sound = zipfile.ZipFile(io.BytesIO(make_docx(line("Text."), styles="")))
    with zipfile.ZipFile(data, "w") as archive:
        for name in sound.namelist():
            archive.writestr(name, content if name == path else sound.read(name))
    return data.getvalue()


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("word/document.xml", b"<w:document", "word/document.xml is not sound XML"),
        ("word/document.xml", b"<html/>", "its document is a html"),
        ("word/styles.xml", b"\x00\x01", "word/styles.xml is not sound XML"),
        (
            "word/document.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
            "defines entities, which no DOCX may",
        ),
        ("word/document.xml", b"<a>" * 5000 + b"</a>" * 5000, "not sound XML: .*depth"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(path: str, content: bytes, reason: str):
    with pytest.raises(UnreadableError, match=reason):
        docx.read(with_part(path, content))


def test_a_file_with_a_password_or_of_the_old_kind_is_said_so():
    with pytest.raises(UnreadableError, match="locked with a password, or in Word's old format"):
        docx.read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def test_a_damaged_part_is_said_so():
    data = bytearray(make_docx(line("Text. " * 500)))
    place = data.index(b"word/document.xml") + 40
    data[place : place + 8] = bytes(8)
    with pytest.raises(UnreadableError, match=r"word/document\.xml cannot be unpacked"):
        docx.read(bytes(data))


def test_parts_that_are_named_and_missing_are_done_without():
    body = line("Text.", properties='<w:pStyle w:val="No"/><w:numPr><w:numId w:val="9"/></w:numPr>')
    body += line("More", '<w:r><w:footnoteReference w:id="3"/></w:r>')
    assert docx.read(make_docx(body)).text == "- Text.\n\nMore"


def test_a_table_that_merged_cells_blow_up_is_refused():
    rows = [cell("x" * 20_000, "<w:gridSpan w:val='100'/>")] * 20
    with pytest.raises(UnreadableError, match="merged ones repeated, hold more than"):
        docx.read(make_docx(table(*rows)))


MARK = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "body",
    [
        line(MARK.format("begin") * 30_000 + run("x") * 30_000 + MARK.format("end") * 30_000),
        line(MARK.format("end") * 100_000),
        line('<w:r><w:footnoteReference w:id="1"/></w:r>' * 100_000),
        line("<w:ins>" * 200 + run("x") * 50_000 + "</w:ins>" * 200),
        "".join(line(text, properties="<w:rPr><w:del/></w:rPr>") for text in ["x"] * 20_000),
        "<w:tbl><w:tr><w:tc>" * 60 + line("x") * 20_000 + "</w:tc></w:tr></w:tbl>" * 60,
    ],
)
def test_hostile_files_take_no_long_time(body: str):
    docx.read(make_docx(body, footnotes=f"<w:footnote w:id='1'>{line('note ' * 10_000)}</w:footnote>"))
