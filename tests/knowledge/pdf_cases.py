"""PDFs with their references: what a page shows, and the text a reader has of it."""

from tests.knowledge.pdfs import At, Field, Glyphs, Mark, Picture, Rule, make_pdf, width_of

_COLUMNS = (
    [
        "Algae in cold lakes grow slowly when the",
        "ice is thick and quickly when it is thin,",
        "as was measured over several winters by",
        "people who came back with numbers that",
    ],
    [
        "nobody had expected. They wrote a report,",
        "which says that more is to be measured",
        "before anything can be said for certain",
        "about the years that are to come.",
    ],
)
_CELLS = [
    ["Model", "Flow (l/min)", "Head (m)", "Price"],
    ["P-10", "11", "3", "249.00"],
    ["P-20", "22", "", "1,299.00"],
    ["P-30", "", "9", "349.00"],
]
_CODE = ["server:", "  port: 8080", "  tls:", "    enabled: true", "log:", "  level: info"]
_HEBREW = ["אפשר להשאיל ספר לעשרים ושמונה ימים ולהאריך", "פעמיים אם איש לא ביקש אותו בינתיים."]


def _article() -> list[Mark]:
    marks: list[Mark] = [At("Growth of algae", 740, 18, 60)]
    for x, column in zip((60, 320), _COLUMNS, strict=True):
        marks += [At(text, 700 - 12 * n, 10, x) for n, text in enumerate(column)]
    after = 60 + width_of("The density was 10", 10)
    marks += [At("The density was 10", 620, 10, 60), At("4", 624, 7, after)]
    return [*marks, At(" cells per litre.", 620, 10, after + width_of("4", 7))]


def _range() -> list[Mark]:
    marks: list[Mark] = [
        At("Pump range", 740, 18),
        At("The table lists all models with their main data.", 715, 10),
    ]
    marks += [Rule(70, 704 - 18 * n, 450, 704 - 18 * n) for n in range(5)]
    for n, row in enumerate(_CELLS):
        marks += [At(text, 690 - 18 * n, 10, 74 + 95 * column) for column, text in enumerate(row) if text]
    marks += [
        At("Settings", 590, 11, font="Helvetica-Bold"),
        At("The service is configured by this file:", 570, 10),
    ]
    return [*marks, *(At(line, 550 - 11 * n, 9, 90, "Courier") for n, line in enumerate(_CODE))]


def _form() -> list[Mark]:
    return [At("Name:", 700), At("City:", 670), Field("Ada Lovelace", 701), Field("London", 671)]


def _hebrew() -> list[Mark]:
    return [
        Glyphs(tuple(reversed(line)), 700 - 14 * n, 10, 400 - 5 * len(line)) for n, line in enumerate(_HEBREW)
    ]


_PROSE = " ".join([*_COLUMNS[0], *_COLUMNS[1]])
_TABLE = "\n".join(f"| {' | '.join(row)} |" for row in [_CELLS[0], ["---"] * 4, *_CELLS[1:]])

PDF_CASES: dict[str, tuple[bytes, str]] = {
    "article.pdf": (
        make_pdf([_article()]),
        f"# Growth of algae\n\n{_PROSE}\n\nThe density was 10^4 cells per litre.\n",
    ),
    "range.pdf": (
        make_pdf([_range(), [Picture()]]),
        f"# Pump range\n\nThe table lists all models with their main data.\n\n{_TABLE}\n\n## Settings\n\n"
        "The service is configured by this file:\n\n```\n" + "\n".join(_CODE) + "\n```\n",
    ),
    "form.pdf": (make_pdf([_form()]), "| Name: | Ada Lovelace |\n| --- | --- |\n| City: | London |\n"),
    "hebrew.pdf": (make_pdf([_hebrew()]), " ".join(_HEBREW) + "\n"),
}
