import re
import unicodedata

import pytest

from seedbed.knowledge.documents import plain
from seedbed.knowledge.documents.reading import UnreadableError, converter_for


def test_text_is_kept_as_it_is():
    text = "# A\n\n  indented  \n\ttab\u2028same line"
    assert plain.read(text.encode()).text == text


def test_line_ends_marks_and_control_characters_follow_the_policy():
    assert plain.read(b"\xef\xbb\xbfa\r\nb\rc\x0cd\x1be\n").text == "a\nb\nc\nde\n"


def test_korean_is_composed():
    decomposed = unicodedata.normalize("NFD", "정악")
    assert plain.read(decomposed.encode()).text == "정악"


def test_utf_16_is_known_by_its_mark():
    assert plain.read("정악".encode("utf-16")).text == "정악"


def test_invalid_utf_8_is_named_with_its_line():
    with pytest.raises(
        UnreadableError, match=r"line 3 is not valid UTF-8 \(byte 8\); save the file as UTF-8"
    ):
        plain.read(b"one\ntwo\n\xff\n")


def test_a_binary_file_under_a_text_name_is_said_so():
    with pytest.raises(UnreadableError, match="binary, not text"):
        plain.read(b"\x7fELF\x02\x01\x00\x00")


def test_converters_say_their_name_and_version():
    assert converter_for("text/markdown; charset=utf-8").name == "plain-2"
    assert re.match(r"pdf-\d+\+pypdfium2-", converter_for("application/pdf").name)


def test_an_unknown_media_type_is_refused_with_those_that_are_known():
    with pytest.raises(UnreadableError, match=r"image/png is not one that can be read: text/markdown"):
        converter_for("image/png")


@pytest.mark.parametrize(
    "front",
    [
        "---\ntitle: Pump\ntags: [a, b]\n---\n",
        "---\n# of us\ntitle: Pump\n...\n",
        '+++\ntitle = "Pump"\n[author]\nname = "X"\n+++\n',
        '+++\n\n[author]\nname = "X"\n+++\n',
        '{\n  "title": "Pump"\n}\n',
        '{"title": {"a": "}"}}\n',
        '---json\n{"a": 1}\n---\n',
        "---toml\na = 1\n---\n",
        ';;;\n"title": "Pump"\n;;;\n',
        "\ufeff---\r\ntitle: Pump\r\n---\r\n",
    ],
)
def test_front_matter_is_no_text(front: str):
    assert plain.read(f"{front}# Pump\n\nText.\n".encode()).text == "# Pump\n\nText.\n"


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA rule above.\n\n---\n",
        "---\n\nNote: a rule above.\n\n---\n",
        "---\nno keys here\n---\n\ntext",
        "---\nkey: never closed\n",
        "+++\nnot a key\n+++\n",
        '{"a file": "of JSON"}\n',
        '{"a": 1} and text\n\nmore',
        "{not: json}\n\ntext",
        "{}\n\ntext",
        "[" * 50_000,
        "{" * 50_000,
    ],
)
def test_what_only_looks_like_front_matter_is_text(text: str):
    assert plain.read(text.encode()).text == text


BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAUA+/=" * 200


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"It opens. ![valve](data:image/png;base64,{BASE64}) Then.", "It opens. ![valve]() Then."),
        (f"It opens. ![](data:image/png;base64,{BASE64})", "It opens. "),
        (f'![a](<data:image/png;base64,{BASE64}> "title"){{width=6in}}.', "![a]()."),
        ("![a](data:image/svg+xml,%3Csvg%3E) b", "![a]() b"),
        (f'<img src="data:image/png;base64,{BASE64}" alt="gauge" width=3>', "![gauge]()"),
        (f"<p><IMG alt='' src='data:image/png;base64,{BASE64}'/>x</p>", "<p>x</p>"),
        (f"a ![][image1] b\n\n[image1]: <data:image/png;base64,{BASE64}>\n", "a  b\n\n"),
        (f"a\n\n[image1]: <data:image/png;base64,{BASE64}\n{BASE64}\n{BASE64}>\nb", "a\n\nb"),
        (f"a ![seal][Image1] b\n\n[image1]:\n  data:image/png;base64,{BASE64}", "a ![seal]() b\n\n"),
        (f"![image1]\n\n[image1]: data:image/png;base64,{BASE64} 'title'\nEnd", "\n\nEnd"),
        (f"[get it](data:application/pdf;base64,{BASE64})", "[get it]()"),
        (f"url(data:font/woff2;charset=utf-8;base64,{BASE64})", "url()"),
    ],
)
def test_what_is_written_into_a_text_as_a_data_uri_is_no_text(text: str, wanted: str):
    assert plain.read(text.encode()).text == wanted


@pytest.mark.parametrize(
    "text",
    [
        "![The seal](seal.png) and ![other][ref]\n\n[ref]: seal.png\n",
        "The data: image and others. <img src='data.png' alt='x'>",
        "Write `data:image/png;base64,iVBORw0KGgo=` there.",
    ],
)
def test_other_pictures_and_words_stay(text: str):
    assert plain.read(text.encode()).text == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "data: " + "![a](data:" * 100_000,
        "data: " + "<img " * 100_000,
        "data: " + "![" * 200_000,
        "data: " + "[a]: data:\n" * 50_000,
        "data:a/b;base64," * 100_000,
        "data: " + '![a](data:x "' * 50_000,
    ],
)
def test_hostile_data_uris_take_no_long_time(text: str):
    plain.read(text.encode())
