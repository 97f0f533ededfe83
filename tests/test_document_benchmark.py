"""The measure of what our texts hold, and what they hold of our own cases."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.documents import Score, _show, count_words, find_pairs, measure, shares
from tests.knowledge.document_cases import write_cases


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    write_cases(tmp_path)
    return tmp_path


async def test_our_texts_hold_99_percent_of_the_words_of_our_cases_in_every_format(cases: Path):
    scores = await measure(list(find_pairs(cases)))
    assert {score.format for score in scores} >= {"docx", "html", "md", "pdf", "txt"}
    assert not [score for score in scores if score.error]
    assert {name: share for name, share in shares(scores).items() if share < 0.99} == {}
    # And little else: what was left out stays out.
    assert [(s.path.name, s.ours - s.held) for s in scores if s.ours - s.held > 0.01 * s.ours] == []


def test_a_reference_stands_beside_its_document_under_either_name(tmp_path: Path):
    for name in (
        "a.docx",
        "a.md",
        "b.html",
        "b.html.md",
        "b.md",
        "c.md",
        "d.md",
        "d.md.md",
        "x/e.PDF",
        "x/e.md",
        "f.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [(a.name, b.name) for a, b in find_pairs(tmp_path)]
    assert sorted(found) == [
        ("a.docx", "a.md"),
        ("b.html", "b.html.md"),
        ("d.md", "d.md.md"),
        ("e.PDF", "e.md"),
    ]


def test_words_are_what_a_reader_reads():
    counted = count_words(
        "---\na: b\n---\n# One [two](http://x.org/y) <b>Three</b> 10^23 one\n\n温泉 [r]: no\n[r]: u\n"
    )
    assert counted == {"one": 2, "two": 1, "three": 1, "10": 1, "23": 1, "温": 1, "泉": 1, "r": 1, "no": 1}


async def test_a_document_that_cannot_be_read_holds_nothing_and_says_why(tmp_path: Path):
    (tmp_path / "a.docx").write_bytes(b"no zip")
    (tmp_path / "a.md").write_text("Two words.")
    (score,) = await measure(list(find_pairs(tmp_path)))
    assert (score.wanted, score.share) == (2, 0.0)
    assert "not a DOCX file" in score.error


def test_the_table_names_formats_and_the_worst_documents():
    scores = [
        Score(Path("a.docx"), 10, 10, 10),
        Score(Path("b.docx"), 10, 8, 9, ["seven", "seven"]),
        Score(Path("c.htm"), 10, 0, 0, error="document c.htm cannot be read: it is torn"),
    ]
    out = io.StringIO()
    _show(scores, 5, Console(file=out, width=120))
    told = out.getvalue()
    for words in ("docx", "90.00%", "html", "60.00%"):
        assert words in told
    assert "80.00% b.docx: without seven seven" in told
    assert "0.00% c.htm: document c.htm cannot be read: it is torn" in told
