import random
import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.knowledge.blocks import stretches
from seedbed.knowledge.chunks import Passage, cut, passage_key
from seedbed.pipeline.tokens import count_tokens
from tests.knowledge.markdown import KOREAN, PIECES

markdown = st.lists(st.sampled_from(PIECES) | st.text(max_size=60), max_size=25).flatmap(
    lambda pieces: st.lists(
        st.sampled_from(["\n", "\n\n", "\r\n\r\n", "\n \n"]), min_size=len(pieces), max_size=len(pieces)
    ).map(lambda ends: "".join(piece + end for piece, end in zip(pieces, ends, strict=True)))
)


def texts(text: str, passages: list[Passage]) -> list[str]:
    return [passage.text(text) for passage in passages]


@settings(deadline=None, database=None)
@given(markdown, st.sampled_from([32, 50, 400]))
def test_spans_are_in_order_within_budget_and_say_something(text: str, budget: int):
    passages = list(cut(text, budget))
    for passage in passages:
        chunk = passage.text(text)
        assert chunk == chunk.strip()
        assert any(letter.isalnum() for letter in chunk)
        assert count_tokens(chunk) <= budget
    assert all(before.end <= after.start for before, after in pairwise(passages))
    assert len({passage.key for passage in passages}) == len(passages)


@settings(deadline=None, database=None)
@given(st.lists(st.integers(0, 999_999), min_size=1, max_size=80), st.data())
def test_every_word_of_the_text_is_in_a_chunk_or_a_heading(numbers: list[int], data: st.DataObject):
    shapes = [
        "{}\n\n",
        "{}. ",
        "- {}\n",
        "| {} |\n",
        "```\n{}\n```\n\n",
        "> {}\n\n",
        "\n## h{}\n\n",
        "정{}악 ",
    ]
    text = "".join(data.draw(st.sampled_from(shapes)).format(f"w{n}w") for n in numbers)
    passages = list(cut(text, 32))
    found = " ".join([*texts(text, passages), *(title for p in passages for title in p.headings)])
    bare = [f"w{n}w" for n in numbers if f"w{n}w" not in found]
    # Only a heading with nothing under it is in no chunk.
    assert all(f"## h{word}" in text for word in bare)


@settings(deadline=None, database=None)
@given(markdown, st.integers(1, 400))
def test_stretches_cover_the_text_and_break_at_lines(text: str, limit: int):
    spans = list(stretches(text, limit))
    assert "".join(text[a:b] for a, b in spans) == text
    assert all(text[b - 1] == "\n" for _, b in spans[:-1])


def test_headings_make_the_path_and_stay_out_of_the_text():
    passages = list(cut(KOREAN, 400))
    assert [passage.headings for passage in passages] == [
        ("정악",),
        ("정악", "역사"),
        ("정악", "역사", "아악"),
        ("정악", "악기"),
    ]
    assert texts(KOREAN, passages)[0] == (
        "정악은 궁중과 풍류방에서 연주되던 음악을 말한다. 아악, 당악, 향악의 세 갈래가 있다."
    )
    assert texts(KOREAN, passages)[3].startswith("| 이름 | 재료 |")
    assert "인용문 안의 제목" in texts(KOREAN, passages)[3]


def test_korean_is_cut_at_sentences():
    chunks = texts(KOREAN, list(cut(KOREAN, 60)))
    history = [chunk for chunk in chunks if "신라" in chunk or "세종" in chunk]
    assert len(history) == 2
    assert all(chunk.endswith((".", ").")) for chunk in history)


def test_a_paragraph_over_a_rule_stays_text():
    text = "# A\n\nOne line and\nanother line.\n---\n\nMore.\n"
    passages = list(cut(text, 400))
    assert [passage.headings for passage in passages] == [("A",)]
    assert texts(text, passages)[0].startswith("One line and")


def test_small_blocks_are_put_together_under_one_heading_only():
    text = "# A\n\none\n\ntwo\n\n# B\n\nthree\n\n# A\n\nfour\n"
    passages = list(cut(text, 400))
    assert texts(text, passages) == ["one\n\ntwo", "three", "four"]
    assert [passage.headings for passage in passages] == [("A",), ("B",), ("A",)]


def test_a_key_outlives_edits_under_other_headings():
    text = "# A\n\none\n\n# B\n\ntwo\n"
    before = {passage.headings: passage.key for passage in cut(text, 400)}
    after = {passage.headings: passage.key for passage in cut(text.replace("one", "longer " * 900), 400)}
    assert before[("B",)] == after[("B",)]
    assert before[("B",)] == passage_key(["B"], 0)


def test_lists_are_cut_at_items_and_tables_at_rows():
    items = "".join(f"- item number {n} of the list, with a few words more. Twice.\n" for n in range(40))
    assert all(chunk.startswith("- item number") for chunk in texts(items, list(cut(items, 100))))
    rows = "| a | b |\n| - | - |\n" + "".join(f"| row {n} | some. words |\n" for n in range(80))
    assert all(chunk.endswith("|") for chunk in texts(rows, list(cut(rows, 64))))


TABLE = "| Item | Pieces |\n|---|:-:|\n" + "".join(f"| Item {n} | {n * n} of them |\n" for n in range(60))


def test_every_chunk_of_a_table_begins_with_its_head():
    text = f"# Stock\n\nBefore it.\n\n{TABLE}\nAfter it.\n\n{TABLE.replace('Item', 'Part')}"
    chunks = texts(text, list(cut(text, 64)))
    assert len(chunks) > 10
    assert chunks[0].startswith("Before it.\n\n| Item | Pieces |\n|---|:-:|\n| Item 0 |")
    for chunk in chunks[1:]:
        rows = [line for line in chunk.split("\n") if line.startswith("|")]
        assert rows[:2] in (["| Item | Pieces |", "|---|:-:|"], ["| Part | Pieces |", "|---|:-:|"])
    found = "\n".join(chunks)
    assert all(f"| Item {n} |" in found and f"| Part {n} |" in found for n in range(60))


def test_a_head_is_not_parted_from_its_first_row():
    text = f"{'word ' * 45}\n\n{TABLE}"
    assert all(
        "| Item " in chunk.replace("| Item |", "") or "word" in chunk
        for chunk in texts(text, list(cut(text, 64)))
    )
    assert not any(chunk.endswith("|:-:|") for chunk in texts(text, list(cut(text, 64))))


def test_a_head_that_would_leave_no_room_is_not_repeated():
    wide = f"| {' | '.join(f'column {n}' for n in range(40))} |\n|{'---|' * 40}\n"
    text = wide + f"| {' | '.join(str(n) for n in range(40))} |\n" * 5
    for passage in cut(text, 64):
        assert passage.head == (0, 0)
        assert count_tokens(passage.text(text)) <= 64


def test_a_footnote_of_one_word_is_no_definition_of_a_link():
    text = "Text[^1] and [link].\n\n[^1]: Ibidem\n\n[link]: https://example.org\n"
    assert texts(text, list(cut(text, 400))) == ["Text[^1] and [link].\n\n[^1]: Ibidem"]


def test_pages_are_those_of_the_first_letter():
    text = "one\n\n# H\n\ntwo\n\n# I\n\nthree"
    starts = [0, text.index("two"), text.index("two"), text.index("# I")]
    assert [passage.page for passage in cut(text, 400, starts)] == [1, 3, 4]
    assert [passage.page for passage in cut(text, 400)] == [0, 0, 0]


@pytest.mark.parametrize(
    "text", ["", " \n\n ", "# Only\n\n## headings", "---\n\n***\n", "<!-- none -->", "![](a.png)"]
)
def test_what_says_nothing_yields_nothing(text: str):
    assert list(cut(text, 400)) == []


@pytest.mark.parametrize(
    "text",
    [
        ">" * 5000 + " x",
        "- " * 400 + "x",
        "[" * 50_000,
        "*" * 50_000 + "x",
        "| x " * 3000 + "|\n" + "| - " * 3000 + "|\n",
        "x" * 300_000,
        "(" * 50_000 + " word. " * 1000,
        "\n".join(f"word{n}" for n in range(20_000)),
    ],
)
def test_hostile_texts_are_cut_in_good_time(text: str):
    begun = time.process_time()
    for passage in cut(text, 400):
        assert count_tokens(text[passage.start : passage.end]) <= 400
    assert time.process_time() - begun < 5


@pytest.mark.slow
def test_memory_follows_the_stretch_and_not_the_text():
    luck = random.Random(1)
    words = ["정악은", "bees", "live", "in", "hives.", "아악이다."]
    sections = (f"## {n}\n\n" + " ".join(luck.choices(words, k=300)) + "\n\n" for n in range(500))
    text = "".join(sections)
    tracemalloc.start()
    try:
        assert sum(1 for _ in cut(text, 400)) >= 500
        assert tracemalloc.get_traced_memory()[1] < 8 * len(text)
    finally:
        tracemalloc.stop()
