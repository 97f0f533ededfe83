import base64
import json

import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.paging import DEFAULT_SIZE, LARGEST_SIZE, by_name, take_page

ROWS = [f"row {number:04}" for number in range(2500)]


def test_pages_come_to_the_end():
    seen: list[str] = []
    token = ""
    while True:
        page, token = take_page(ROWS, by_name, 999, token)
        seen += page
        if not token:
            break
    assert seen == ROWS


def test_rows_come_in_order_of_their_key():
    page, _ = take_page([3, 1, 2], lambda row: (-row,), 5, "")
    assert page == [3, 2, 1]


@pytest.mark.parametrize(("asked", "given"), [(0, DEFAULT_SIZE), (7, 7), (LARGEST_SIZE + 1, LARGEST_SIZE)])
def test_the_size_is_kept_in_bounds(asked, given):
    assert len(take_page(ROWS, by_name, asked, "")[0]) == given


def test_the_last_page_has_no_next():
    assert take_page(["a", "b"], by_name, 2, "") == (["a", "b"], "")
    assert take_page([], by_name, 2, "") == ([], "")


@pytest.mark.parametrize(
    ("then", "following"),
    [
        (["a", "aa", "b", "c", "d"], ["c", "d"]),
        (["b", "c", "d"], ["c", "d"]),
        (["a", "c", "d"], ["c", "d"]),
        (["a", "b", "bb", "c", "d"], ["bb", "c", "d"]),
        (["a", "b"], []),
        ([], []),
    ],
)
def test_what_is_added_or_removed_between_two_pages_neither_doubles_nor_hides_a_row(then, following):
    page, token = take_page(["a", "b", "c", "d"], by_name, 2, "")
    assert page == ["a", "b"]
    assert take_page(then, by_name, 5, token) == (following, "")


def test_a_time_comes_back_from_a_token_as_it_was():
    rows = [(1764536554.9871236, "b"), (1764536554.9871238, "a")]
    page, token = take_page(rows, lambda row: (-row[0], row[1]), 1, "")
    assert page == rows[1:]
    assert take_page(rows, lambda row: (-row[0], row[1]), 1, token) == (rows[:1], "")


def token_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("size", "token", "field"),
    [
        (-1, "", "page_size"),
        *(
            (1, token, "page_token")
            for token in (
                "x",
                "YXQ6eA==",
                "é",
                token_of(1),
                token_of([1]),
                token_of(["a", 1]),
                token_of([["a"]]),
            )
        ),
    ],
)
def test_what_cannot_be_is_refused(size, token, field):
    with pytest.raises(InputError) as caught:
        take_page(ROWS, by_name, size, token)
    assert caught.value.violations[0].field == field
