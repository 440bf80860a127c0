"""Intervals and tests are those of SciPy, of the published formulas by hand, and cover what they promise."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from rabisco.evaluation.statistics import mcnemar, paired_interval, paired_interval_of_counts, wilson_interval


@pytest.mark.parametrize(("correct", "examples"), [(0, 10), (3, 7), (995, 1000), (40, 40)])
def test_wilsons_interval_is_scipys(correct: int, examples: int) -> None:
    expected = binomtest(correct, examples).proportion_ci(0.95, method="wilson")
    assert wilson_interval(correct, examples) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_interval_equals_the_published_example() -> None:
    low, high = wilson_interval(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_wilson_interval_stays_within_zero_and_one() -> None:
    assert wilson_interval(10, 10)[1] == pytest.approx(1.0)
    assert wilson_interval(10, 10)[0] == pytest.approx(0.7225, abs=1e-4)
    assert wilson_interval(0, 10)[0] == pytest.approx(0.0)


@pytest.mark.parametrize(("only_first", "only_second", "examples"), [(1, 7, 21), (0, 0, 50), (12, 3, 1000), (5, 0, 5)])
def test_the_paired_interval_is_bonett_and_prices_by_hand(only_first: int, only_second: int, examples: int) -> None:
    one, other = (only_first + 1) / (examples + 2), (only_second + 1) / (examples + 2)
    half = norm.ppf(0.975) * np.sqrt((one + other - (one - other) ** 2) / (examples + 2))
    expected = (max(-1, one - other - half), min(1, one - other + half))
    assert paired_interval_of_counts(only_first, only_second, examples) == pytest.approx(expected)
    neither = examples - only_first - only_second
    first = np.repeat([True, False, True], [only_first, only_second, neither])
    second = np.repeat([False, True, True], [only_first, only_second, neither])
    assert paired_interval(first, second) == pytest.approx(expected)
    assert paired_interval(second, first) == pytest.approx((-expected[1], -expected[0]))


def test_means_of_several_answers_are_as_sure_as_their_spread() -> None:
    random = np.random.default_rng(0)
    first, second = random.random((3000, 15)) < 0.9, random.random((3000, 15)) < 0.88
    low, high = paired_interval(first.mean(axis=1), second.mean(axis=1))
    difference = first.mean(axis=1) - second.mean(axis=1)
    assert (low + high) / 2 == pytest.approx(difference.mean(), abs=1e-4)
    assert high - low == pytest.approx(2 * norm.ppf(0.975) * difference.std() / np.sqrt(3000), rel=0.05)


@pytest.mark.parametrize(("only_first", "only_second"), [(0.01, 0.002), (0.05, 0.05), (0.2, 0.02)])
def test_the_paired_interval_covers_the_true_difference_as_often_as_it_says(
    only_first: float, only_second: float
) -> None:
    random = np.random.default_rng(1)
    drawn = random.multinomial(200, [only_first, only_second, 1 - only_first - only_second], 2000)
    intervals = [paired_interval_of_counts(int(one), int(other), 200) for one, other, _ in drawn]
    covered = np.mean([low <= only_first - only_second <= high for low, high in intervals])
    assert covered > 0.935


def test_mcnemars_p_value_is_that_of_a_fair_coin() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(4, 4) == pytest.approx(1.0)
    assert mcnemar(0, 6) == pytest.approx(2 * 0.5**6)
    for first, second in ((2, 9), (9, 2), (1, 0), (5, 6), (400, 471), (0, 90)):
        assert mcnemar(first, second) == pytest.approx(binomtest(first, first + second).pvalue, rel=1e-9)
