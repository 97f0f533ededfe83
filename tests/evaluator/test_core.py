import math

import pytest

from seedbed.evaluator.core import compare, mean_interval, share_interval, t_quantile


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
    found = compare({"a": 1.0, "b": 2.0, "x": 9.0}, {"a": 1.5, "b": 3.5, "y": -9.0})
    assert found is not None
    assert (found.base, found.tuned, found.gain.mean) == (1.5, 2.5, 1.0)
    assert (found.questions, found.left_out) == (2, 2)


def test_pairing_sees_what_two_means_would_not():
    base = {str(n): float(n) for n in range(30)}
    tuned = {name: score + 0.1 + 0.01 * (int(name) % 3) for name, score in base.items()}
    found = compare(base, tuned)
    assert found is not None
    assert found.is_above
    # Against the spread among questions the gain is nothing.
    assert found.gain.mean < 0.02 * math.sqrt(30 * 30 / 12)


def test_no_question_in_common_is_no_comparison():
    assert compare({"a": 1.0}, {"b": 1.0}) is None
