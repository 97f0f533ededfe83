"""Numbers before the paragraphs of a DOCX."""

import pytest

from seedbed.knowledge.documents import docx
from seedbed.knowledge.documents.numerals import write_numeral
from tests.knowledge.docx_files import line, make_docx


def level(number: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(number: int, *levels: str, more: str = "") -> str:
    return f'<w:abstractNum w:abstractNumId="{number}">{more}{"".join(levels)}</w:abstractNum>'


def numbered(number: int, of: int, more: str = "") -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of}"/>{more}</w:num>'


def item(text: str, of: int = 1, at: int = 0) -> str:
    properties = f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{of}"/></w:numPr>'
    return line(text, properties=properties)


def text_of(body: str, numbering: str, styles: str = "") -> str:
    return docx.read(make_docx(body, numbering=numbering, styles=styles)).text


LEGAL = definition(
    1, level(0, "decimal", "%1."), level(1, "lowerLetter", "(%2)"), level(2, "lowerRoman", "%1.%2.%3")
) + numbered(1, 1)


def test_numbers_go_on_and_begin_anew_below_the_next():
    body = item("a") + item("b", at=1) + item("c", at=1) + item("d", at=2) + item("e") + item("f", at=1)
    assert text_of(body, LEGAL) == ("1. a\n   - (a) b\n   - (b) c\n     - 1.b.i d\n2. e\n   - (a) f")


def test_a_paragraph_between_does_not_begin_the_list_anew():
    assert text_of(item("a") + line("Between.") + item("b"), LEGAL) == "1. a\n\nBetween.\n\n2. b"


def test_a_list_of_the_same_definition_goes_on_unless_it_says_where_to_begin():
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    numbering = LEGAL + numbered(2, 1) + numbered(3, 1, override)
    body = item("a") + item("b", of=2) + item("c", of=3) + item("d", of=3) + item("e")
    assert text_of(body, numbering) == "1. a\n2. b\n5. c\n6. d\n7. e"


def test_a_level_may_go_on_over_its_parents():
    numbering = definition(
        1, level(0, "upperRoman", "%1."), level(1, "decimal", "%2.", '<w:lvlRestart w:val="0"/>')
    ) + numbered(1, 1)
    body = item("a") + item("b", at=1) + item("c") + item("d", at=1)
    assert text_of(body, numbering) == "- I. a\n  1. b\n- II. c\n  2. d"


def test_a_level_that_was_skipped_shows_where_it_would_begin():
    numbering = definition(1, level(0, "decimal", "%1."), level(1, "decimal", "%1.%2")) + numbered(1, 1)
    assert text_of(item("a", at=1) + item("b"), numbering) == "- 1.1 a\n1. b"


def test_legal_numbers_are_in_digits():
    numbering = definition(
        1, level(0, "upperRoman", "%1."), level(1, "decimal", "%1.%2", "<w:isLgl/>")
    ) + numbered(1, 1)
    assert text_of(item("a") + item("b", at=1), numbering) == "- I. a\n  - 1.1 b"


def test_bullets_have_no_number_and_words_stay_with_theirs():
    numbering = (
        definition(1, level(0, "bullet", "\uf0b7"))
        + definition(2, level(0, "decimal", "Step %1:"))
        + numbered(1, 1)
        + numbered(2, 2)
    )
    assert text_of(item("a") + item("b", of=2), numbering) == "- a\n- Step 1: b"


HEADINGS = (
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
    '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:pPr><w:numPr>'
    '<w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Clause"/><w:basedOn w:val="H2"/></w:style>'
)


def test_headings_have_the_numbers_of_their_styles():
    numbering = definition(1, level(0, "decimal", "%1"), level(1, "decimal", "%1.%2")) + numbered(1, 1)
    body = "".join(
        line(text, properties=f'<w:pStyle w:val="{style}"/>')
        for text, style in (("Scope", "H1"), ("Terms", "H2"), ("Period", "Mine"), ("Price", "H1"))
    )
    assert text_of(body, numbering, HEADINGS) == "# 1 Scope\n\n## 1.1 Terms\n\n## 1.2 Period\n\n# 2 Price"


def test_a_level_may_be_that_which_names_the_style():
    styles = (
        '<w:style w:type="paragraph" w:styleId="Deep"><w:name w:val="Deep"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    numbering = definition(
        1, level(0, "decimal", "%1."), level(1, "lowerLetter", "%2)", '<w:pStyle w:val="Deep"/>')
    ) + numbered(1, 1)
    assert text_of(item("a") + line("b", properties='<w:pStyle w:val="Deep"/>'), numbering, styles) == (
        "1. a\n- a) b"
    )


def test_a_definition_may_stand_for_that_of_a_list_style():
    numbering = (
        definition(1, more='<w:numStyleLink w:val="Steps"/>')
        + definition(2, level(0, "decimal", "%1)"), more='<w:styleLink w:val="Steps"/>')
        + numbered(1, 1)
    )
    assert text_of(item("a") + item("b"), numbering) == "1) a\n2) b"


def test_a_paragraph_may_take_itself_out_of_its_style_s_list():
    styles = HEADINGS.replace("heading 1", "Numbered")
    body = line("a", properties='<w:pStyle w:val="H1"/>') + line(
        "b", properties='<w:pStyle w:val="H1"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    )
    assert text_of(body, LEGAL, styles) == "1. a\n\nb"


def test_a_deleted_step_is_not_counted_and_an_empty_one_is():
    properties = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr><w:rPr><w:del/></w:rPr>'
    deleted = line("<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>", properties=properties)
    assert text_of(item("a") + deleted + item("b") + item("") + item("c"), LEGAL) == "1. a\n2. b\n4. c"


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("decimal", "12"),
        ("decimalZero", "12"),
        ("lowerRoman", "xii"),
        ("upperRoman", "XII"),
        ("lowerLetter", "l"),
        ("upperLetter", "L"),
        ("ordinal", "12th"),
        ("ganada", "타"),
        ("decimalEnclosedCircle", "⑫"),
        ("chineseCounting", "十二"),
        ("russianLower", "м"),
        ("none", ""),
        ("unheardOf", "12"),
    ],
)
def test_forms(form: str, wanted: str):
    assert write_numeral(12, form) == wanted


def test_letters_after_z_are_doubled_and_very_large_numbers_stay_digits():
    assert [write_numeral(n, "lowerLetter") for n in (26, 27, 53)] == ["z", "aa", "aaa"]
    assert write_numeral(10**9, "upperRoman") == "1000000000"
    assert write_numeral(0, "lowerRoman") == "0"
