from collections import Counter
from itertools import islice

from seedbed.rehearsal.seeded_random import SeededRandom


def test_the_same_seeds_choose_the_same():
    assert [SeededRandom("a", 1).below(1000) for _ in range(3)] == [SeededRandom("a", 1).below(1000)] * 3
    rng = SeededRandom("seedbed")
    # Written down, so that another Python or machine shows itself.
    assert [rng.below(1000) for _ in range(4)] == [232, 593, 393, 773]


def test_choices_are_spread():
    rng = SeededRandom("spread")
    counts = Counter(rng.below(10) for _ in range(10_000))
    assert min(counts.values()) > 850


def test_shuffling_loses_nothing():
    assert sorted(SeededRandom(3).shuffled(range(50))) == list(range(50))
    assert len(list(islice(SeededRandom(3).endless("abc"), 10))) == 10
    assert not list(SeededRandom(3).endless(""))
