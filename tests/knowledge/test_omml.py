import pytest

from seedbed.knowledge.documents import docx
from tests.knowledge.docx_files import line, make_docx


def r(text: str, properties: str = "") -> str:
    return f"<m:r><m:rPr>{properties}</m:rPr><m:t>{text}</m:t></m:r>"


def part(kind: str, inside: str) -> str:
    return f"<m:{kind}>{inside}</m:{kind}>"


def e(text: str) -> str:
    return part("e", r(text))


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        (r("E=½mv²"), "E=½mv²"),
        (part("sSup", e("10") + part("sup", r("23"))), "$10^{23}$"),
        (part("sSubSup", e("x") + part("sub", r("i")) + part("sup", r("2"))), "x_i^2"),
        (part("sPre", part("sub", r("6")) + part("sup", r("14")) + e("C")), "${}_6^{14}C$"),
        (part("rad", part("deg", "") + e("x")), r"$\sqrt{x}$"),
        (part("rad", part("deg", r("3")) + e("x")), r"$\sqrt[3]{x}$"),
        (part("d", e("a") + e("b")), "(a|b)"),
        (part("d", '<m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>' + e("a")), "[a]"),
        (
            part(
                "nary",
                '<m:naryPr><m:chr m:val="∑"/></m:naryPr>'
                + part("sub", r("i=1"))
                + part("sup", r("n"))
                + e("i"),
            ),
            r"$\sum_{i=1}^n i$",
        ),
        (part("nary", part("sub", r("0")) + part("sup", r("1")) + e("f")), r"$\int_0^1 f$"),
        (part("func", part("fName", r("sin")) + e("x")), r"$\sin x$"),
        (part("limLow", e("lim") + part("lim", r("x→0"))), r"$\lim_{x→0}$"),
        (part("acc", '<m:accPr><m:chr m:val="&#x305;"/></m:accPr>' + e("x")), r"$\bar{x}$"),
        (part("acc", e("x")), r"$\hat{x}$"),
        (part("bar", '<m:barPr><m:pos m:val="top"/></m:barPr>' + e("x")), r"$\bar{x}$"),
        (
            part("m", part("mr", e("1") + e("2")) + part("mr", e("3") + e("4"))),
            r"$\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}$",
        ),
        (
            part("f", '<m:fPr><m:type m:val="lin"/></m:fPr>' + part("num", r("a")) + part("den", r("b"))),
            "a/b",
        ),
        (
            part("f", '<m:fPr><m:type m:val="noBar"/></m:fPr>' + part("num", r("n")) + part("den", r("k"))),
            r"$\binom{n}{k}$",
        ),
        (r("if so", "<m:nor/>"), r"$\text{if so}$"),
        (f"<w:del>{r('gone')}</w:del><w:ins>{r('kept')}</w:ins>", "kept"),
        (part("box", e("x")) + part("borderBox", e("y")), "xy"),
        (r("\U0001d438"), "E"),
    ],
)
def test_equations_are_latex_like_text(inside: str, wanted: str):
    text = docx.read(make_docx(line("So ", part("oMath", inside), " holds."))).text
    assert text == f"So {wanted} holds."
