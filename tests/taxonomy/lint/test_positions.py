import time

import pytest

from seedbed.kernel.formats.yaml_bounds import MAX_NODES
from seedbed.taxonomy.lint.positions import NonText, read_yaml


def said(raw: bytes) -> list[tuple[int, int, str]]:
    return [(f.line, f.column, f.rule) for f in read_yaml(raw, "qna.yaml").findings]


def test_data_comes_with_the_place_of_every_value_and_key():
    parsed = read_yaml(b"a: x\nb:\n  - y\n  - {c: z}\n", "qna.yaml")
    assert parsed.data == {"a": "x", "b": ["y", {"c": "z"}]}
    assert parsed.place(("a",)) == (1, 4)
    assert parsed.place(("b", 1, "c")) == (4, 9)
    assert parsed.key(("b", 1, "c")) == (4, 6)
    assert parsed.place(("b", 1, "missing", 7)) == (4, 5)
    assert not parsed.findings


def test_what_yaml_does_not_read_as_text_is_kept_as_it_was_written():
    parsed = read_yaml(b"a: NO\nb: 12:30:45\nc: 2024-05-01\nd:\ne: 014\nf: '5'\ng: =\n", "qna.yaml")
    assert parsed.non_text["a",] == NonText("NO", "a boolean")
    assert parsed.non_text["b",] == NonText("12:30:45", "a number")
    assert parsed.non_text["c",] == NonText("2024-05-01", "a date")
    assert parsed.non_text["d",] == NonText("", "nothing")
    assert parsed.data["a"] is False
    assert parsed.data["e"] == 12
    assert (parsed.data["f"], parsed.data["g"]) == ("5", "=")


@pytest.mark.parametrize(
    ("raw", "finding"),
    [
        (b"a: b: c\n", (1, 5, "yaml-syntax")),
        (b"a:\n\t- b\n", (2, 1, "yaml-syntax")),
        (b'a: "b\n', (2, 1, "yaml-syntax")),
        (b"a: \x1b[0m\n", (1, 4, "yaml-syntax")),
        (b"a: b\nc: \xff\n", (2, 4, "encoding")),
        ("a: ü\nb: ".encode() + b"\x80\n", (2, 4, "encoding")),
        ("a: b\n".encode("utf-16"), (1, 1, "encoding")),
        (b"a: *x\n", (1, 4, "yaml-syntax")),
        (b"&a [*a]\n", (1, 5, "yaml-alias")),
        (b"a: b\n---\nc: d\n", (2, 1, "yaml-documents")),
        (b"a: !!python/object/apply:os.system [x]\n", (1, 4, "yaml-tag")),
        (b"a: 1\na: 2\n", (2, 1, "duplicate-key")),
        (b"? [a]\n: b\n", (1, 3, "yaml-key")),
        (b"", (1, 1, "empty-file")),
        (b"# nothing\n", (1, 1, "empty-file")),
    ],
)
def test_broken_files_are_refused_where_they_break(raw, finding):
    assert said(raw) == [finding]


def test_the_words_say_what_to_do():
    assert "indented with spaces" in read_yaml(b"a:\n\t- b\n", "f").findings[0].message
    assert "needs quotes" in read_yaml(b"a: b: c\n", "f").findings[0].message
    assert "byte 3 (0xff)" in read_yaml(b"a: \xff\n", "f").findings[0].message
    assert "the first is in line 1" in read_yaml(b"a: 1\na: 2\n", "f").findings[0].message


def test_a_few_aliases_are_read_as_what_they_stand_for():
    parsed = read_yaml(b"a: &x [p, q]\nb: *x\nc: [*x, *x]\n", "f")
    assert parsed.data == {"a": ["p", "q"], "b": ["p", "q"], "c": [["p", "q"], ["p", "q"]]}
    assert not parsed.findings


def bomb() -> bytes:
    lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines).encode() + b"\n"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (bomb(), "yaml-alias"),
        (b"a: &a " + b"x" * 500_000 + b"\nb: [" + b"*a," * 9 + b"]\n", "yaml-alias"),
        ("".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60)).encode(), "yaml-depth"),
        (b"[" * 3000 + b"]" * 3000 + b"\n", "yaml-depth"),
        (b"{? " * 3000 + b"x\n", "yaml-depth"),
        (b"- " * 3000 + b"x\n", "yaml-depth"),
        (b"a: [" + b"1," * MAX_NODES + b"]\n", "yaml-size"),
        (b"".join(b"k%d: v\n" % n for n in range(MAX_NODES)), "yaml-size"),
    ],
)
def test_bombs_are_refused_in_no_time(raw, rule):
    start = time.monotonic()
    assert [found[2] for found in said(raw)] == [rule]
    assert time.monotonic() - start < 20


def test_a_number_of_a_million_digits_is_only_a_wrong_value():
    parsed = read_yaml(b"version: " + b"1" * 1_000_000 + b"\n", "f")
    assert isinstance(parsed.data["version"], NonText)


def test_untidy_files_are_read_and_warned_of():
    parsed = read_yaml(b"\xef\xbb\xbfa: b \r\nc: d\t\r\n\r\n\r\n", "f")
    assert parsed.data == {"a": "b", "c": "d"}
    assert {f.rule for f in parsed.findings} == {
        "byte-order-mark",
        "line-endings",
        "trailing-spaces",
        "trailing-lines",
    }
    assert {f.severity for f in parsed.findings} == {1}
    assert said(b"a: b") == [(1, 5, "no-newline")]
