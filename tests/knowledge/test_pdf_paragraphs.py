"""Paragraphs, headings, lists and code: what goes together, and what does not."""

import pytest

from seedbed.knowledge.documents import pdf
from tests.knowledge.pdfs import At, Rule, make_pdf

RULES = [
    "A book may be kept for twenty-eight days and renewed twice unless",
    "somebody else has reserved it in the meantime, and whoever brings",
    "it back late pays twenty cents for each day.",
]
FEES = [
    "The fee for a lost card is five euros, which is asked of anyone",
    "who cannot show it at the desk, though children pay nothing at",
    "all until they are twelve years old.",
]


def lines(
    texts: list[str], top: float, step: float, *, size: float = 11, indent: float = 0, font="Helvetica"
):
    return [At(text, top - step * n, size, 72 + (0 if n else indent), font) for n, text in enumerate(texts)]


@pytest.mark.parametrize("step", [12, 18, 24, 30])
@pytest.mark.parametrize("space", [0, 12])
def test_lines_far_apart_are_still_one_paragraph(step: float, space: float):
    marks = [*lines(RULES, 700, step), *lines(FEES, 700 - 3 * step - space, step)]
    assert pdf.read(make_pdf([marks])).text == f"{' '.join(RULES)}\n\n{' '.join(FEES)}"


def test_an_indent_opens_a_paragraph():
    full = [*RULES[:2], "it back late pays twenty cents for each day, whatever was agreed."]
    marks = [*lines(full, 700, 14, indent=20), *lines(FEES, 658, 14, indent=20)]
    assert pdf.read(make_pdf([marks])).text == f"{' '.join(full)}\n\n{' '.join(FEES)}"


def test_short_lines_that_had_room_for_more_stand_alone():
    marks = [*lines(RULES, 700, 14), *lines(["Town library", "Market square 3", "Open on weekdays"], 620, 14)]
    assert pdf.read(make_pdf([marks])).text.endswith(
        "\n\nTown library\n\nMarket square 3\n\nOpen on weekdays"
    )


@pytest.mark.parametrize("below", [14, 30])
def test_bold_lines_by_themselves_are_headings_though_of_the_same_size(below: float):
    marks = []
    for n, name in enumerate(["Opening hours", "Lending of books", "Fees"]):
        top = 700 - 120 * n
        marks += [At(name, top, 11, font="Helvetica-Bold"), *lines(RULES, top - below, 14)]
    text = pdf.read(make_pdf([marks])).text
    body = " ".join(RULES)
    assert text == f"# Opening hours\n\n{body}\n\n# Lending of books\n\n{body}\n\n# Fees\n\n{body}"


def test_a_bold_beginning_of_a_paragraph_is_no_heading():
    marks = [
        At("Note:", 700, 11, font="Helvetica-Bold"),
        At("this stands on the same line as its name, and", 700, 11, 110),
    ]
    marks += [At("goes on below it until it ends here.", 686)]
    assert not pdf.read(make_pdf([marks])).text.startswith("#")


def test_bold_is_no_heading_where_all_is_bold_nor_where_it_fills_a_paragraph():
    bold = lines(RULES, 700, 14, font="Helvetica-Bold")
    assert pdf.read(make_pdf([bold])).text == " ".join(RULES)
    warning = ["Never open the housing while the plug is in the", "socket, and wait"]
    warning += ["until the motor stands still before you do, as", "it may go on by itself."]
    marks = [*lines(RULES, 700, 14), *lines(warning, 640, 14, font="Helvetica-Bold"), *lines(FEES, 560, 14)]
    assert "#" not in pdf.read(make_pdf([marks])).text


YAML = ["server:", "  port: 8080", "  tls:", "    enabled: true", "", "log:", "  level: info   # or debug"]


def code(top: float, *, x: float = 90, size: float = 9, one_by_one: bool = False) -> list[At]:
    """Lines of code; their indents are spaces, or places."""
    found = []
    for n, line in enumerate(YAML):
        indent = (len(line) - len(line.lstrip())) if one_by_one else 0
        text = line.lstrip() if one_by_one else line
        found += [At(text, top - 11 * n, size, x + indent * size * 0.6, "Courier")] if line else []
    return found


@pytest.mark.parametrize("one_by_one", [False, True], ids=["by spaces", "by places"])
def test_code_keeps_its_lines_and_indents(one_by_one):
    marks = [*lines(RULES, 700, 14), *code(640, one_by_one=one_by_one), *lines(FEES, 540, 14)]
    listing = "\n".join(YAML)
    assert pdf.read(make_pdf([marks])).text == f"{' '.join(RULES)}\n\n```\n{listing}\n```\n\n{' '.join(FEES)}"


def test_code_in_a_box_is_code_and_no_table():
    box = [Rule(80, 655, 400, 655), Rule(80, 560, 400, 560), Rule(80, 655, 80, 560), Rule(400, 655, 400, 560)]
    marks = [*lines(RULES, 700, 14), *box, *code(640), *lines(FEES, 540, 14)]
    assert "```\nserver:\n  port: 8080\n" in pdf.read(make_pdf([marks])).text


def test_code_goes_on_over_the_page():
    marks = [*lines(RULES, 700, 14), *code(640)]
    text = pdf.read(make_pdf([marks, [*code(700), *lines(FEES, 540, 14)]])).text
    assert text.count("```") == 2


def test_a_letter_written_on_a_typewriter_is_text():
    assert pdf.read(make_pdf([lines(RULES, 700, 14, font="Courier")])).text == " ".join(RULES)


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (
            "as was meas-",
            "ured over several winters by people with instruments.",
            "as was measured over several",
        ),
        (
            "kept for twenty-",
            "eight days and renewed twice unless somebody asks.",
            "kept for twenty-eight days",
        ),
        (
            "the standard UTF-",
            "8 is meant for all letters of all languages that are.",
            "the standard UTF-8 is",
        ),
        (
            "the pump P-",
            "Model was sold until the end of the year, and then no more.",
            "the pump P-Model was",
        ),
        (
            "a well-known long-term plan for long-",
            "term care of the lakes was made by them.",
            "for long-term care",
        ),
    ],
)
def test_a_word_parted_at_the_end_of_a_line_is_put_together(first: str, second: str, wanted: str):
    before = "The following sentence is only here to be as long as a line is "
    marks = lines([before, first.rjust(1), second], 700, 14)
    assert wanted in pdf.read(make_pdf([marks])).text


def test_items_of_lists_stand_alone_with_their_lines():
    texts = [
        "1. First step",
        "2. Second step, which is very long and goes on over more than one",
        "line, as steps do",
    ]
    texts += ["3. Third step", "a) a letter", "* a bullet", "* another bullet"]
    marks = lines(texts, 700, 14)
    assert pdf.read(make_pdf([marks])).text == (
        "1. First step\n\n"
        "2. Second step, which is very long and goes on over more than one line, as steps do\n\n"
        "3. Third step\n\na) a letter\n\n- a bullet\n- another bullet"
    )


def test_what_repeats_in_the_margins_goes_and_rows_of_a_table_there_stay():
    pages = []
    for page in range(3):
        rows = [
            At(text, 715 - 14 * n, 10, 72 + 150 * c)
            for n in range(4)
            for c, text in enumerate((f"P-{page}{n}", f"{n}"))
        ]
        pages.append([At("Field guide", 760, 9), *rows, At(f"Page {page + 1} of 3", 30, 9)])
    text = pdf.read(make_pdf(pages)).text
    assert "Field guide" not in text
    assert "Page" not in text
    assert [f"P-{page}{n}" in text for page in range(3) for n in range(4)] == [True] * 12
