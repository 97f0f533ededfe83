import pytest

from seedbed.knowledge.documents import html


def text_of(inside: str, attributes: str = "") -> str:
    return html.read(f"<p>So <math {attributes}>{inside}</math> holds.</p>".encode()).text


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E = mc^2"),
        ("<msup><mn>10</mn><mn>23</mn></msup>", "$10^{23}$"),
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac><mi>m</mi>", r"$\frac{1}{2}m$"),
        ("<msub><mi>x</mi><mi>i</mi></msub>", "x_i"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>", r"$\sqrt{a + b}$"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"$\sqrt[3]{x}$"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>i</mi>",
            r"$\sum_{i = 1}^n i$",
        ),
        ("<munder><mi>lim</mi><mi>x</mi></munder><mi>f</mi>", r"$\lim_x f$"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", r"$\bar{x}$"),
        ("<mover><mi>v</mi><mo>→</mo></mover>", r"$\vec{v}$"),
        ("<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi>", r"$\sin x$"),
        ("<mn>2</mn><mo>&#x2062;</mo><mi>x</mi>", "2x"),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a, b)"),
        ("<mo>(</mo><mi>a</mi><mo>)</mo><mtext>if so</mtext>", r"$(a)\text{if so}$"),
        (
            "<mtable><mtr><mtd>1</mtd><mtd>2</mtd></mtr><mtr><mtd>3</mtd><mtd>4</mtd></mtr></mtable>",
            r"$\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}$",
        ),
        (
            "<mmultiscripts><mi>C</mi><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>",
            "${}_6^{14}C$",
        ),
        ("<mi>\U0001d438</mi>", "E"),
    ],
)
def test_equations_are_latex_like_text(inside: str, wanted: str):
    assert text_of(inside) == f"So {wanted} holds."


def test_the_latex_that_a_page_keeps_is_taken():
    inside = (
        "<semantics><mrow><mi>E</mi></mrow><annotation encoding='application/x-tex'>"
        r"{\displaystyle E=mc^{2}}</annotation></semantics>"
    )
    assert text_of(inside) == "So $E=mc^{2}$ holds."


def test_an_equation_of_its_own_stands_on_its_own_line():
    assert text_of("<mfrac><mi>a</mi><mi>b</mi></mfrac>", "display=block") == "So\n$$\\frac{a}{b}$$\nholds."


def test_what_is_shown_twice_is_read_once():
    page = (
        "<p>So <span class=katex><span class=katex-mathml><math><semantics><mi>x</mi>"
        "<annotation encoding='application/x-tex'>x^2</annotation></semantics></math></span>"
        "<span class=katex-html aria-hidden=true>x2</span></span>, "
        "<script type='math/tex'>y_1</script> and <img aria-hidden=true alt='z'>none.</p>"
    )
    assert html.read(page.encode()).text == "So x^2, y_1 and none."


def test_a_broken_equation_breaks_nothing():
    assert text_of("<mfrac><mn>1</mn></mfrac><msup></msup><mtable></mtable>").startswith("So ")
