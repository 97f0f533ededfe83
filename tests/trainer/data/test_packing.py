"""Packing: every sample once, no row too long, little room left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.trainer.data.packing import pack


@given(st.lists(st.integers(1, 64), max_size=60))
def test_every_sample_is_in_one_row_that_holds_it(lengths):
    rows = pack(lengths, 64)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= 64 for row in rows)
    # Two rows that would fit into one are never both there.
    sizes = sorted(sum(lengths[place] for place in row) for row in rows)
    assert len(sizes) < 2 or sizes[0] + sizes[1] > 64


def test_each_goes_where_it_fits_most_closely():
    assert pack([60, 50, 4, 14], 64) == [[0, 2], [1, 3]]


def test_a_sample_longer_than_a_row_is_refused():
    with pytest.raises(ValueError, match="no room"):
        pack([65], 64)
