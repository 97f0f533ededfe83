import json

from seedbed.taxonomy.lint.findings import (
    Place,
    error,
    format_github,
    format_json,
    format_text,
    in_order,
    refusal,
    warning,
)

FINDINGS = [
    error("knowledge/a/qna.yaml", Place(3, 7), "too-few", "has 3, needs 5"),
    warning("knowledge/b,c:d/qna.yaml", Place(1, 1), "long", "100% long\nreally"),
]


def test_one_line_a_finding():
    assert format_text(FINDINGS) == (
        "knowledge/a/qna.yaml:3:7: error: has 3, needs 5 [too-few]\n"
        "knowledge/b,c:d/qna.yaml:1:1: warning: 100% long\\nreally [long]\n"
    )


def test_json_has_every_field():
    assert json.loads(format_json(FINDINGS))[0] == {
        "file": "knowledge/a/qna.yaml",
        "line": 3,
        "column": 7,
        "severity": "error",
        "rule": "too-few",
        "message": "has 3, needs 5",
    }
    assert json.loads(format_json([])) == []


def test_annotations_are_escaped_as_github_asks():
    assert format_github(FINDINGS).splitlines() == [
        "::error file=knowledge/a/qna.yaml,line=3,col=7,title=too-few::has 3, needs 5",
        "::warning file=knowledge/b%2Cc%3Ad/qna.yaml,line=1,col=1,title=long::100%25 long\\nreally",
    ]


def test_nothing_in_a_finding_moves_a_terminal():
    found = error("a\x1b[2J", Place(), "x", "b\r\x07\udcff 새")
    assert found.file == "a\\x1b[2J"
    assert found.message == "b\\r\\x07\\udcff 새"


def test_order_is_by_place_and_each_comes_once():
    late, early = error("f", Place(10, 1), "x", "m"), error("f", Place(2, 1), "x", "m")
    assert in_order([late, early, late]) == [early, late]


def test_a_refusal_lists_no_more_than_a_header_holds():
    many = [error("knowledge/a/qna.yaml", Place(n, 1), "x", "m" * 300) for n in range(1, 100)]
    refused = refusal(many)
    assert refused.message.endswith(f"; the first {len(refused.violations)} are listed")
    assert 10 < len(refused.violations) < 20
    assert len(refusal(many[:1] * 99).violations) < 20


def test_a_refusal_carries_every_place():
    refused = refusal([FINDINGS[0]])
    assert refused.message == "the taxonomy has 1 error in 1 file"
    assert refused.violations[0].field == "knowledge/a/qna.yaml:3:7"
