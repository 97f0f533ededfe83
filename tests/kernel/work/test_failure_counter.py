import errno

import nats.errors
import pytest

from seedbed.kernel.errors import Conflict, Damaged, EndpointAway, InputError, StoreError
from seedbed.kernel.store.interface import check_key
from seedbed.kernel.work.failure_counter import MOST_TRIES, FailureCounter, describe, is_elsewhere


@pytest.mark.parametrize(
    "error",
    [
        EndpointAway("gone"),
        StoreError("gone"),
        nats.errors.TimeoutError(),
        ConnectionResetError(),
        TimeoutError(),
        OSError(errno.ENOSPC, "no room"),
    ],
)
def test_a_fault_of_what_is_around_counts_against_no_item(error):
    assert is_elsewhere(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        RecursionError(),
        InputError("x"),
        Conflict("x"),
        Damaged("x", "y"),
        OSError(errno.ENAMETOOLONG, "too long"),
        FileNotFoundError(errno.ENOENT, "none"),
    ],
)
def test_all_else_does(error):
    assert not is_elsewhere(error)


def test_an_item_is_given_up_at_the_last_try_and_counted_anew_when_it_comes_again():
    tries = FailureCounter()
    for _ in range(2):
        assert [tries.fail("a") for _ in range(MOST_TRIES)] == [False] * (MOST_TRIES - 1) + [True]
    tries.fail("b")
    tries.forget("b")
    assert not any(tries.fail("b") for _ in range(MOST_TRIES - 1))


def test_an_error_is_told_in_a_line():
    assert describe(ValueError("one\ntwo")) == "ValueError: one"
    assert describe(AssertionError()) == "AssertionError"


@pytest.mark.parametrize(
    "key", ["", "a//b", "/a", "../a", "a/../b", "a/./b", "a\0b", "x" * 256, "a/" * 600 + "a"]
)
def test_what_no_store_can_have_is_no_key(key):
    with pytest.raises(InputError, match="not a key"):
        check_key(key)


def test_other_keys_may_hold_anything():
    check_key("seals/knowledge/새 잎/…/a b*?.json")
