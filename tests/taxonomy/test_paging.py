import base64

import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy.paging import DEFAULT, MOST, MOST_BYTES, page_of
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

LEAVES = [Leaf(path=f"knowledge/{n:04}") for n in range(1200)]
S = "5" * 64


def coded(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


def all_pages(leaves, size):
    token, pages = "", []
    while True:
        page, token = page_of(leaves, S, size, token)
        pages.append(page)
        if not token:
            return pages


@pytest.mark.parametrize(("size", "first"), [(0, DEFAULT), (7, 7), (100_000, MOST)])
def test_pages_follow_each_other(size, first):
    pages = all_pages(LEAVES, size)
    assert len(pages[0]) == first
    assert [leaf.path for page in pages for leaf in page] == [leaf.path for leaf in LEAVES]


def test_the_last_page_has_no_token_even_when_it_is_full():
    assert page_of(LEAVES[:10], S, 10, "")[1] == ""
    assert page_of([], S, 10, "") == ([], "")


def test_long_leaves_make_short_pages():
    leaves = [Leaf(path=str(n), task_description="x" * (MOST_BYTES // 2)) for n in range(5)]
    assert [len(page) for page in all_pages(leaves, 5)] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("token", ["x", "§", coded("other:5"), coded(f"{S}:-1"), coded(S), "===="])
def test_tokens_of_other_lists_are_refused(token):
    with pytest.raises(InputError, match="page token"):
        page_of(LEAVES, S, 5, token)


def test_a_negative_size_is_refused():
    with pytest.raises(InputError, match="negative"):
        page_of(LEAVES, S, -1, "")
