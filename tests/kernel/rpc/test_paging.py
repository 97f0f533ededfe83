import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.paging import DEFAULT_SIZE, LARGEST_SIZE, take_page

ROWS = list(range(2500))


def test_pages_come_to_the_end():
    seen: list[int] = []
    token = ""
    while True:
        page, token = take_page(ROWS, 999, token)
        seen += page
        if not token:
            break
    assert seen == ROWS


@pytest.mark.parametrize(("asked", "given"), [(0, DEFAULT_SIZE), (7, 7), (LARGEST_SIZE + 1, LARGEST_SIZE)])
def test_the_size_is_kept_in_bounds(asked, given):
    assert len(take_page(ROWS, asked, "")[0]) == given


def test_the_last_page_has_no_next():
    assert take_page([1, 2], 2, "") == ([1, 2], "")
    assert take_page([], 2, "") == ([], "")


def test_a_token_beyond_the_end_gives_nothing():
    _, token = take_page(ROWS, 1000, "")
    assert take_page([1], 5, token) == ([], "")


@pytest.mark.parametrize(
    ("size", "token", "field"),
    [(-1, "", "page_size"), (1, "x", "page_token"), (1, "YXQ6eA==", "page_token"), (1, "é", "page_token")],
)
def test_what_cannot_be_is_refused(size, token, field):
    with pytest.raises(InputError) as caught:
        take_page(ROWS, size, token)
    assert caught.value.violations[0].field == field
