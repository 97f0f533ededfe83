from collections import Counter
from itertools import islice

from seedbed.rehearsal.luck import Luck


def test_the_same_seeds_choose_the_same():
    assert [Luck("a", 1).below(1000) for _ in range(3)] == [Luck("a", 1).below(1000)] * 3
    luck = Luck("seedbed")
    # Written down, so that another Python or machine shows itself.
    assert [luck.below(1000) for _ in range(4)] == [232, 593, 393, 773]


def test_choices_are_spread():
    luck = Luck("spread")
    counts = Counter(luck.below(10) for _ in range(10_000))
    assert min(counts.values()) > 850


def test_shuffling_loses_nothing():
    assert sorted(Luck(3).shuffled(range(50))) == list(range(50))
    assert len(list(islice(Luck(3).endless("abc"), 10))) == 10
    assert not list(Luck(3).endless(""))
