"""Rows from elsewhere: what cannot be read or written is left out and named, whatever it is."""

import json

import pytest

from seedbed.kernel.errors import InputError
from seedbed.trainer.data.rows import MOST_BYTES, read_external
from seedbed.trainer.data.selection import Chosen, rows_digest

GOOD = {"messages": [{"role": "user", "content": "seeds"}, {"role": "assistant", "content": "grow"}]}


def line(**more):
    return json.dumps({**GOOD, **more})


def said(**more):
    """A row whose answer has more keys."""
    user, answer = GOOD["messages"]
    return json.dumps({"messages": [user, {**answer, **more}]})


BAD = {
    "half a character": said(content="cut \ud83d"),
    "half a character in a thought": said(reasoning_content="cut \ude00"),
    "half a character in its id": line(id="\ud83d"),
    "half a character in an id that is a list": line(id=["a"], metadata="\ud83d"),
    "half a character as bytes": said(content="X").replace("X", "\ud83d").encode("utf-8", "surrogatepass"),
    "no text": b"\xff\xfe\x00",
    "no end of lists": "[" * 100_000,
    "a number without end": f'{{"messages": {"9" * 10_000}}}',
    "content of parts": said(content=[{"type": "text", "text": "grow"}]),
    "no content": said(content=None),
    "a role that is a list": said(role=["assistant"]),
    "a thought that is a number": said(thinking=3),
    "messages that are text": json.dumps({"messages": "seeds"}),
    "unmask that is a word": line(unmask="yes"),
    "neither messages nor text": "{}",
    "a text that is empty": json.dumps({"text": " \n"}),
    "a text that is a list": json.dumps({"text": ["seeds"]}),
    "a text that is too long": json.dumps({"text": "x" * 1_000_001}),
    "half a character in a text": json.dumps({"text": "cut \ud83d"}),
    "a line that is too long": json.dumps({"text": "x", "metadata": "x" * 2**24}),
    "a list": "[]",
    "a number": "NaN",
}


@pytest.mark.parametrize("what", BAD)
def test_a_row_that_cannot_be_is_left_out_and_named_and_the_rest_is_read(tmp_path, what):
    bad = BAD[what] if isinstance(BAD[what], bytes) else BAD[what].encode()
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\n".join([line(id="one").encode(), bad, line(id="two").encode(), b""]))
    found = read_external(file, "rows.jsonl")
    assert [row.id for row in found.rows] == ["one", "two"]
    assert len(found.malformed) == 1
    assert found.malformed[0].startswith("rows.jsonl:2: ")
    assert len(found.malformed[0]) < 300
    # What is left can be named, hashed and written.
    assert rows_digest(map(Chosen, found.rows))


@pytest.mark.parametrize("name", ["reasoning_content", "thinking"])
def test_a_thought_that_is_null_is_none(tmp_path, name):
    file = tmp_path / "rows.jsonl"
    file.write_text(said(**{name: None}) + "\n" + line(unmask=None) + "\n")
    found = read_external(file, "rows.jsonl")
    assert not found.malformed
    assert all(name not in message for row in found.rows for message in row.messages)
    assert [row.unmask for row in found.rows] == [False, False]


def test_odd_characters_are_characters(tmp_path):
    odd = "\0 \u2028 \ufeff \U0001f331 \udbff\udfff".encode("utf-16", "surrogatepass").decode("utf-16")
    file = tmp_path / "rows.jsonl"
    file.write_text("\ufeff" + said(content=odd) + "\n", encoding="utf-8")
    assert read_external(file, "rows.jsonl").rows[0].messages[1]["content"] == odd


def test_a_text_is_a_row_whatever_stands_beside_it(tmp_path):
    file = tmp_path / "rows.jsonl"
    lines = [
        {"id": "one", "text": " Seeds wake.\n", "metadata": {"from": "a book"}},
        {"text": "씨앗이 깨어난다.", "messages": None, "unmask": None},
        {"text": None, **GOOD},
    ]
    file.write_text("\n".join(json.dumps(one) for one in lines))
    found = read_external(file, "rows.jsonl")
    assert not found.malformed
    assert [(row.id, row.text, len(row.messages)) for row in found.rows] == [
        ("one", " Seeds wake.\n", 0),
        ("", "씨앗이 깨어난다.", 0),
        ("", "", 2),
    ]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{}", "rows.jsonl:2: it has neither `messages` nor `text`"),
        (json.dumps({"text": ""}), "rows.jsonl:2: its `text` is no text, or an empty one"),
        (
            json.dumps({"text": "x" * 1_000_001}),
            "rows.jsonl:2: its `text` has 1,000,001 characters, of which 1,000,000 fit: cut it",
        ),
    ],
)
def test_what_is_wrong_with_a_text_is_said_with_its_line(tmp_path, bad, why):
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{line()}\n{bad}\n")
    assert read_external(file, "rows.jsonl").malformed == [why]


def test_a_text_beside_messages_is_a_remark(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(line(text="user: seeds, assistant: grow") + "\n")
    (row,) = read_external(file, "rows.jsonl").rows
    assert (row.text, len(row.messages)) == ("", 2)


@pytest.mark.parametrize("more", [0, 1, 2**24, 2**25 + 1])
def test_a_line_that_is_too_long_is_one_line_however_long(tmp_path, more):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"x" * (2**24 + more) + f"\n{line()}\n{{\n".encode())
    found = read_external(file, "rows.jsonl")
    assert len(found.rows) == 1
    assert [said.split(": ")[0] for said in found.malformed] == ["rows.jsonl:1", "rows.jsonl:3"]


def test_a_file_that_is_too_large_is_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    with file.open("wb") as empty:
        empty.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match=rf"rows.jsonl has more than {MOST_BYTES:,} bytes") as refused:
        read_external(file, "rows.jsonl")
    assert "several files" in refused.value.hint


def test_metadata_that_hide_half_a_character_are_none(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(line(metadata=json.dumps({"leaf": "\ud83d"})) + "\n")
    (row,) = read_external(file, "rows.jsonl").rows
    assert row.leaf == ""
