"""What a reader of a DOCX sees: changes, controls, fields, boxes, hidden text, notes, symbols."""

import pytest

from seedbed.knowledge.documents import docx
from tests.knowledge.docx_files import cell, line, make_docx, run, table


def text_of(body: str, **parts: str) -> str:
    return docx.read(make_docx(body, strict=False, **parts)).text


def field(instruction: str, result: str, data: str = "") -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}">{}</w:fldChar></w:r>'
    return (
        f"{mark.format('begin', data)}<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        f"{mark.format('separate', '')}{result}{mark.format('end', '')}"
    )


@pytest.mark.parametrize(
    "holder", ["sdt", "smartTag", "customXml", "ins", "moveTo", "hyperlink", "bdo", "dir"]
)
def test_text_in_whatever_holds_it_is_read(holder: str):
    inside = f"<w:sdtContent>{run('27')}</w:sdtContent>" if holder == "sdt" else run("27")
    assert text_of(line("It is ", f"<w:{holder}>{inside}</w:{holder}>", " days.")) == "It is 27 days."


@pytest.mark.parametrize("holder", ["sdt", "customXml", "ins"])
def test_paragraphs_rows_and_cells_in_whatever_holds_them_are_read(holder: str):
    def held(inside: str) -> str:
        inside = f"<w:sdtContent>{inside}</w:sdtContent>" if holder == "sdt" else inside
        return f"<w:{holder}>{inside}</w:{holder}>"

    row = f"<w:tr>{held(cell('a'))}{cell('b')}</w:tr>"
    body = held(line("One.")) + f"<w:tbl>{held(row)}<w:tr>{cell('c')}{cell('d')}</w:tr></w:tbl>"
    assert text_of(body) == "One.\n\n| a | b |\n| --- | --- |\n| c | d |"


def test_what_was_deleted_or_moved_away_is_left_out_and_counted():
    deleted = "<w:del><w:r><w:delText>12</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom>{run(' as agreed')}</w:moveFrom><w:moveTo>{run(' once')}</w:moveTo>"
    both = f"<w:ins><w:del>{run('0')}</w:del>{run('36')}</w:ins>"
    reading = docx.read(make_docx(line("The period is ", deleted, both, " months", moved, ".")))
    assert reading.text == "The period is 36 months once."
    assert reading.notes == ("left out: 3 tracked deletions",)


def test_a_paragraph_whose_end_was_deleted_goes_on_in_the_next():
    body = line("It lasts ", properties="<w:rPr><w:del/></w:rPr>") + line("36 months.") + line("Done.")
    assert text_of(body) == "It lasts 36 months.\n\nDone."


def test_a_deleted_cell_is_left_out():
    body = table(cell("kept") + cell("gone", "<w:cellDel/>") + cell("too"))
    assert text_of(body) == "| kept | too |\n| --- | --- |"


def test_a_deleted_row_and_a_hidden_one_are_left_out():
    rows = "".join(
        f"<w:tr><w:trPr>{mark}</w:trPr>{cell(text)}{cell('x')}</w:tr>"
        for text, mark in (("kept", "<w:ins/>"), ("gone", "<w:del/>"), ("hidden", "<w:hidden/>"))
    )
    reading = docx.read(make_docx(f"<w:tbl>{rows}</w:tbl>"))
    assert reading.text == "| kept | x |\n| --- | --- |"
    assert reading.notes == ("left out: 1 hidden passage, 1 tracked deletion",)


STYLES = (
    '<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="character" w:styleId="Deep"><w:name w:val="Deep"/><w:basedOn w:val="Secret"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Note"><w:name w:val="Note"/><w:rPr><w:vanish/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Up"><w:name w:val="Up"/>'
    '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
)


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        ("<w:vanish/>", False),
        ('<w:vanish w:val="true"/>', False),
        ('<w:vanish w:val="0"/>', True),
        ('<w:rStyle w:val="Secret"/>', False),
        ('<w:rStyle w:val="Deep"/>', False),
        ('<w:rStyle w:val="Secret"/><w:vanish w:val="false"/>', True),
        ("<w:webHidden/>", True),
    ],
)
def test_hidden_text_is_left_out_by_itself_and_by_its_style(properties: str, shown: bool):  # noqa: FBT001
    reading = docx.read(make_docx(line("Seen.", run(" Hidden.", properties)), styles=STYLES))
    assert reading.text == ("Seen. Hidden." if shown else "Seen.")
    assert reading.notes == (() if shown else ("left out: 1 hidden passage",))


@pytest.mark.parametrize("mark", ["<w:strike/>", "<w:dstrike/>", '<w:rStyle w:val="Gone"/>'])
def test_what_is_struck_out_is_left_out_and_counted(mark: str):
    styles = '<w:style w:type="character" w:styleId="Gone"><w:rPr><w:strike/></w:rPr></w:style>'
    body = line("It is ", run("12", mark), run("36", '<w:strike w:val="0"/>'), " months.")
    reading = docx.read(make_docx(body, styles=styles))
    assert reading.text == "It is 36 months."
    assert reading.notes == ("left out: 1 struck-out passage",)


def test_a_paragraph_s_style_hides_it_and_a_run_s_style_turns_that_around():
    body = line("Hidden.", run("Seen.", '<w:rStyle w:val="Secret"/>'), properties='<w:pStyle w:val="Note"/>')
    assert text_of(body, styles=STYLES) == "Seen."


def test_a_style_that_rests_on_itself_is_read():
    assert text_of(line("Text.", properties='<w:pStyle w:val="Loop"/>'), styles=STYLES) == "Text."


@pytest.mark.parametrize(
    "properties",
    ['<w:vertAlign w:val="superscript"/>', '<w:rStyle w:val="Up"/>', '<w:position w:val="8"/>'],
)
def test_raised_digits_never_fuse_with_their_base(properties: str):
    body = line("6.022 × 10", run("2", properties), run("3", properties), " per mole")
    assert text_of(body, styles=STYLES) == "6.022 × 10^23 per mole"


def test_lowered_digits_and_a_style_overruled():
    lowered = '<w:vertAlign w:val="subscript"/>'
    flat = '<w:rStyle w:val="Up"/><w:vertAlign w:val="baseline"/>'
    body = line("H", run("2", lowered), "O, log", run("2", lowered), " 8, 10", run("5", flat))
    assert text_of(body, styles=STYLES) == "H2O, log_2 8, 105"


def test_fields_show_their_results_and_not_their_instructions():
    nested = field(f"IF {field('PAGE', run('7'))} = 1", run("yes"))
    simple = f'<w:fldSimple w:instr="DATE">{run("1 May")}</w:fldSimple>'
    link = field('HYPERLINK "https://example.org"', run("the page"))
    assert text_of(line("See ", link, ", ", simple, ", ", nested, ".")) == "See the page, 1 May, yes."


def test_a_field_may_reach_over_paragraphs():
    begin, end = field("TOC", "|").split("|")
    assert text_of(line(begin, "One") + line("Two", end) + line("Three")) == "One\n\nTwo\n\nThree"


def test_a_field_that_never_ends_swallows_nothing():
    begin = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    assert text_of(line("One ", begin, "two.") + line("Three.")) == "One two.\n\nThree."


def test_what_is_chosen_in_an_old_form_is_shown():
    options = (
        "<w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='12'/><w:listEntry w:val='36'/>"
        "</w:ddList></w:ffData>"
    )
    box = "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>"
    body = line("It is ", field("FORMDROPDOWN", "", options), " months ", field("FORMCHECKBOX", "", box))
    assert text_of(body) == "It is 36 months ☒"


BOX = "<w:txbxContent><w:p><w:r><w:t>Caution: hot.</w:t></w:r></w:p></w:txbxContent>"


def alternatives(choice: str, fallback: str) -> str:
    return (
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'>{choice}</mc:Choice>"
        f"<mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def test_a_text_box_is_read_once_and_after_its_paragraph():
    shape = f"<wps:wsp><wps:txbx>{BOX}</wps:txbx></wps:wsp>"
    drawn = f"<w:drawing><wp:anchor><a:graphic>{shape}</a:graphic></wp:anchor></w:drawing>"
    old = f"<w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict>"
    body = line("Before ", alternatives(drawn, old), "after.") + line("Next.")
    assert text_of(body) == "Before after.\n\nCaution: hot.\n\nNext."


def test_an_older_form_is_read_where_only_it_has_text():
    assert text_of(line("So ", alternatives("<w16se:symEx xmlns:w16se='x'/>", "<w:t>☺</w:t>"))) == "So ☺"


def test_pictures_charts_and_objects_are_counted():
    equation = (
        "<w:r><w:object><v:shape><v:imagedata/></v:shape><o:OLEObject ProgID='Equation.3'/></w:object></w:r>"
    )
    body = line(
        "Text.",
        "<w:r><w:drawing><pic:pic/></w:drawing></w:r>",
        "<w:r><w:drawing><pic:pic/></w:drawing></w:r>",
        "<w:r><w:drawing><c:chart/></w:drawing></w:r>",
        "<w:r><w:drawing><dgm:relIds/></w:drawing></w:r>",
        "<w:r><w:commentReference w:id='1'/></w:r>",
        equation,
    )
    notes = docx.read(make_docx(body + "<w:altChunk/>")).notes
    assert notes == (
        "left out: 1 chart, 1 comment, 1 diagram, 1 embedded document, 1 equation object, 2 pictures",
    )


def test_breaks_hyphens_symbols_and_ruby():
    marks = (
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>P</w:t><w:noBreakHyphen/><w:t>4</w:t>"
        "<w:softHyphen/></w:r>"
    )
    symbol = "<w:r><w:sym w:font='Symbol' w:char='F061'/><w:sym w:font='Wingdings' w:char='F0FC'/></w:r>"
    ruby = f"<w:r><w:ruby><w:rt>{run('べっぷ')}</w:rt><w:rubyBase>{run('別府')}</w:rubyBase></w:ruby></w:r>"
    private = run("\uf062", "<w:rFonts w:ascii='Symbol'/>")
    assert text_of(line(marks, symbol, private, ruby)) == "a\tb\nP-4α✓β別府(べっぷ)"


def test_a_large_first_letter_belongs_to_its_word():
    body = line("O", properties="<w:framePr w:dropCap='drop'/>") + line("nce upon a time.")
    assert text_of(body) == "Once upon a time."


def note(number: int, text: str) -> str:
    return f"<w:footnote w:id='{number}'><w:p><w:r><w:footnoteRef/></w:r>{run(text)}</w:p></w:footnote>"


def reference(number: int) -> str:
    return f"<w:r><w:footnoteReference w:id='{number}'/></w:r>"


def test_footnotes_stand_after_the_block_that_refers_to_them_and_once_each():
    parts = {
        "footnotes": "<w:footnote w:id='0' w:type='separator'/>" + note(5, "At 20 °C.") + note(6, "Never.")
    }
    body = line("Flow", reference(5), " and head", reference(6), ".") + line("Again", reference(5), ".")
    assert text_of(body, **parts) == (
        "Flow[^1] and head[^2].\n\n[^1]: At 20 °C.\n\n[^2]: Never.\n\nAgain[^1]."
    )


def test_an_endnote_has_numbers_of_its_own():
    ends = f"<w:endnote w:id='1'>{line('See Annex B.')}</w:endnote>"
    body = line("Text<w:r><w:endnoteReference w:id='1'/></w:r>".replace("Text", run("Text")))
    assert text_of(body, endnotes=ends) == "Text[^i]\n\n[^i]: See Annex B."


def test_a_note_that_refers_to_itself_is_read_once():
    loop = f"<w:footnote w:id='1'>{line('Self', reference(1))}</w:footnote>"
    assert text_of(line("Text", reference(1)), footnotes=loop) == "Text[^1]\n\n[^1]: Self[^1]"


def test_merged_cells_stand_in_every_place_they_cover():
    rows = [
        cell("Model", "<w:vMerge w:val='restart'/>") + cell("Size", "<w:gridSpan w:val='2'/>"),
        cell("", "<w:vMerge/>") + cell("w") + cell("h"),
        "<w:trPr><w:gridBefore w:val='1'/></w:trPr>" + cell("1") + cell("2"),
    ]
    assert text_of(table(*rows)) == (
        "| Model | Size | Size |\n| --- | --- | --- |\n| Model | w | h |\n|  | 1 | 2 |"
    )


def test_a_table_in_a_cell_stays_in_that_cell():
    inner = table(cell("Seal") + cell("2"), cell("Bolt") + cell("8"))
    rows = [cell("Pump") + cell("Parts"), cell("P-40") + cell(inner + line(""))]
    assert text_of(table(*rows)) == "| Pump | Parts |\n| --- | --- |\n| P-40 | Seal, 2; Bolt, 8 |"


def test_a_frame_around_a_page_is_no_table():
    inner = table(cell("a") + cell("b"))
    assert text_of(table(cell(line("Text.") + inner))) == "Text.\n\n| a | b |\n| --- | --- |"


def test_headings_in_cells_make_a_layout():
    heading = line("Left", properties="<w:outlineLvl w:val='1'/>")
    assert text_of(table(cell(heading + line("one")) + cell("two"))) == "## Left\n\none\n\ntwo"


def test_an_equation_is_a_line_that_can_be_read():
    half = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    square = "<m:sSup><m:e><m:r><m:t>v</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    equation = f"<m:oMath><m:r><m:t>E=</m:t></m:r>{half}<m:r><m:t>m</m:t></m:r>{square}</m:oMath>"
    assert text_of(line("Energy is ", equation, " here.")) == r"Energy is $E=\frac{1}{2}mv^2$ here."
    assert text_of(line(f"<m:oMathPara>{equation}</m:oMathPara>")) == r"$$E=\frac{1}{2}mv^2$$"


def test_the_strict_form_is_read_like_the_other():
    body = line("Title", properties='<w:outlineLvl w:val="0"/>') + line("Text", reference(1))
    content = make_docx(body, strict=True, footnotes=note(1, "Note."))
    assert b"schemas.openxmlformats.org/wordprocessingml" not in content
    assert docx.read(content).text == "# Title\n\nText[^1]\n\n[^1]: Note."


def test_paragraphs_of_code_are_the_lines_of_one_listing():
    styles = '<w:style w:type="paragraph" w:styleId="C"><w:name w:val="Source Code"/></w:style>'
    code = [
        line(text, properties='<w:pStyle w:val="C"/>')
        for text in ("", "pump:", "  flow: 40", "", "valve: 3", "")
    ]
    body = line("Before.") + "".join(code) + line("After.") + code[0] + line("End.")
    assert text_of(body, styles=styles) == (
        "Before.\n\n```\npump:\n  flow: 40\n\nvalve: 3\n```\n\nAfter.\n\nEnd."
    )
