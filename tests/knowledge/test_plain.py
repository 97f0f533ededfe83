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
    assert converter_for("text/markdown; charset=utf-8").name == "plain-1"
    assert re.match(r"pdf-\d+\+pypdfium2-", converter_for("application/pdf").name)


def test_an_unknown_media_type_is_refused_with_those_that_are_known():
    with pytest.raises(UnreadableError, match=r"image/png is not one that can be read: text/markdown"):
        converter_for("image/png")
