import pytest

from seedbed.knowledge.documents import html
from seedbed.knowledge.documents.reading import UnreadableError


def text_of(body: str) -> str:
    return html.read(f"<!doctype html><html><body>{body}</body></html>".encode()).text


def test_headings_paragraphs_and_loose_text():
    body = "<header><h1>Bees</h1></header><div>Loose <b>text</b><p>One<br>two &amp; more.</p> rest</div>"
    assert text_of(body) == "# Bees\n\nLoose text\n\nOne\ntwo & more.\n\nrest"


def test_lists_keep_their_nesting_and_numbers():
    body = "<ul><li>one<ul><li>a</li><li>b</li></ul></li><li>two</li></ul><ol><li>x</li><li>y</li></ol>"
    assert text_of(body) == "- one\n  - a\n  - b\n- two\n\n1. x\n2. y"


def test_merged_cells_are_repeated_and_pipes_escaped():
    body = (
        "<table><caption>Sizes</caption><tr><th rowspan=2>Name</th><th colspan=2>Size</th></tr>"
        "<tr><th>w</th><th>h</th></tr><tr><td>a|b</td><td>1</td><td>2</td></tr></table>"
    )
    assert text_of(body) == (
        "Sizes\n\n| Name | Size | Size |\n| --- | --- | --- |\n| Name | w | h |\n| a\\|b | 1 | 2 |"
    )


def test_a_table_that_lays_out_the_page_is_no_table():
    body = "<table><tr><td><h2>Left</h2>text</td><td><table><tr><td>x</td></tr></table></td></tr></table>"
    assert text_of(body) == "## Left\n\ntext\n\n| x |\n| --- |"


def test_what_serves_the_page_only_is_dropped():
    body = (
        "<nav>Home</nav><script>x()</script><style>p{}</style><!-- no --><p hidden>no</p>"
        "<div role=navigation>no</div><p>Yes.</p><form><button>no</button></form><footer>no</footer>"
    )
    assert text_of(body) == "Yes."


def test_the_main_part_is_taken_where_there_is_one():
    assert text_of("<div>Cookies?</div><main><p>Yes.</p></main><p>Related</p>") == "Yes."


def test_the_title_stands_in_for_a_missing_first_heading():
    page = b"<html><head><title>Bees</title></head><body><p>Text.</p></body></html>"
    assert html.read(page).text == "# Bees\n\nText."


def test_plain_text_never_becomes_markup():
    assert text_of("<p># no heading</p><p>Title<br>===</p>") == "\\# no heading\n\nTitle\n\\==="


def test_quotes_and_code():
    body = "<blockquote><p>a</p><p>b</p></blockquote><pre>x = 1\n  y\n</pre>"
    assert text_of(body) == "> a\n>\n> b\n\n```\nx = 1\n  y\n```"


def test_the_named_character_set_is_used():
    page = '<html><head><meta charset="euc-kr"></head><body><p>정악은 음악이다. 펲</p></body></html>'
    assert html.read(page.encode("cp949")).text == "정악은 음악이다. 펲"


def test_a_wrong_character_set_is_named_with_its_line():
    page = b'<html><head><meta charset="utf-8"></head>\n<body>\xff\xfe</body></html>'
    with pytest.raises(UnreadableError, match="line 2 is not valid utf-8"):
        html.read(page)


@pytest.mark.parametrize("charset", ["klingon", "hex", "undefined"])
def test_an_unknown_character_set_is_named(charset: str):
    with pytest.raises(UnreadableError, match=f"not known: {charset}"):
        html.read(f'<html><head><meta charset="{charset}"></head><body>x</body></html>'.encode())


def test_an_empty_page_has_no_text():
    assert html.read(b"").text == ""


def test_a_span_of_thousands_is_not_believed():
    assert len(text_of("<table><tr><td colspan=99999>x</td></tr></table>")) < 2000
