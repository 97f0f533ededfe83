import json

import pytest

from seedbed.kernel.endpoint.openai.refusals import read_refusal


def read(value):
    return read_refusal(value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"error": {"message": "no such model", "type": "x", "code": None}}, "no such model"),
        ({"error": "no such model"}, "no such model"),
        ({"message": "no such model"}, "no such model"),
        ({"detail": "no such model"}, "no such model"),
        ([{"error": {"code": 400, "message": "no such model"}}], "no such model"),
        ({"errors": [{"message": "no such model", "code": 7003}], "success": False}, "no such model"),
        ({"errors": ["one", "two"]}, "one; two"),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra"}]}},
            "Extra (body.seed)",
        ),
        (
            {"error": {"message": "Provider error", "metadata": {"raw": '{"error": {"message": "why"}}'}}},
            "Provider error; why",
        ),
        (b"no\n  such model", "no such model"),
        (b"<html>gateway</html>", "<html>gateway</html>"),
        (b"", ""),
        ({"error": "no such model (request id: 0a1b2c3d-4e5f)"}, "no such model"),
        ({"error": {"message": "no such model", "request_id": "req_0a1b2c3d"}}, "no such model"),
    ],
)
def test_the_message_is_found_wherever_it_stands(said, message):
    assert read(said).message == message


def test_what_was_sent_is_not_looked_through_where_it_is_repeated():
    refusal = read(
        {"detail": [{"loc": ["body", "top_p"], "msg": "Extra", "input": {"seed": "insufficient balance"}}]}
    )
    assert refusal.names == ("body", "top_p")
    assert "seed" not in refusal.words
    assert not refusal.is_account


def test_a_long_text_about_money_is_a_prompt_that_is_repeated():
    assert read({"error": "insufficient balance"}).is_account
    assert not read({"error": "insufficient balance" + " and so on" * 100}).is_account


def test_a_long_message_is_cut():
    assert len(read({"error": "x" * 5000}).message) == 301
