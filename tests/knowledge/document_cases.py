"""Documents with their references, for the measure in `benchmarks/documents.py`.

Those of text stand in `cases/`; DOCX files and PDFs are made here, out of what stands in them.
"""

import shutil
from pathlib import Path

from tests.knowledge.docx_files import cell, line, make_docx, run, table
from tests.knowledge.pdf_cases import PDF_CASES
from tests.knowledge.pdfs import At, make_pdf

CASES = Path(__file__).parent / "cases"

_RAISED = '<w:vertAlign w:val="superscript"/>'
_LOWERED = '<w:vertAlign w:val="subscript"/>'
_HEADING = '<w:outlineLvl w:val="0"/>'
_STEP = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
_CLAUSE = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>'
_NUMBERING = (
    '<w:abstractNum w:abstractNumId="1">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
)

CONTRACT = (
    line("Contract", properties=_HEADING)
    + line(
        "The warranty period is ",
        "<w:del><w:r><w:delText>12</w:delText></w:r></w:del>",
        f"<w:ins>{run('36')}</w:ins>",
        " months",
        f"<w:moveFrom>{run(' at least')}</w:moveFrom>",
        f"<w:moveTo>{run(' from delivery')}</w:moveTo>",
        run(" (secret)", "<w:vanish/>"),
        ", of which ",
        f"<w:sdt><w:sdtContent>{run('27')}</w:sdtContent></w:sdt>",
        " days are free",
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        ".",
    )
    + line("Open the valve.", properties=_STEP)
    + line("Wait for two bar.", properties=_CLAUSE)
    + line("Switch the pump on.", properties=_STEP)
    + table(
        cell("Grade", '<w:vMerge w:val="restart"/>') + cell("Days", '<w:gridSpan w:val="2"/>'),
        cell("", "<w:vMerge/>") + cell("least") + cell("most"),
        cell("A") + cell(table(cell("Seal") + cell("2")) + line("")) + cell("12"),
    )
)
CONTRACT_TEXT = """# Contract

The warranty period is 36 months from delivery, of which 27 days are free[^1].

[^1]: See clause 9.

1. Open the valve.
   - 1.a) Wait for two bar.
2. Switch the pump on.

| Grade | Days | Days |
|---|---|---|
| Grade | least | most |
| A | Seal 2 | 12 |
"""

_BOX = f"<w:txbxContent>{line('Caution: hot.')}</w:txbxContent>"
SCALES = (
    line("Scales", properties=_HEADING)
    + line(
        "One mole is 6.022 × 10",
        run("23", _RAISED),
        " of H",
        run("2", _LOWERED),
        "O, at log",
        run("2", _LOWERED),
        " 8.",
    )
    + line(
        "Energy is ",
        "<m:oMath><m:r><m:t>E=</m:t></m:r><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r>"
        "</m:den></m:f><m:r><m:t>m</m:t></m:r><m:sSup><m:e><m:r><m:t>v</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>"
        "</m:sup></m:sSup></m:oMath>",
        "; angle ",
        "<w:r><w:sym w:font='Symbol' w:char='F061'/></w:r>",
        ".",
    )
    + line(
        "Beside it.",
        "<w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><w:drawing><wps:txbx>{_BOX}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{_BOX}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>",
    )
    + line("See page ", '<w:fldSimple w:instr="PAGEREF x">' + run("7") + "</w:fldSimple>", ".")
)
SCALES_TEXT = """# Scales

One mole is 6.022 × 10^23 of H2O, at log_2 8.

Energy is $E=\\frac{1}{2}mv^2$; angle α.

Beside it.

Caution: hot.

See page 7.
"""

SHEET = [
    [At("Pump P-40", 720, size=20), At("It delivers 40 litres a minute,", 690), At("at 12 metres.", 676)]
]
SHEET_TEXT = """# Pump P-40

It delivers 40 litres a minute, at 12 metres.
"""


def write_cases(folder: Path) -> None:
    """Put all documents and their references into a folder."""
    shutil.copytree(CASES, folder, dirs_exist_ok=True)
    note = f"<w:footnote w:id='2'>{line('See clause 9.')}</w:footnote>"
    made = {
        "contract.docx": (make_docx(CONTRACT, numbering=_NUMBERING, footnotes=note), CONTRACT_TEXT),
        "scales.docx": (make_docx(SCALES), SCALES_TEXT),
        "strict.docx": (make_docx(SCALES, strict=True), SCALES_TEXT),
        "sheet.pdf": (make_pdf(SHEET), SHEET_TEXT),
        **PDF_CASES,
    }
    for name, (content, text) in made.items():
        (folder / name).write_bytes(content)
        (folder / f"{name}.md").write_text(text)
