"""Words: what is raised and lowered, and text that runs from right to left."""

import pytest

from seedbed.knowledge.documents import pdf
from seedbed.knowledge.documents.pdf.direction import in_order_of_reading, in_plain_letters
from tests.knowledge.pdfs import At, Glyphs, Mark, make_pdf, width_of


def raised(base: str, mark: str, rest: str, *, rise: float, size: float = 7) -> list[Mark]:
    """A base in 11 points, then a mark, then what follows, each where the one before ends."""
    after = 72 + width_of(base)
    return [At(base, 700), At(mark, 700 + rise, size, after), At(rest, 700, 11, after + width_of(mark, size))]


@pytest.mark.parametrize("by_rise", [False, True], ids=["by place", "by rise"])
def test_a_raised_number_is_told_from_its_base(by_rise):
    marks = raised("Avogadro counted 10", "23", " of them in a mole.", rise=4)
    if by_rise:
        marks[1] = At("23", 700, 7, marks[1].x, rise=4)
    assert pdf.read(make_pdf([marks])).text == "Avogadro counted 10^23 of them in a mole."


def test_a_mark_raised_without_being_smaller_is_told_too():
    marks = raised("Avogadro counted 10", "23", " of them in a mole.", rise=4, size=11)
    assert pdf.read(make_pdf([marks])).text == "Avogadro counted 10^23 of them in a mole."


def test_atoms_are_counted_as_one_writes_them_by_hand():
    assert pdf.read(make_pdf([raised("It is called H", "2", "O.", rise=-2)])).text == "It is called H2O."


def test_an_index_is_told_from_its_base():
    assert pdf.read(make_pdf([raised("log", "2", " 8 is three.", rise=-3)])).text == "log_2 8 is three."


def test_a_mark_of_a_footnote_is_told_from_its_word_and_from_its_note():
    body = At("It is heard in all rooms of the house, even behind closed doors.", 686)
    note = [At("1", 103, 5), At("Measured in 2019 by the office.", 100, 8, 75)]
    text = pdf.read(make_pdf([[*raised("The pump", "1", " is loud.", rise=4), body, *note]])).text
    assert text == f"The pump^1 is loud.\n\n{body.text}\n\n^1 Measured in 2019 by the office."


def test_small_letters_on_the_same_line_are_not_raised():
    marks = [At("The pump", 700), At("is loud", 700, 7, 75 + width_of("The pump"))]
    assert pdf.read(make_pdf([marks])).text == "The pump is loud"


def visual(text: str) -> tuple[str, ...]:
    """A text of letters that run from the right alone, as it stands from left to right."""
    return tuple(reversed(text))


HOURS = "הספרייה נפתחת בשעה תשע בבוקר ונסגרת בשעה שבע בערב."


def test_hebrew_is_read_from_the_right():
    assert pdf.read(make_pdf([[Glyphs(visual(HOURS), 700)]])).text == HOURS


def test_a_paragraph_in_hebrew_is_one_and_the_next_another():
    lines = [
        "אפשר להשאיל ספר לעשרים ושמונה ימים ולהאריך",
        "פעמיים אם איש לא ביקש.",
        HOURS[:30] + ".",
    ]
    marks = [Glyphs(visual(line), 700 - 14 * n, 10, 400 - 5 * len(line)) for n, line in enumerate(lines)]
    assert pdf.read(make_pdf([marks])).text == f"{lines[0]} {lines[1]}\n\n{lines[2]}"


def test_a_table_in_hebrew_begins_on_the_right():
    rows = [["דגם", "ספיקה", "מחיר"], ["משאבה", "11", "249"], ["מסנן", "", "299"]]
    marks = []
    for n, row in enumerate(rows):
        for column, text in enumerate(row):
            glyphs = tuple(text) if text.isdecimal() else visual(text)
            marks += [Glyphs(glyphs, 700 - 18 * n, 10, 400 - 100 * column - 5 * len(text))] if text else []
    assert pdf.read(make_pdf([marks])).text == (
        "| דגם | ספיקה | מחיר |\n| --- | --- | --- |\n| משאבה | 11 | 249 |\n| מסנן |  | 299 |"
    )


@pytest.mark.parametrize("lam_alef", ["لا", "ﻻ"], ids=["two letters", "a form of its own"])
def test_arabic_comes_in_letters_and_not_in_the_forms_they_are_drawn_in(lam_alef: str):
    glyphs = ("ب", "ا", "ت", "ﻛ", " ", lam_alef, "ﺇ", " ", "ﺲ", "ﻴ", "ﻟ")
    text = pdf.read(make_pdf([[Glyphs(glyphs, 700)]])).text
    assert text == "ليس إلا كتاب"


@pytest.mark.parametrize(
    ("stands", "read"),
    [
        ("תשע 9:00 העשב", "בשעה 9:00 עשת"),
        (".19:30 העשב", "בשעה 19:30."),
        ("(האבה)", "(הבאה)"),
        (")האבה(", "(הבאה)"),
        ("1,234.50 ריחמה", "המחיר 1,234.50"),
        ("50% החנה", "הנחה 50%"),
        ("28-ל", "ל-28"),
        ("תינכת Seedbed v2.1 תכרעמ", "מערכת Seedbed v2.1 תכנית"),
        ("«Seedbed» תינכת", "תכנית «Seedbed»"),
    ],
)
def test_numbers_and_names_keep_their_own_direction_in_a_text_from_the_right(stands: str, read: str):
    assert in_order_of_reading(list(stands), from_right=True) == read


def test_a_word_from_the_right_in_a_text_from_the_left():
    stands = "The word ימש and 12 םויב 5 more"
    assert in_order_of_reading(list(stands), from_right=False) == "The word שמי and 12 ביום 5 more"


def test_letters_of_formulas_are_plain_letters():
    assert pdf.read(make_pdf([[Glyphs(("𝐸", "=", "𝑚", "𝑐"), 700)]])).text == "E=mc"
    assert pdf.read(make_pdf([[Glyphs(("𠮷", "野", "家"), 700)]])).text == "𠮷野家"


def test_ligatures_are_the_letters_they_stand_for():
    assert in_plain_letters("eﬃcient ﬁles, x² and ﷲ") == "efficient files, x² and الله"
    assert in_plain_letters("كتـــاب") == "كتاب"


def test_a_line_of_very_many_letters_takes_no_long_time():
    assert len(in_order_of_reading(list("ab 12 אב " * 20_000), from_right=True)) == 180_000
