import pytest

from seedbed.pipeline.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("a  b\n\tc", "a b c"),
        ("**bold**, _it_, `code`, ~~gone~~", "bold, it, code, gone"),
        ("snake_case and __init__", "snake_case and init"),
        ("2*3 = 6 and 2 * 3 = 6", "2*3 = 6 and 2*3 = 6"),
        (r"\*not\* \# a \[mark\]", "not # a [mark]"),
        ("see [the page](http://x.y/z_(w)) now", "see the page now"),
        ("![a bird](bird.png) flies", "a bird flies"),
        ("[see] (this) [1]", "[see] (this) [1]"),
        ("## Head\n\n- one\n- two\n\n> said\n> - deep", "Head one two said deep"),
        ("it fell to -5 degrees\n-5 again", "it fell to -5 degrees -5 again"),
        ("“x” „y‟ 「z」 ‘it’s’ …", '"x" "y" "z" \'it\'s\' ...'),
        ("soft\u00adhyphen and\u200b zero", "softhyphen and zero"),
        ("< b> bold< /B > 3 < x", "<b> bold</B > 3 < x"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("Case Stays.", "Case Stays."),
    ],
)
def test_what_is_folded(text, folded):
    assert fold(text).text == folded


def test_every_folded_character_knows_where_it_was():
    text = "A **b** [c](d)\n\n… 한\u1112\u1161\u11ab “e”"
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert folded.starts == sorted(folded.starts)
    for character, start, end in zip(folded.text, folded.starts, folded.ends, strict=True):
        assert start < end <= len(text)
        if character.isascii() and character.isalpha():
            assert text[start:end] == character
    place = folded.text.index("한한")
    assert text[slice(*folded.span(place + 1, place + 2))] == "\u1112\u1161\u11ab"


def test_folding_twice_is_folding_once():
    text = "# A *b* [c](d)\n- “e” … 2 * 3"
    once = fold(text).text
    assert fold(once).text == once
