import pytest

from seedbed.knowledge.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. Two! Three?", 3),
        ("Dr. Su met J. R. R. Tolkien at 5 p.m. sharp.", 1),
        ("It weighs 3.5 kg. The U.S. Army uses it.", 2),
        ("See fig. 3 and e.g. the hive. Then go on.", 2),
        ("He said (it was late. Very late.) that he left. She stayed.", 2),
        ("Version 2.0 is out.\n1. First do this.", 2),
        ('"Is it so?" he asked. "Yes."', 2),
        ("A heading\n\nAnd a paragraph", 2),
        ("wait... what? no.", 1),
        ("정악은 음악이다. 궁중에서 연주되었다! 왜 그럴까?", 3),
        ("그는 2024. 5. 1. 에 왔다. 그리고 갔다.", 2),
        ("그렇게 했다.그리고 돌아왔다.", 2),
        ("これは本です。それはペンです。", 2),
        ("他来了！你呢？我走了。", 3),
        ("( never closed. " + "word " * 100 + "end. Next one.", 2),
    ],
)
def test_sentences(text: str, wanted: int):
    assert len(cut(text)) == wanted, cut(text)


def test_spans_hold_every_letter_in_order():
    text = "  One (a. b) two.\n\nThree? 넷이다. 다섯。 "
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
