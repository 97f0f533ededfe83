"""Columns of prose are read one after the other, whatever order they were written in."""

import random

import pytest

from seedbed.knowledge.documents import pdf
from tests.knowledge.pdfs import At, Mark, Rule, Turned, make_pdf

LEFT = [
    "The left column begins here and tells of",
    "algae in the lakes of the north, which",
    "grow slowly when the ice is thick, and",
    "quickly when it is thin, as was measured",
    "over several winters by people who went",
    "there with instruments and came back",
]
RIGHT = [
    "with numbers that nobody had expected.",
    "Afterwards they wrote a report, which is",
    "what the right column is about until its",
    "end, where it says that more is to be",
    "measured before anything can be said for",
    "certain about the years that are to come.",
]
WHOLE = " ".join([*LEFT, *RIGHT])


def column(lines: list[str], x: float, *, top: float = 700, step: float = 12, size: float = 10) -> list[At]:
    return [At(text, top - step * n, size, x) for n, text in enumerate(lines)]


def interleaved(left: list[At], right: list[At]) -> list[At]:
    return [line for pair in zip(left, right, strict=True) for line in pair]


def shuffled(left: list[At], right: list[At]) -> list[At]:
    lines = [*left, *right]
    random.Random(3).shuffle(lines)
    return lines


@pytest.mark.parametrize("gutter", [12, 40])
@pytest.mark.parametrize(
    "written", [lambda a, b: [*a, *b], interleaved, shuffled], ids=["down", "across", "mixed"]
)
def test_two_columns_are_read_one_after_the_other(written, gutter: float):
    marks = written(column(LEFT, 60), column(RIGHT, 260 + gutter))
    assert pdf.read(make_pdf([marks])).text == WHOLE


def test_columns_whose_lines_do_not_stand_level_are_columns_too():
    marks = [*column(LEFT, 60), *column(RIGHT, 300, top=705, step=13)]
    assert pdf.read(make_pdf([marks])).text == WHOLE


def test_what_stands_above_and_below_both_columns_stays_there():
    above = At(
        "A sentence over the whole width of the page, which introduces what is said in both.", 730, 10, 60
    )
    below = At(
        "A sentence under the whole width of the page, which sums up what was said in both.", 600, 10, 60
    )
    marks = [above, *column(LEFT, 60), *column(RIGHT, 300), below]
    assert pdf.read(make_pdf([marks])).text == f"{above.text}\n\n{WHOLE}\n\n{below.text}"


def test_a_heading_in_a_column_stays_in_its_column():
    right = [At("Results", 700, 14, 300), *column(RIGHT[1:], 300, top=680)]
    left = column([*LEFT[:-1], "there."], 60)
    text = pdf.read(make_pdf([[*left, *right]])).text
    assert text == f"{' '.join(LEFT[:-1])} there.\n\n# Results\n\n{' '.join(RIGHT[1:])}"


def test_a_later_column_may_begin_higher_than_the_first():
    left = [At("One", 680, 15, 60), *column(LEFT, 60, top=660)]
    right = column([*RIGHT, *RIGHT], 300, top=712)
    text = pdf.read(make_pdf([[*left, *right]])).text
    assert text.startswith(f"# One\n\n{' '.join(LEFT)} {RIGHT[0]}")


def test_three_columns_on_two_pages():
    lines = [f"Line number {n} of a text in columns that" for n in range(36)]
    pages = []
    for page in range(2):
        parts = [lines[18 * page + 6 * n : 18 * page + 6 * n + 6] for n in range(3)]
        pages.append([line for n, part in enumerate(parts) for line in column(part, 40 + 190 * n, size=8)])
    text = pdf.read(make_pdf(pages)).text
    places = [text.index(f"number {n} of") for n in range(36)]
    assert places == sorted(places)


def test_a_table_within_a_column_stays_there():
    edges = (60, 130, 230)
    grid: list[Mark] = [Rule(60, y, 230, y) for y in (600, 584, 568)]
    grid += [Rule(x, 600, x, 568) for x in edges]
    cells = [At("Lake", 589, 9, 64), At("Depth", 589, 9, 134), At("Inari", 573, 9, 64), At("92", 573, 9, 134)]
    left = [*column([*LEFT[:-1], "there."], 60), *cells]
    text = pdf.read(make_pdf([[*grid, *left, *column(["Afterwards more.", *RIGHT[1:]], 300)]])).text
    assert text == (
        f"{' '.join(LEFT[:-1])} there.\n\n| Lake | Depth |\n| --- | --- |\n| Inari | 92 |\n\n"
        f"Afterwards more.\n\n{' '.join(RIGHT[1:])}"
    )


def test_a_sentence_goes_on_past_a_footnote_and_a_table_in_its_middle():
    note = At("1 Measured in 2019 by the office, with instruments of its own.", 600, 7, 60)
    caption = At("Table 1: Lakes", 700, 10, 300)
    marks = [*column(LEFT, 60), note, caption, *column(RIGHT, 300, top=680)]
    assert pdf.read(make_pdf([marks])).text == f"{WHOLE}\n\n{note.text}\n\n{caption.text}"


def test_notes_in_the_margin_are_read_after_the_text_beside_them():
    margin = [At("See also page 12", 660, 7, 60), At("on thick ice.", 652, 7, 60)]
    text = pdf.read(make_pdf([[*column([*LEFT, *RIGHT], 180), *margin]])).text
    assert WHOLE in text
    assert "See also page 12 on thick ice." in text


def test_what_is_turned_against_its_page_does_not_break_into_it():
    stamp = Turned((At("Received on 12 May", 0, 12, 0),), 90, 30, 300)
    mark = Turned((At("Draft", 0, 40, 0),), 45, 200, 300)
    text = pdf.read(make_pdf([[stamp, mark, *column([*LEFT, *RIGHT], 180)]])).text
    assert text == f"{WHOLE}\n\nReceived on 12 May\n\n# Draft" or text.startswith(WHOLE)
    assert "Received on 12 May" in text
