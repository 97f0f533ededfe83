import time
import unicodedata

import pytest

from seedbed.taxonomy.trees.globs import pattern_fault, select

PATHS = ["a.md", "b.txt", "docs/c.md", "docs/deep/er/d.md", "docs/.hidden/e.md", ".f.md", "docs/[x].md"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("a.md", ["a.md"]),
        ("./docs//c.md", ["docs/c.md"]),
        ("*.md", ["a.md"]),
        ("*", ["a.md", "b.txt"]),
        ("**/*.md", ["a.md", "docs/c.md", "docs/deep/er/d.md", "docs/[x].md"]),
        ("**", ["a.md", "b.txt", "docs/c.md", "docs/deep/er/d.md", "docs/[x].md"]),
        ("docs/**", ["docs/c.md", "docs/deep/er/d.md", "docs/[x].md"]),
        ("docs/**/**/d.md", ["docs/deep/er/d.md"]),
        ("**/./**//**/c.md", ["docs/c.md"]),
        ("docs/**/c.md/**/**", []),
        ("docs/*/d.md", []),
        ("docs/.hidden/*", ["docs/.hidden/e.md"]),
        (".*.md", [".f.md"]),
        ("?.md", ["a.md"]),
        ("[ab].*", ["a.md", "b.txt"]),
        ("A.md", []),
        ("docs", []),
        (".", []),
        ("a.md/**", []),
    ],
)
def test_patterns_mean_paths(pattern, meant):
    assert select(pattern, PATHS) == meant


def test_a_name_wins_before_it_is_taken_as_a_pattern():
    paths = ["Report [2024].md", "Report 2.md", "What?.md", "Whats.md", "Minutes [a]/b.md", "*.md"]
    assert select("Report [2024].md", paths) == ["Report [2024].md"]
    assert select("Report [2024].md", paths[1:]) == ["Report 2.md"]
    assert select("What?.md", paths) == ["What?.md"]
    assert select("Minutes [a]/*.md", paths) == ["Minutes [a]/b.md"]
    assert select("*.md", paths) == ["*.md"]


def test_names_are_the_same_in_either_unicode_form():
    composed, apart = "Prüfung 한글.md", unicodedata.normalize("NFD", "Prüfung 한글.md")
    assert composed != apart
    for pattern in (composed, apart):
        for path in (composed, apart):
            assert select(pattern, ["other.md", path]) == [path]
            assert select(f"**/{pattern[:5]}*.md", ["other.md", f"docs/{path}"]) == [f"docs/{path}"]
            assert select(f"[x] {pattern}", [f"[x] {path}"]) == [f"[x] {path}"]


@pytest.mark.parametrize(
    "pattern",
    ["/etc/passwd", "../x.md", "a/../../b", "docs/..", "C:\\x", "c:/x", "a\\b", "~/x", "x" * 501, "a\x00b"],
)
def test_patterns_that_leave_are_refused(pattern):
    assert pattern_fault(pattern)


def test_sound_patterns():
    assert not any(map(pattern_fault, ["a.md", "docs/**/*.md", "새/*.md", "a..b.md", "..."]))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/" * 160 + "b", "/".join(["a" * 30] * 60)),
        ("**/*a/" * 80 + "b", "/".join(["aa"] * 40)),
        ("**/*/" * 90 + "b", "/".join(["a"] * 200)),
        ("*a" * 200 + "b", "a" * 200),
        ("*[ab]" * 90 + "x", "a" * 200),
    ],
    ids=["only folders", "names between", "any between", "letters", "classes"],
)
def test_a_hostile_pattern_takes_no_time_over_many_paths(pattern, path):
    assert not pattern_fault(pattern)
    paths = [f"{path}{number}" for number in range(50)]
    start = time.process_time()
    assert select(pattern, paths) == []
    assert time.process_time() - start < 10
