"""Intervals and tests for shares of images that are read correctly, by one model or by two on the same images."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

Z = NormalDist().inv_cdf(0.975)  # standard deviations on each side of the mean that hold 95% of a normal distribution


def wilson_interval(correct: int, examples: int) -> tuple[float, float]:
    """Return the interval in which the true accuracy lies with probability 0.95.

    Wilson's interval stays inside [0, 1] and keeps its promise near 100%, where the usual one does not.

    Args:
        correct: Images that are read correctly.
        examples: Images that were read, at least one.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    fraction = correct / examples
    center = fraction + Z * Z / (2 * examples)
    half = Z * math.sqrt(fraction * (1 - fraction) / examples + Z * Z / (4 * examples * examples))
    scale = 1 + Z * Z / examples
    return max(0.0, (center - half) / scale), min(1.0, (center + half) / scale)


def paired_interval(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, float]:
    """Return the 95% interval of how much more often ``first`` is right than ``second`` on the same images.

    Bonett and Price's adjusted Wald interval: two images are added, one that only the first reads and one that only
    the second does. Unlike Wald's own it keeps its promise where the two hardly ever differ.

    Args:
        first: ``(N,)``, 1 or true where the first is right and 0 otherwise; or a mean of such, in [0, 1].
        second: The same of the second, in the same order.

    Returns:
        Lower and upper end, in [-1, 1].

    Source: Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", J. Educ. Behav. Stat. 37(4), 2012; recommended by Fagerland, Lydersen and Laake, "Recommended tests
    and confidence intervals for paired binomial proportions", Stat. Med. 33, 2014.
    """
    difference = first.astype(np.float64) - second.astype(np.float64)
    return _adjusted_wald(float(difference.sum()), float(np.square(difference).sum()), len(difference))


def paired_interval_of_counts(only_first: int, only_second: int, examples: int) -> tuple[float, float]:
    """Return ``paired_interval`` for models that are known by how many of the images only one of them reads."""
    return _adjusted_wald(only_first - only_second, only_first + only_second, examples)


def mcnemar(only_first: int, only_second: int) -> float:
    """Return McNemar's exact two-sided p-value for two models on the same images.

    Args:
        only_first: Images that only the first reads correctly.
        only_second: Images that only the second does.

    Returns:
        How probable a difference at least this great is if both are equally good; 1 if they never differ.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions", 1947.
    """
    if only_first == only_second == 0:
        return 1.0
    less = scipy.special.bdtr(min(only_first, only_second), only_first + only_second, 0.5)
    return min(1.0, 2 * float(less))


def _adjusted_wald(total: float, squares: float, examples: int) -> tuple[float, float]:
    mean = total / (examples + 2)
    half = Z * math.sqrt(((squares + 2) / (examples + 2) - mean**2) / (examples + 2))
    return max(-1.0, mean - half), min(1.0, mean + half)
