"""Pages: what is seen of them, and what of them could not be read."""

import pytest

from seedbed.knowledge.documents import pdf
from seedbed.knowledge.documents.pdf.reader import name_pages
from seedbed.knowledge.documents.reading import UnreadableError
from seedbed.knowledge.reader import Reader
from tests.knowledge.pdfs import At, Glyphs, Picture, Rule, make_pdf

TEXT = [At("Operating manual of the pump, issued by the works office.", 700)]
HALVES = [Picture(0, 0, 612, 396), Picture(0, 396, 612, 396)]


def test_pages_that_are_pictures_are_named_with_what_to_do():
    reading = pdf.read(make_pdf([TEXT, [Picture()], HALVES, [Picture(), At("3", 20)], [Picture()]]))
    assert reading.text == TEXT[0].text
    (note,) = reading.notes
    assert note.startswith("pages 2 to 5 are pictures and were not read; ")
    assert "`ocrmypdf IN.pdf OUT.pdf`" in note


def test_one_page_that_is_a_picture():
    assert pdf.read(make_pdf([TEXT, [Picture()]])).notes[0].startswith("page 2 is a picture and was not read")


@pytest.mark.parametrize(
    "page", [[], [Picture(100, 100, 200, 200), *TEXT], [Picture(100, 100, 60, 60)], [Picture(), *TEXT]]
)
def test_no_other_page_is_taken_for_one(page):
    assert pdf.read(make_pdf([TEXT, page])).notes == ()


def test_nothing_but_pictures_is_an_error_that_says_what_to_do():
    with pytest.raises(UnreadableError, match=r"its 2 pages hold no text, only pictures; .*ocrmypdf"):
        pdf.read(make_pdf([[Picture(), At("Scanned", 20)], [Picture()]]))


def test_a_page_whose_letters_are_drawn_as_outlines_is_named():
    outlines = [Rule(10 + n, 10, 10 + n, 700) for n in range(300)]
    (note,) = pdf.read(make_pdf([TEXT, outlines])).notes
    assert note.startswith("page 2 shows drawings and no text, and was not read")


def test_a_page_whose_fonts_do_not_say_which_letters_they_show_is_named():
    unknown = [Glyphs(("\ufffd",) * 60, 700)]
    reading = pdf.read(make_pdf([TEXT, unknown]))
    assert reading.text == TEXT[0].text
    assert "page 2 has fonts that do not say which letters they show" in reading.notes[0]


def test_what_is_cut_off_is_not_read():
    marks = [*TEXT, At("a printer's mark", 20), At("outside, too", 700, 11, 550)]
    assert pdf.read(make_pdf([marks], crop=(50, 300, 500, 760))).text == TEXT[0].text


async def test_what_was_not_read_comes_with_the_text_out_of_the_child():
    cut = await Reader().read("manual.pdf", make_pdf([TEXT, [Picture()]]), "application/pdf", 400)
    assert [note[:34] for note in cut.notes] == ["page 2 is a picture and was not re"]


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ([1], "page 2"),
        ([1, 2], "pages 2 and 3"),
        ([1, 2, 3, 4], "pages 2 to 5"),
        ([0, 2, 3, 4, 9], "pages 1, 3 to 5 and 10"),
        ([0, 1, 5, 6], "pages 1, 2, 6 and 7"),
    ],
)
def test_pages_are_named_as_people_do(numbers: list[int], named: str):
    assert name_pages(numbers) == named
