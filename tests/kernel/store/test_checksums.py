"""What is not named by its content is found out when one bit of it is another."""

import pytest

from seedbed.kernel.errors import Damaged
from seedbed.kernel.store.checksums import disclose, enclose
from seedbed.kernel.store.leaf_commits import read_commit, write_commit

LEAF, COMMIT = "ab" * 32, "0123456789abcdef" * 2 + "01234567"


def each_damaged(data: bytes):
    yield b""
    for place in range(len(data)):
        yield data[:place]
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


def test_any_bit_and_any_cut_is_found():
    whole = enclose(b"content")
    assert disclose("k", whole) == b"content"
    for data in each_damaged(whole):
        with pytest.raises(Damaged, match="damaged: k "):
            disclose("k", data)


def test_a_commit_is_itself_or_damaged():
    whole = write_commit("knowledge/birds", LEAF, COMMIT)
    assert read_commit(LEAF, whole) == COMMIT
    for data in each_damaged(whole):
        with pytest.raises(Damaged, match=f"damaged: commits/{LEAF}"):
            read_commit(LEAF, data)


def test_a_commit_that_an_older_version_wrote_is_read():
    assert read_commit(LEAF, disclose("k", write_commit("knowledge/birds", LEAF, COMMIT))) == COMMIT
