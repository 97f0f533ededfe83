"""Contexts are looked up in the documents of their leaf."""

import pytest

from seedbed.kernel.errors import ItemError
from seedbed.taxonomy import facade
from tests.taxonomy.gardens import CHICKADEE, garden, knowledge, plant

LEAF = "knowledge/science/birds"


def lint(root, cache, **more):
    found = facade.lint(str(root), cache=cache, **more)
    return [(f.rule, f.message) for f in found.findings], list(found.notes)


def leaf_with(context: str, told: str, **more):
    data = knowledge(**more)
    data["seed_examples"][0] = {
        "context": context,
        "questions_and_answers": [
            {"question": f"{who} what?", "answer": context} for who in ("Who keeps", "When is", "Why so")
        ],
    }
    return {f"{LEAF}/qna.yaml": data, f"{LEAF}/birds.md": f"{CHICKADEE}\n\n{told}\n"}


KEPT, RENEWED = "A book may be kept for 28 days.", "It may be renewed twice, unless somebody else has asked."
BOOK = f"{KEPT} {RENEWED}"


@pytest.mark.parametrize(
    "document",
    [
        BOOK,
        BOOK.replace("book", "**book**").replace(" kept", "\nkept").replace("renewed", "[renewed](x.md)"),
        f"- {KEPT}\n- {RENEWED}",
        f"{RENEWED}\n\n![x](y.png)\n\n{KEPT}",
        f"| {KEPT} | {RENEWED} |",
    ],
    ids=["as it is", "marked up", "as a list", "in other places", "in a table"],
)
def test_markup_and_white_space_do_not_matter(document, tmp_path, cache):
    root = plant(garden(tmp_path / "tree"), leaf_with(BOOK, document))
    assert lint(root, cache) == ([], [])


def test_a_context_that_does_not_stand_in_the_document_is_told_of(tmp_path, cache):
    root = plant(garden(tmp_path / "tree"), leaf_with(BOOK, BOOK.replace("28", "14")))
    assert lint(root, cache) == (
        [
            (
                "context-not-found",
                f"the context does not stand in `birds.md`: 1 of its 2 parts are not there, as `{KEPT}`",
            )
        ],
        [],
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("この本は二十八日間借りることができます。", "ただし二回まで延長することができます。"),
        ("यह पुस्तक अट्ठाईस दिनों तक रखी जा सकती है।", " इसे दो बार बढ़ाया जा सकता है।"),
        ("یہ کتاب اٹھائیس دن رکھی جا سکتی ہے۔", " اسے دو بار بڑھایا جا سکتا ہے۔"),
    ],
)
def test_a_context_is_taken_apart_at_the_stops_of_its_script(one, other, tmp_path, cache):
    root = plant(garden(tmp_path / "tree"), leaf_with(one + other, one))
    (message,) = [said for rule, said in lint(root, cache)[0] if rule == "context-not-found"]
    assert f"1 of its 2 parts are not there, as `{other.strip()}`" in message


def test_a_context_may_stand_in_any_of_several_documents(tmp_path, cache):
    files = leaf_with(BOOK, "", document={"patterns": ["birds.md", "books.txt"]})
    root = plant(garden(tmp_path / "tree"), {**files, f"{LEAF}/books.txt": BOOK})
    assert lint(root, cache) == ([], [])
    plant(root, {f"{LEAF}/books.txt": "Nothing of that kind is told here.\n"})
    ((rule, message),), _ = lint(root, cache)
    assert rule == "context-not-found"
    assert "any of the 2 documents" in message


def test_where_no_document_is_fetched_that_is_said_and_no_more(tmp_path, cache):
    root = plant(garden(tmp_path / "tree"), leaf_with(BOOK, "Other words."))
    assert lint(root, cache, documents=False) == (
        [],
        [f"{LEAF}/qna.yaml: contexts were not looked up, as no document was fetched"],
    )


def test_a_document_of_a_kind_that_is_not_read_here_is_named(tmp_path, cache):
    files = leaf_with(BOOK, "", document={"patterns": ["birds.md", "page.html"]})
    root = plant(garden(tmp_path / "tree"), {**files, f"{LEAF}/page.html": f"<p>{BOOK}</p>"})
    assert lint(root, cache) == (
        [],
        [f"{LEAF}/qna.yaml: contexts were not looked up, as `page.html` is not read here"],
    )


def test_what_cannot_be_read_and_what_was_left_out_are_findings(tmp_path, cache):
    root = garden(tmp_path / "tree")

    def fails(document, content):
        raise ItemError(f"document {document.path} cannot be read: it is encrypted")

    def reads(document, content):
        return facade.Text(content.decode(), ["page 2 is a picture and was not read"])

    assert lint(root, cache, read_document=fails)[0] == [
        ("document", "document birds.md cannot be read: it is encrypted")
    ]
    assert lint(root, cache, read_document=reads)[0] == [
        ("document", "birds.md: page 2 is a picture and was not read")
    ]


def test_all_is_told_at_once_whatever_else_is_wrong(tmp_path, cache):
    files = leaf_with(BOOK, "Other words.", domain=7)
    files[f"{LEAF}/qna.yaml"]["seed_examples"][1]["questions_and_answers"][0]["answer"] = "TODO"
    del files[f"{LEAF}/qna.yaml"]["seed_examples"][4]
    found, _ = lint(plant(garden(tmp_path / "tree"), files), cache)
    assert {rule for rule, _ in found} >= {"placeholder", "context-not-found"}
    assert len(found) >= 4
