"""Tables: cells stand in their columns, whatever tells these."""

from itertools import product

import pytest

from seedbed.knowledge.documents import markdown, pdf
from tests.knowledge.pdfs import At, Field, Mark, Rule, Shade, Turned, make_pdf

HEAD = ["Model", "Flow (l/min)", "Head (m)", "Price"]
ROWS = [
    ["P-10", "11", "3", "249.00"],
    ["P-20", "22", "", "1,299.00"],
    ["P-30", "", "9", "349.00"],
    ["P-40", "44", "12", ""],
    ["", "55", "15", "449.00"],
]
BEFORE = At("The table lists all models that were sold last year, with their data.", 740)
AFTER = At("Prices hold until the end of the year, and longer if nothing is said.", 500)
EDGES = [70, 160, 260, 350, 440]


def cells(
    rows: list[list[str]], *, right: bool = False, by_column: bool = False, font="Helvetica"
) -> list[Mark]:
    """Cells from the top, each row 18 below the one before; numbers to the right of their column or not."""
    found: list[Mark] = []
    for row, column in product(range(len(rows)), range(len(rows[0]))):
        text = rows[row][column]
        x = EDGES[column] + 4.0
        if right and column:
            x = EDGES[column + 1] - 4 - 5.6 * len(text)
        found += [At(text, 700 - 18 * row, 10, x, font)] if text else []
    return sorted(found, key=lambda cell: (cell.x, -cell.y)) if by_column else found


def grid(rows: int) -> list[Mark]:
    lines: list[Mark] = [Rule(EDGES[0], 714 - 18 * n, EDGES[-1], 714 - 18 * n) for n in range(rows + 1)]
    return lines + [Rule(x, 714, x, 714 - 18 * rows) for x in EDGES]


def across(rows: int) -> list[Mark]:
    return [Rule(EDGES[0], 714 - 18 * n, EDGES[-1], 714 - 18 * n) for n in range(rows + 1)]


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("drawn", [lambda _: [], grid, across], ids=["unruled", "grid", "across"])
def test_an_empty_cell_shifts_nothing(drawn, right):
    rows = [HEAD, *ROWS]
    reading = pdf.read(make_pdf([[BEFORE, *drawn(len(rows)), *cells(rows, right=right), AFTER]]))
    assert reading.text == f"{BEFORE.text}\n\n{markdown.table(rows)}\n\n{AFTER.text}"


def test_shades_behind_some_cells_are_no_lines_between_them():
    rows = [HEAD, *ROWS]
    head = [Shade(EDGES[n], 696, EDGES[n + 1] - EDGES[n], 18) for n in range(4)]
    stripes = [Shade(EDGES[0], 696 - 18 * n, EDGES[-1] - EDGES[0], 18) for n in (2, 4)]
    assert pdf.read(make_pdf([[*head, *stripes, *cells(rows)]])).text == markdown.table(rows)


def test_bars_that_are_filled_are_lines():
    bars = [Shade(EDGES[0], 714 - 18 * n, EDGES[-1] - EDGES[0], 0.5) for n in range(7)]
    bars += [Shade(x, 606, 0.5, 108) for x in EDGES]
    # A cell of two lines is told by its bars alone.
    rows = [HEAD, *ROWS[:-1], ["P-50", "55 in all", "15", "449.00"]]
    marks = [mark for mark in cells(rows) if not (isinstance(mark, At) and mark.text == "55 in all")]
    marks += [At("55", 614, 8, EDGES[1] + 4), At("in all", 607, 8, EDGES[1] + 4)]
    assert pdf.read(make_pdf([[*bars, *marks]])).text == markdown.table(rows)


def test_a_table_that_is_turned_with_its_page_or_on_it_is_the_same_table():
    marks = tuple(cell for cell in cells([HEAD, *ROWS]) if isinstance(cell, At))
    table = markdown.table([HEAD, *ROWS])
    assert pdf.read(make_pdf([[Turned(marks, 90, 712, 0)]], rotate=90)).text == table
    assert pdf.read(make_pdf([[Turned(marks, 90, 712, 0)]])).text == table
    assert pdf.read(make_pdf([[Turned(marks, 180, 612, 792)]], rotate=180)).text == table


PAIRS = [["Flow", "40 l/min"], ["Head", "12 m"], ["Weight of pump", "9 kg"], ["Noise", "48 dB"]]


@pytest.mark.parametrize("by_column", [False, True], ids=["row by row", "names first"])
def test_names_stand_beside_their_values(by_column):
    assert pdf.read(make_pdf([cells(PAIRS, by_column=by_column)])).text == markdown.table(PAIRS)


def test_a_name_without_a_value_takes_none_of_the_next():
    pairs = [["Flow", "40 l/min"], ["Head", ""], ["Weight", "9 kg"], ["Noise", "48 dB"]]
    assert pdf.read(make_pdf([cells(pairs)])).text == markdown.table(pairs)


def test_what_was_filled_into_a_form_stands_beside_its_name():
    names = [At("Name:", 700), At("City:", 670), At("Member:", 640)]
    text = pdf.read(make_pdf([[*names, Field("Ada Lovelace", 701), Field("London", 671)]])).text
    assert text == markdown.table([["Name:", "Ada Lovelace"], ["City:", "London"], ["Member:", ""]])


def test_a_heading_over_a_table_is_none_of_its_rows():
    marks = [At("Data of the pump", 722, 14, 74), *cells(PAIRS)]
    assert pdf.read(make_pdf([marks])).text == f"# Data of the pump\n\n{markdown.table(PAIRS)}"


def test_two_pairs_in_a_row_are_four_columns():
    rows = [
        ["Flow", "40 l/min", "Colour", "blue"],
        ["Head", "12 m", "Cable", ""],
        ["Weight", "9 kg", "Plug", "CEE"],
    ]
    assert pdf.read(make_pdf([cells(rows)])).text == markdown.table(rows)


WRAPPED = [
    ["Part", "What is done", "Every"],
    ["Seal", "Look whether water drips from it and change it if it does", "500 h"],
    ["Impeller", "Clean", ""],
    ["Cable", "", "Yearly"],
    ["Float switch", "Lift it by hand and hear whether the motor runs", "Monthly"],
]
LINES = [
    [["Part"], ["What is done"], ["Every"]],
    [["Seal"], ["Look whether water drips", "from it and change it", "if it does"], ["500 h"]],
    [["Impeller"], ["Clean"], []],
    [["Cable"], [], ["Yearly"]],
    [["Float switch"], ["Lift it by hand and hear", "whether the motor runs"], ["Monthly"]],
]


def wrapped(*, gap: float, middle: bool = False) -> list[Mark]:
    """Cells of several lines, 12 apart; rows further apart by `gap`."""
    found: list[Mark] = []
    y = 700.0
    for row in LINES:
        height = max(len(cell) for cell in row)
        for column, cell in enumerate(row):
            down = 6 * (height - len(cell)) if middle else 0
            found += [At(text, y - down - 12 * n, 10, (70, 170, 400)[column]) for n, text in enumerate(cell)]
        y -= 12 * height + gap
    return found


@pytest.mark.parametrize("gap", [8, 0], ids=["apart", "close"])
def test_the_lines_of_a_cell_stay_together(gap: float):
    assert pdf.read(make_pdf([wrapped(gap=gap)])).text == markdown.table(WRAPPED)


def test_a_cell_in_the_middle_of_its_row_is_of_that_row():
    assert pdf.read(make_pdf([wrapped(gap=8, middle=True)])).text == markdown.table(WRAPPED)


def test_merged_cells_are_repeated_in_every_place_they_cover():
    drawn = [
        *(Rule(70, y, 340, y) for y in (714, 678, 660)),
        Rule(160, 696, 340, 696),
        *(Rule(x, 714, x, 660) for x in (70, 160, 340)),
        Rule(250, 696, 250, 660),
    ]
    texts = [At("Model", 690, 10, 74), At("Output", 701, 10, 164), At("Flow", 683, 10, 164)]
    texts += [
        At("Head", 683, 10, 254),
        At("P-10", 665, 10, 74),
        At("11", 665, 10, 164),
        At("3", 665, 10, 254),
    ]
    assert pdf.read(make_pdf([[*drawn, *texts]])).text == markdown.table(
        [["Model", "Output", "Output"], ["Model", "Flow", "Head"], ["P-10", "11", "3"]]
    )


def test_a_table_over_two_pages_is_one_and_its_head_stands_once():
    rows = [[f"P-{n}", str(n), "" if n % 3 else "x", str(n * n)] for n in range(12)]
    first, second = [HEAD, *rows[:6]], [HEAD, *rows[6:]]
    pages = [[*grid(7), *cells(first)], [*grid(7), *cells(second)]]
    assert pdf.read(make_pdf(pages)).text == markdown.table([HEAD, *rows])


def test_in_a_document_set_in_letters_of_one_width_columns_are_columns_too():
    rows = [HEAD, *ROWS]
    assert pdf.read(make_pdf([cells(rows, font="Courier")])).text == markdown.table(rows)


def test_a_frame_around_a_page_is_no_table():
    frame = [Rule(50, 50, 560, 50), Rule(50, 760, 560, 760), Rule(50, 50, 50, 760), Rule(560, 50, 560, 760)]
    lines = [At("All of this page stands in a frame that somebody drew around it, and", 700)]
    lines += [At("that is no reason to take it for anything but text.", 686)]
    assert pdf.read(make_pdf([[*frame, *lines]])).text == f"{lines[0].text} {lines[1].text}"


def test_dots_that_lead_to_a_number_are_no_columns():
    lines = [
        At(f"{name} {'. ' * 30}{page}", 700 - 16 * n)
        for n, (name, page) in enumerate([("Bees", 1), ("Ants", 9)])
    ]
    assert pdf.read(make_pdf([lines])).text == "Bees … 1\n\nAnts … 9"


def test_a_page_of_very_many_lines_is_still_read():
    marks = [At("x", 780 - 2 * y, 2, 6 + 12 * x) for y in range(100) for x in range(50)]
    rules = [Rule(0, 2 * n, 600, 2 * n) for n in range(380)] + [
        Rule(1.5 * n, 0, 1.5 * n, 780) for n in range(400)
    ]
    assert pdf.read(make_pdf([[*marks, *rules]])).text.count("x") == len(marks)
