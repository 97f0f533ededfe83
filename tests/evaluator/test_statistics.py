import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.evaluator.statistics import (
    compare,
    gain_of_means,
    gain_of_ratings,
    gain_of_shares,
    mean_interval,
    share_interval,
    t_quantile,
)


@pytest.mark.parametrize(
    ("freedom", "known"),
    [
        (1, 12.7062),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (9, 2.2622),
        (29, 2.0452),
        (120, 1.9799),
        (0, 1.9600),
    ],
)
def test_quantiles_are_those_of_the_tables(freedom, known):
    assert t_quantile(freedom) == pytest.approx(known, abs=5e-5)


def test_the_interval_of_a_mean_is_the_textbooks():
    # Student's own example of 1908: hours of sleep gained by ten patients, optical isomers of hyoscyamine.
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = mean_interval(gained)
    assert found.mean == pytest.approx(1.58)
    assert found.low == pytest.approx(0.7001, abs=1e-4)
    assert found.high == pytest.approx(2.4599, abs=1e-4)


def test_one_value_has_no_interval():
    assert mean_interval([0.5]).low is None


def test_values_that_are_all_equal_have_an_interval_of_no_width():
    found = mean_interval([0.25] * 8)
    assert (found.low, found.high) == (0.25, 0.25)


def test_a_share_has_wilsons_interval():
    found = share_interval(8, 10)
    assert found.low == pytest.approx(0.4902, abs=1e-4)
    assert found.high == pytest.approx(0.9433, abs=1e-4)


@pytest.mark.parametrize("right", [0, 20])
def test_a_share_of_all_or_none_is_not_taken_for_certain(right):
    found = share_interval(right, 20)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.1
    assert found.low <= right / 20 <= found.high


def test_questions_are_paired_by_name_and_the_others_counted():
    found = compare({"a": 1.0, "b": 2.0, "x": 9.0}, {"a": 1.5, "b": 3.5, "y": -9.0}, gain_of_means)
    assert found is not None
    assert (found.base, found.tuned, found.gain.mean) == (1.5, 2.5, 1.0)
    assert (found.questions, found.left_out) == (2, 2)


def test_pairing_sees_what_two_means_would_not():
    base = {str(n): float(n) for n in range(30)}
    tuned = {name: score + 0.1 + 0.01 * (int(name) % 3) for name, score in base.items()}
    found = compare(base, tuned, gain_of_means)
    assert found is not None
    assert found.gain.low is not None
    assert found.gain.low > 0
    # Against the spread among questions the gain is nothing.
    assert found.gain.mean < 0.02 * math.sqrt(30 * 30 / 12)


def test_no_question_in_common_is_no_comparison():
    assert compare({"a": 1.0}, {"b": 1.0}, gain_of_means) is None


def ends(interval):
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def answers(both, lost, gained, neither):
    """Right and wrong, before and after, by how many questions went which way."""
    before = [1.0] * (both + lost) + [0.0] * (gained + neither)
    after = [1.0] * both + [0.0] * lost + [1.0] * gained + [0.0] * neither
    return before, after


@pytest.mark.parametrize(
    ("table", "gain", "low", "high"),
    [
        # Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables (2017), chapter 8: airway
        # hyper-responsiveness before and after stem cell transplantation, complete response to consolidation.
        ((1, 1, 7, 12), 0.2857, 0.0256, 0.5069),
        ((59, 6, 16, 80), 0.0621, 0.0046, 0.1186),
        # The student of the README: two of twenty right, then all.
        ((2, 0, 18, 0), 0.9, 0.6424, 0.9721),
    ],
)
def test_a_gain_of_shares_has_newcombes_interval(table, gain, low, high):
    found = gain_of_shares(*answers(*table))
    assert found.mean == pytest.approx(gain, abs=5e-5)
    assert ends(found) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


TABLES = st.tuples(*[st.integers(0, 40)] * 4).filter(lambda table: sum(table) >= 2)


@given(TABLES)
def test_a_gain_of_shares_lies_in_its_interval_and_that_between_all_lost_and_all_gained(table):
    found = gain_of_shares(*answers(*table))
    low, high = ends(found)
    assert -1 <= low <= found.mean <= high <= 1
    # Nothing is taken for certain, not even where all answers are as they were.
    assert low < high


@given(TABLES)
def test_what_one_way_is_a_gain_is_the_same_loss_the_other_way(table):
    before, after = answers(*table)
    low, high = ends(gain_of_shares(before, after))
    assert ends(gain_of_shares(after, before)) == (pytest.approx(-high), pytest.approx(-low))


def coverage(interpret, early, late, count):
    """How often the interval holds the true gain: over every outcome there is, by its probability."""
    ways = [early * late, early * (1 - late), (1 - early) * late, (1 - early) * (1 - late)]
    held = 0.0
    for table in product(range(count + 1), repeat=4):
        if sum(table) == count:
            low, high = ends(interpret(*answers(*table)))
            each = [way**times / math.factorial(times) for way, times in zip(ways, table, strict=True)]
            held += math.prod(each) * (low - 1e-9 <= late - early <= high + 1e-9)
    return math.factorial(count) * held


@pytest.mark.parametrize(("early", "late"), [(0.05, 0.95), (0.1, 0.9), (0.9, 0.95)])
def test_with_ten_questions_a_gain_of_shares_keeps_its_level_where_students_does_not(early, late):
    assert coverage(gain_of_shares, early, late, 10) > 0.93
    assert coverage(gain_of_means, early, late, 10) < 0.9


def test_a_gain_of_ratings_ends_where_ratings_end():
    found = gain_of_ratings([1.0, 1.0, 2.0], [10.0, 10.0, 4.0])
    student = gain_of_means([1.0, 1.0, 2.0], [10.0, 10.0, 4.0])
    assert ends(student)[1] > 9
    assert (found.mean, *ends(found)) == (student.mean, ends(student)[0], 9.0)
    assert gain_of_ratings([1.0], [10.0]).low is None
