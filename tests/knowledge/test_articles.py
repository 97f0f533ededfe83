"""Articles that others wrote."""

from itertools import pairwise
from pathlib import Path

import pytest

from seedbed.knowledge.chunks import cut
from seedbed.knowledge.documents import plain
from seedbed.pipeline.tokens import count_tokens


@pytest.fixture(scope="module")
def articles(real_articles: Path) -> dict[str, str]:
    return {
        path.name: plain.read(path.read_bytes()).text
        for path in sorted(real_articles.glob("*.md"))
        if path.stem != "README"
    }


def test_all_articles_are_cut_exactly(articles: dict[str, str]):
    assert len(articles) >= 50
    for name, text in articles.items():
        passages = list(cut(text, 400))
        assert passages, name
        assert all(before.end <= after.start for before, after in pairwise(passages)), name
        assert all(count_tokens(text[p.start : p.end]) <= 400 for p in passages), name
        left = sum(letter.isalnum() for letter in text) - sum(
            letter.isalnum() for p in passages for letter in text[p.start : p.end]
        )
        headings = sum(
            letter.isalnum() for line in text.split("\n") if line.startswith("#") for letter in line
        )
        # Besides headings only pictures, comments and definitions of links are left out.
        assert left - headings <= 0.15 * len(text), (name, left, headings)


def test_the_article_on_korean_court_music(articles: dict[str, str]):
    text = articles["korean_court_music.md"]
    passages = list(cut(text, 400))
    assert passages[0].headings == ("Korean court music",)
    assert ("Korean court music", "History", "Aak") in {passage.headings for passage in passages}
    first = text[passages[0].start : passages[0].end]
    assert first.startswith("**Korean court music** (Kor: 궁중음악")
