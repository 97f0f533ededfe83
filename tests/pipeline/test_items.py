from hypothesis import given
from hypothesis import strategies as st

from seedbed.pipeline.items import candidate_id, item_digest, item_name


def test_digests_are_frozen():
    assert item_digest("ab" * 32, b"data", 3) == (
        "2c9cc4e40c9291ddd42f2d1a047c25982759b41beb79c40e07d77533ef29ea2b"
    )
    assert candidate_id("ab" * 32, 1) == "e6c3f97776adcc50fbecbc142b9d0d1b"


@given(st.binary(max_size=20), st.integers(0, 99), st.binary(max_size=20), st.integers(0, 99))
def test_another_input_or_repeat_is_another_item(data, repeat, other, again):
    same = (data, repeat) == (other, again)
    assert (item_digest("spec", data, repeat) == item_digest("spec", other, again)) == same


def test_an_item_is_named_by_digest_and_candidate():
    assert item_name("d", "") == "d"
    assert item_name("d", "c") == "d-c"
