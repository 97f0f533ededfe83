import pytest

from seedbed.knowledge.documents import pdf
from tests.knowledge.pdf_cases import PDF_CASES


@pytest.mark.parametrize("name", PDF_CASES)
def test_a_pdf_reads_as_its_reference_does(name: str):
    content, wanted = PDF_CASES[name]
    assert pdf.read(content).text == wanted.rstrip("\n")
