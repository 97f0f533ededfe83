import random
import sys

from seedbed.pipeline.lsh import LshIndex, cut_bands


def test_what_has_a_band_in_common_is_found_over_all_tables():
    """The same as comparing each with each, over several tables."""
    luck = random.Random(3)
    signatures = [[luck.randrange(6) for _ in range(16)] for _ in range(5000)]
    found = LshIndex()
    for number, signature in enumerate(signatures[:4000]):
        found.add(number, cut_bands(signature, 4))
    for signature in signatures[3900:4100]:
        parts = [signature[place : place + 4] for place in (0, 4, 8, 12)]
        right = {
            number
            for number, other in enumerate(signatures[:4000])
            if any(other[4 * place : 4 * place + 4] == part for place, part in enumerate(parts))
        }
        assert found.find(cut_bands(signature, 4)) == right


def test_a_band_counts_at_its_place_only():
    found = LshIndex()
    found.add(0, cut_bands([1, 2, 3, 4], 2))
    assert found.find(cut_bands([3, 4, 1, 2], 2)) == set()
    assert found.find(cut_bands([1, 2, 9, 9], 2)) == {0}


def test_each_takes_some_hundred_bytes():
    found = LshIndex()
    for number in range(5000):
        found.add(number, cut_bands([number] * 128, 32))
    size = sum(sys.getsizeof(part) for table in found._tables for part in (table._tags, table._numbers))
    assert 256 * 5000 < size < 1100 * 5000
