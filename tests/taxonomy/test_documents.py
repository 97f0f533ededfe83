import os
import subprocess
import unicodedata
from pathlib import Path

import pytest

from seedbed.taxonomy.facade import read
from tests.taxonomy.gardens import CHICKADEE, commit, dump, garden, git, knowledge, plant

QNA = "knowledge/science/birds/qna.yaml"


@pytest.fixture
def origin(tmp_path):
    """A repository with documents."""
    return plant(
        tmp_path / "origin",
        {
            "a.md": "# A\n\nText of a.\n",
            "docs/b.txt": "Text of b.\n",
            "docs/deep/c.html": "<p>Text of c.</p>\n",
            "docs/deep/d.pdf": b"%PDF-1.7\n",
            "docs/script.py": "print()\n",
        },
    )


@pytest.fixture
def look(tmp_path, cache):
    """Read a taxonomy with one knowledge leaf: its documents' paths, and what was said of them."""

    def look(document, files=(), **options):
        root = plant(garden(tmp_path / "tree"), {QNA: knowledge(document), **dict(files)})
        found = read(str(root), globs=["knowledge/*"], cache=cache, **options)
        paths = [d.path for leaf in found.leaves for d in leaf.documents]
        return paths, [f"{f.file}:{f.line}:{f.column} {f.rule}: {f.message}" for f in found.findings]

    return look


def line_of(document, wanted) -> int:
    return dump(knowledge(document)).splitlines().index(wanted) + 1


def test_documents_beside_the_leaf(look):
    assert look({"patterns": ["birds.md"]}) == (["birds.md"], [])
    assert look({"repo": ".", "patterns": ["*.md"]}) == (["birds.md"], [])
    assert look({"repo": "", "commit": "", "patterns": ["**"]}) == (["birds.md"], [])
    more = {"knowledge/science/birds/docs/owl.txt": "An owl.\n", "knowledge/science/other.md": "x"}
    assert look({"patterns": ["**/*.txt", "*.md"]}, more) == (["docs/owl.txt", "birds.md"], [])


def test_documents_are_found_by_names_with_brackets_and_in_the_other_unicode_form(look, origin):
    names = ("Report [2024].md", unicodedata.normalize("NFD", "Prüfung.md"))
    texts = {name: f"Text of {name}.\n" for name in names}
    beside = {f"knowledge/science/birds/{name}": text for name, text in texts.items()}
    assert look({"patterns": ["Report [2024].md", "Prüfung.md"]}, beside) == (list(names), [])
    plant(origin, texts)
    document = {"repo": str(origin), "commit": commit(origin), "patterns": ["Report [2024].md", "Prüfung.md"]}
    assert look(document) == (list(names), [])


def test_documents_of_a_commit(look, origin):
    first = commit(origin)
    plant(origin, {"a.md": "changed\n"})
    commit(origin)
    document = {
        "repo": str(origin),
        "commit": first,
        "patterns": ["**/*.md", "docs/**/*.txt", "docs/deep/*.pdf"],
    }
    paths, said = look(document)
    assert (paths, said) == (["a.md", "docs/b.txt", "docs/deep/d.pdf"], [])


def test_a_document_knows_where_it_is_from(tmp_path, cache, origin):
    first = commit(origin)
    document = {"repo": f"file://{origin}", "commit": first[:12], "patterns": ["a.md"]}
    root = plant(garden(tmp_path / "tree"), {QNA: knowledge(document)})
    (found,) = read(str(root), globs=["knowledge/*"], cache=cache).leaves[0].documents
    assert (found.repo, found.commit) == (f"file://{origin}", first)
    assert (found.media_type, found.size) == ("text/markdown", 16)
    assert "CC0-1.0" in found.attribution


def test_a_commit_that_may_move_is_warned_of(look, origin):
    commit(origin)
    paths, said = look({"repo": str(origin), "commit": "main", "patterns": ["a.md"]})
    assert paths == ["a.md"]
    assert "`main` is not a full commit" in said[0]


def test_unknown_commits_and_repositories_point_to_their_lines(look, origin, tmp_path):
    commit(origin)
    document = {"repo": str(origin), "commit": "1" * 40, "patterns": ["a.md"]}
    line = line_of(document, f"  commit: '{'1' * 40}'")
    _, (said,) = look(document)
    assert said.startswith(f"{QNA}:{line}:11 commit: ")
    assert f"there is no commit `{'1' * 40}`" in said
    document["repo"] = f"{tmp_path}/nowhere"
    _, (said,) = look(document)
    assert said.startswith(f"{QNA}:{line - 1}:9 repository: cannot reach {tmp_path}/nowhere: ")
    assert "there is neither a repository nor a bundle" in said


def test_an_unreachable_server_is_known_soon(look):
    document = {"repo": "https://127.0.0.1:1/x", "commit": "1" * 40, "patterns": ["a.md"]}
    _, (said,) = look(document)
    assert "repository: cannot reach https://127.0.0.1:1/x: " in said
    assert "Failed to connect" in said


@pytest.mark.parametrize("repo", ["--upload-pack=touch x", "ext::sh -c x", "http://example.org/x", "../x"])
def test_hostile_addresses_are_not_given_to_git(look, repo):
    _, (said,) = look({"repo": repo, "commit": "1" * 40, "patterns": ["a.md"]})
    assert " repository: " in said


def test_hostile_commits_are_not_given_to_git(look, origin):
    for name in ("--output=x", "a..b", "HEAD:a.md"):
        _, (said,) = look({"repo": str(origin), "commit": name, "patterns": ["a.md"]})
        assert f" commit: `{name}` is not a commit" in said


def test_a_far_taxonomy_may_not_read_this_machine(tmp_path, cache, origin, monkeypatch):
    document = {"repo": str(origin), "commit": commit(origin), "patterns": ["a.md"]}
    root = plant(garden(tmp_path / "tree"), {QNA: knowledge(document)})
    commit(root)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{root}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://example.org/tree")
    found = read("https://example.org/tree@main", globs=["knowledge/*"], cache=cache)
    assert "is on this machine, and the taxonomy is not" in found.findings[0].message


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("../../../secret.md", "leads out with `..`"),
        ("docs/../../x.md", "leads out with `..`"),
        ("/etc/passwd", "is an absolute path"),
        ("docs\\x.md", "has a backslash"),
        ("nothing.md", "no file matches `nothing.md`"),
        ("brds.md", "is `birds.md` meant?"),
        ("docs", "`docs` is a folder: write `docs/**`"),
        ("qna.yaml", "no file matches `qna.yaml`"),
        ("*.py", "means no document that can be read"),
    ],
)
def test_patterns_that_cannot_be(look, pattern, message):
    document = {"patterns": ["birds.md", pattern]}
    more = {"knowledge/science/birds/docs/x.md": "x", "knowledge/science/birds/x.py": "x"}
    paths, (said,) = look(document, more)
    assert paths == []
    line = len(dump(knowledge(document)).splitlines())
    assert said.startswith(f"{QNA}:{line}:5 pattern: ")
    assert message in said


def test_links_beside_the_leaf_are_refused(look, tmp_path):
    secret = plant(tmp_path, {"secret.md": "secret\n", "folder/s.md": "secret\n"})
    folder = garden(tmp_path / "tree") / "knowledge" / "science" / "birds"
    (folder / "linked.md").symlink_to(secret / "secret.md")
    (folder / "linked").symlink_to(secret / "folder")
    for pattern in ("linked.md", "*.md"):
        paths, said = look({"patterns": [pattern]})
        assert paths == []
        assert any("`linked.md` is a link" in each for each in said)
    paths, said = look({"patterns": ["linked/s.md"]})
    assert paths == []
    assert any("`linked` is a link" in each for each in said)
    assert look({"patterns": ["**/birds.md"]})[0] == ["birds.md"]


def test_links_in_a_repository_are_refused(look, origin):
    (origin / "passwd.md").symlink_to("/etc/passwd")
    (origin / "etc").symlink_to("/etc")
    first = commit(origin)
    for pattern, link in (("passwd.md", "passwd.md"), ("*.md", "passwd.md"), ("etc/passwd", "etc")):
        paths, said = look({"repo": str(origin), "commit": first, "patterns": [pattern]})
        assert paths == []
        assert f"`{link}` is a link" in said[0]


def test_submodules_are_not_followed(look, origin, tmp_path):
    inner = plant(tmp_path / "inner", {"x.md": "x"})
    commit(inner)
    commit(origin)
    git(origin, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "inner")
    first = commit(origin)
    _, (said,) = look({"repo": str(origin), "commit": first, "patterns": ["inner/x.md"]})
    assert "no file matches" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x7fELF\x02", "is named as text and is a program"),
        (b"a\0b", "is named as text and is binary"),
        (b"one\n\xe9", "byte 4 (0xe9, line 2)"),
    ],
)
def test_documents_that_are_not_what_they_seem(look, content, message):
    document = {"patterns": ["bad.md"]}
    paths, (said,) = look(document, {"knowledge/science/birds/bad.md": content})
    assert paths == []
    assert "document: the document `bad.md` " in said
    assert message in said


def test_documents_too_large_are_not_read(look, origin):
    plant(origin, {"large.md": b"x" * 1000})
    document = {"repo": str(origin), "commit": commit(origin), "patterns": ["large.md"]}
    _, (said,) = look(document, limit=1000)
    assert "`large.md` has 1,000 bytes; it must have fewer than 1,000 (SEEDBED_DOCUMENT_MAX_BYTES" in said
    assert look(document, limit=1001)[0] == ["large.md"]


def test_the_default_limit_refuses_50_megabytes(look, tmp_path):
    folder = garden(tmp_path / "tree") / "knowledge" / "science" / "birds"
    with (folder / "large.md").open("wb") as file:
        file.truncate(50 * 1000 * 1000)
    _, (said,) = look({"patterns": ["large.md"]})
    assert "has 50,000,000 bytes" in said


def test_kinds_that_are_not_read_are_warned_of(look):
    more = {"knowledge/science/birds/x.py": "x", "knowledge/science/birds/y.png": b"\x89PNG"}
    paths, (said,) = look({"patterns": ["*"]}, more)
    assert paths == ["birds.md"]
    assert "document-kind: 2 of the files that `*` means are of a kind not read" in said


def test_one_document_comes_once(look):
    paths, said = look({"patterns": ["birds.md", "*.md"]}, {"knowledge/science/birds/copy.md": CHICKADEE})
    assert paths == ["birds.md"]
    assert "`copy.md` is the same as `birds.md`" in said[0]


def test_a_file_nobody_may_read_is_named(look, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    path = garden(tmp_path / "tree") / "knowledge" / "science" / "birds" / "closed.md"
    path.write_text("x")
    path.chmod(0)
    _, (said,) = look({"patterns": ["closed.md"]})
    assert "cannot be read" in said


def test_too_many_documents_are_refused(look, monkeypatch):
    monkeypatch.setattr("seedbed.taxonomy.documents.MOST", 2)
    more = {f"knowledge/science/birds/{n}.md": f"Bird {n}.\n" for n in range(3)}
    paths, (said,) = look({"patterns": ["birds.md", "*.md"]}, more)
    assert paths == []
    assert "mean 4 documents; a leaf has at most 2" in said


def test_names_that_are_no_text(look, tmp_path):
    folder = garden(tmp_path / "tree") / "knowledge" / "science" / "birds"
    Path(os.fsdecode(bytes(folder) + b"/\xff.md")).write_text("x")
    paths, (said,) = look({"patterns": ["*.md"]})
    assert paths == []
    assert "the document `\\udcff.md` has a name that is not UTF-8" in said


def test_nothing_is_checked_out(look, origin, cache):
    look({"repo": str(origin), "commit": commit(origin), "patterns": ["a.md"]})
    found = subprocess.run(["find", cache, "-name", "*.md"], capture_output=True, text=True, check=True)
    assert found.stdout == ""
