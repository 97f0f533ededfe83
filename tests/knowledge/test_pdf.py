from pathlib import Path

import pytest

from seedbed.knowledge.documents import pdf
from seedbed.knowledge.documents.reading import UnreadableError
from tests.knowledge.pdfs import At, make_pdf

FIRST = [
    At("Field guide", 760, 9),
    At("Bees", 700, 24),
    At("The worker bee is any female bee that lacks the full", 660),
    At("reproductive capacity of the queen.", 646),
    At("A second paragraph starts here and", 620),
    At("goes on over the page", 606),
    At("Page 1", 30, 9),
]
SECOND = [
    At("Field guide", 760, 9),
    At("without an end.", 700),
    At("정악 개요", 660, 18),
    At("정악은 궁중에서 연주되던 음악이다.", 630),
    At("* one of two", 600),
    At("* two of two", 570),
    At("Page 2", 30, 9),
]


def test_headings_by_size_paragraphs_over_pages_and_no_running_lines():
    reading = pdf.read(make_pdf([FIRST, SECOND]))
    assert reading.text == (
        "# Bees\n\n"
        "The worker bee is any female bee that lacks the full reproductive capacity of the queen.\n\n"
        "A second paragraph starts here and goes on over the page without an end.\n\n"
        "## 정악 개요\n\n"
        "정악은 궁중에서 연주되던 음악이다.\n\n"
        "- one of two\n"
        "- two of two"
    )


def test_pages_start_where_their_text_does():
    reading = pdf.read(make_pdf([FIRST, SECOND]))
    assert reading.pages == (0, reading.text.index("without an end"))


def test_a_page_without_text_starts_where_the_next_one_does():
    reading = pdf.read(make_pdf([FIRST, [], SECOND, []]))
    second = reading.text.index("without an end")
    assert reading.pages == (0, second, second, len(reading.text))


def test_an_outline_is_believed_before_sizes():
    lines = [At("Big ornament", 700, 30), At("1. Origins", 650), At("They came from afar, it is said.", 620)]
    reading = pdf.read(make_pdf([lines], outline=[("1. Origins", 0)]))
    assert reading.text == "Big ornament\n\n# 1. Origins\n\nThey came from afar, it is said."


def test_a_heading_on_two_lines_is_one_heading():
    lines = [
        At("A heading on", 700, 20),
        At("two lines", 676, 20),
        At("And then the text, longer than it.", 640),
    ]
    assert pdf.read(make_pdf([lines])).text == f"# A heading on two lines\n\n{lines[2].text}"


def test_page_numbers_go_even_where_they_stand_on_few_pages():
    pages = [[At(f"Text of page {n}.", 400)] + ([At(str(n), 30)] if n == 3 else []) for n in range(6)]
    assert "\n\n3" not in pdf.read(make_pdf(pages)).text


def test_pictures_only_is_an_error_that_says_what_to_do():
    with pytest.raises(UnreadableError, match=r"its 2 pages hold no text.*text recognition"):
        pdf.read(make_pdf([[], []]))


@pytest.mark.parametrize("cut", [0, 20, 400])
def test_a_damaged_file_is_an_error(cut: int):
    with pytest.raises(UnreadableError, match="not a PDF that can be opened"):
        pdf.read(make_pdf([FIRST])[:cut])


def test_a_printed_manual():
    path = Path("/usr/share/doc/shared-mime-info/shared-mime-info-spec.pdf")
    if not path.exists():
        pytest.skip("this system has no PDF documentation installed")
    reading = pdf.read(path.read_bytes())
    headings = [line for line in reading.text.split("\n") if line.startswith("#")]
    assert "# 1. Introduction" in headings
    assert "## 2.1. Directory layout" in headings
    assert list(reading.pages) == sorted(reading.pages)
