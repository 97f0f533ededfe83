"""What of a page is content: pages inside a form, questions in buttons, answers hidden to be opened."""

import pytest

from seedbed.knowledge.documents import html


def text_of(body: str) -> str:
    return html.read(f"<!doctype html><html><body>{body}</body></html>".encode()).text


def test_a_page_inside_one_form_keeps_its_text_and_loses_its_controls():
    body = (
        "<form><input type=hidden value=x><h1>Pump</h1><p>It delivers 40 litres.</p><label>Search</label>"
        "<select><option>one</option></select><textarea>words</textarea><datalist><option>two</datalist>"
        "<fieldset><legend>Care</legend><p>Drain it.</p></fieldset><button>Send</button>"
        "<input type=submit value=Go></form>"
    )
    assert text_of(body) == "# Pump\n\nIt delivers 40 litres.\n\nSearch\n\nCare\n\nDrain it."


@pytest.mark.parametrize(
    "question",
    [
        "<button>How is the seal replaced?</button>",
        "<h3><button aria-expanded=false>The seal</button></h3>",
        "<h3><span><button type=button>The seal</button></span></h3>",
        "<button class=accordion>The seal</button>",
        "<button aria-expanded=false aria-controls=a1>Replacing the seal</button>",
        "<button>씰은 어떻게 교체합니까？</button>",
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        "<div hidden><p>Through the valve</p></div>",
        "<div hidden=until-found>Through the valve</div>",
        "<div id=a1 aria-hidden=true>Through the valve</div>",
        "<div role=region hidden>Through the valve</div>",
        "<div class='collapse panel' aria-hidden=true>Through the valve</div>",
        "<p><span hidden=until-found>Through the valve</span></p>",
    ],
)
def test_questions_in_buttons_and_answers_that_open_stay(question: str, answer: str):
    text = text_of(f"<div>{question}{answer}</div>")
    assert "seal" in text or "씰" in text
    assert text.endswith("\n\nThrough the valve")


def test_tabs_keep_their_names_and_their_panels():
    body = (
        "<div role=tablist><button role=tab aria-controls=p1>Specs</button></div>"
        "<div role=tabpanel id=p1 hidden><p>40 l/min</p></div>"
    )
    assert text_of(body) == "Specs\n\n40 l/min"


def test_details_and_hidden_prose_stay():
    body = (
        "<details><summary>How?</summary><p>Turn the key.</p></details>"
        "<dl><dt><button>Where?</button></dt><dd hidden>Below.</dd></dl>"
        "<section hidden><p>The lower valve is opened first of all.</p></section>"
    )
    assert text_of(body) == (
        "How?\n\nTurn the key.\n\n- Where? Below.\n\nThe lower valve is opened first of all."
    )


@pytest.mark.parametrize(
    "chrome",
    [
        "<button>Copy</button>",
        "<button type=submit>Do you agree?</button>",
        "<button aria-expanded=false aria-controls=m>Menu</button>",
        "<span aria-hidden=true>▼ This is the sign of an open panel.</span>",
        "<div role=dialog hidden><p>Do you accept all of our cookies?</p></div>",
        "<div hidden>Loading</div>",
        "<template><p>A row of the list is here.</p></template>",
        "<noscript><p>Please turn on your scripts.</p></noscript>",
        "<svg><text>drawn</text></svg>",
        "<p><input value=x></p>",
    ],
)
def test_what_only_serves_the_page_goes(chrome: str):
    assert text_of(f"<p>Text.</p>{chrome}") == "Text."


def test_numbers_are_those_that_a_browser_shows():
    items = "<li>a</li><li value=9>b</li><li>c</li>"
    assert text_of(f"<ol start=4>{items}</ol>") == "4. a\n9. b\n10. c"
    assert text_of("<ol reversed><li>a</li><li>b</li></ol>") == "2. a\n1. b"
    assert text_of("<ol type=a start=3><li>x</li></ol>") == "- c. x"
    assert text_of("<ol style='list-style-type: lower-roman'><li>x</li><li>y</li></ol>") == "- i. x\n- ii. y"
    assert text_of("<ol start=zero><li>x</li></ol>") == "1. x"


def test_definitions_are_pairs():
    body = (
        "<dl><dt>Flow</dt><dd>40 l/min</dd><div><dt>Head</dt><dt>Lift</dt><dd>12 m</dd>"
        "<dd>13 m at most</dd></div><dt>Alone</dt></dl>"
    )
    assert text_of(body) == "- Flow: 40 l/min\n- Head, Lift: 12 m\n- Head, Lift: 13 m at most\n- Alone"


@pytest.mark.parametrize(
    "code",
    [
        "<pre>a = 1\n  b = 2</pre>",
        "<pre><code>a = 1<br>  b = 2</code></pre>",
        "<pre><span class=line>a = 1</span>\n<span class=line>  b = 2</span></pre>",
        "<pre><div>a = 1</div><div>  b = 2</div></pre>",
        "<pre><table><tr><td class=gutter>1</td><td>a = 1</td></tr><tr><td>  b = 2</td></tr></table></pre>",
        "<pre><span class=linenos>1</span>a = 1\n<span class=linenos>2</span>  b = 2</pre>",
        "<pre><code>a = 1</code><code>  b = 2</code></pre>",
        "<code>a = 1<br>&nbsp; b = 2</code>",
    ],
)
def test_code_keeps_its_lines(code: str):
    wanted = "```\na = 1\n  b = 2\n```"
    assert text_of(code).replace("\xa0", " ") == wanted
    assert text_of(f"<table><tr><td>{code}</td></tr></table>").replace("\xa0", " ") == wanted
    gutter = "<td class=linenos><pre>1\n2</pre></td>"
    assert text_of(f"<table><tr>{gutter}<td>{code}</td></tr></table>").replace("\xa0", " ") == wanted
    inside = text_of(f"<ul><li><p>Run:</p>{code}</li></ul>").replace("\xa0", " ")
    assert inside == "- Run:\n  ```\n  a = 1\n    b = 2\n  ```"


def test_a_blank_line_of_code_stays():
    assert text_of("<pre>a<br><br>b</pre>") == "```\na\n\nb\n```"


def test_code_of_one_line_stays_in_its_cell():
    body = (
        "<table><tr><th>Do</th><th>Run</th></tr><tr><td>start</td><td><pre>pump --on</pre></td></tr></table>"
    )
    assert text_of(body) == "| Do | Run |\n| --- | --- |\n| start | pump --on |"


def test_cells_of_several_paragraphs_stay_in_a_table_that_has_a_head():
    row = "<tr><td>start</td><td><p>Open it.</p><p>Wait.</p></td></tr>"
    assert text_of(f"<table>{row}</table>") == "start\n\nOpen it.\n\nWait."
    assert text_of(f"<table><tr><th>Do</th><th>How</th></tr>{row}</table>") == (
        "| Do | How |\n| --- | --- |\n| start | Open it. Wait. |"
    )


def test_a_list_in_a_cell_is_told_apart():
    body = "<table><tr><th>Parts</th></tr><tr><td><ul><li>seal</li><li>bolt</li></ul></td></tr></table>"
    assert text_of(body) == "| Parts |\n| --- |\n| seal; bolt |"


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ("6.022 × 10<sup>23</sup> per mole", "6.022 × 10^23 per mole"),
        ("35 m<sup>2</sup>.", "35 m^2."),
        ("10<sup><b>2</b>3</sup>", "10^23"),
        ("H<sub>2</sub>O and log<sub>2</sub> 8", "H2O and log_2 8"),
        ("SO<sub>4</sub><sup>2−</sup>", "SO4^2−"),
        ("x<sup>2<sup>n</sup></sup>", "x^{2^n}"),
        ("the 1<sup>st</sup>", "the 1st"),
        ("word<sup><a href='#fn1'>1</a></sup> more", "word[1] more"),
        ("word<a href='#fn1'><sup>1</sup></a> more", "word[1] more"),
        ("word<sup class=reference><a href='#cite'>[1]</a></sup>", "word[1]"),
        ("in 2019<sup>1</sup>", "in 2019^1"),
        ("x²", "x²"),
        ("10<span style='font-size:60%; vertical-align: super'>23</span>", "10^23"),
        ("10<span style='vertical-align:sub'>2</span>", "10_2"),
        ("10<span style='vertical-align: middle'>2</span>", "102"),
        (
            "is <del>12</del><ins>36</ins> months, <s>20</s>15 and <strike>7</strike>8",
            "is 36 months, 15 and 8",
        ),
    ],
)
def test_raised_and_lowered_text(markup: str, wanted: str):
    assert text_of(f"<p>{markup}</p>") == wanted
    assert text_of(f"<table><tr><td>{markup}</td></tr></table>") == f"| {wanted} |\n| --- |"


def test_what_is_struck_out_is_told():
    assert html.read(b"<p>is <del>12</del>36 and <s>9</s></p>").notes == ("left out: 2 struck-out passages",)


def test_readings_quotes_and_soft_hyphens():
    assert text_of("<p><ruby>別府<rp>(</rp><rt>べっぷ</rt><rp>)</rp></ruby></p>") == "別府(べっぷ)"
    assert text_of("<p><ruby>大分<rt>おおいた</rt></ruby>へ</p>") == "大分(おおいた)へ"
    assert text_of("<p>He said <q>no</q>.</p>") == "He said “no”."
    assert text_of("<p>Ver&shy;such</p>") == "Versuch"


def test_the_handle_of_a_heading_is_no_part_of_it():
    assert text_of("<h2>Care<a class=headerlink href='#care'>¶</a></h2>") == "## Care"


def test_cards_with_headings_are_no_list():
    assert text_of("<ul><li><h3>One</h3><p>First.</p></li></ul>") == "### One\n\nFirst."


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "page",
    [
        "<table><tr><td>" * 150 + "x" + "<p>a<p>b" * 20_000,
        "<span>" * 300 + "<p>x</p>" * 30_000,
        "<div hidden>" * 200 + "A sentence that is hidden here. " * 20_000,
        "<ul><li>" * 150 + "x " * 100_000,
        "<sup>" * 60 + "1" * 50_000,
        "<p>10<sup>2</sup>" * 40_000,
        "<button>a</button>" * 40_000,
        "<h3>Q</h3><div hidden>x</div>" * 20_000,
    ],
)
def test_hostile_pages_take_no_long_time(page: str):
    html.read(page.encode())
