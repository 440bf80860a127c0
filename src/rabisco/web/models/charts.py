"""Where things stand on the axes of charts: the templates draw them as SVG, in percent of the drawing's width."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rabisco.artifacts import Card
from rabisco.evaluation.robustness import Robustness

STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 6
RELIABILITY_KEYS = {"low", "high", "count", "confidence", "accuracy"}


@dataclass(frozen=True)
class Axis:
    """A part of [0, 1] and its marked values, both ends among them."""

    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return where a value stands, in percent of the axis."""
        low, high = self.ticks[0], self.ticks[-1]
        return round(100 * (value - low) / (high - low), 2)

    @property
    def digits(self) -> int:
        """Decimals of a percentage that its marks need."""
        return max(0, -math.floor(math.log10(round((self.ticks[1] - self.ticks[0]) * 100, 9))))


def axis(values: Sequence[float]) -> Axis | None:
    """Return the shortest axis of round marks that holds these fractions in [0, 1]; ``None`` where there are none."""
    if not values:
        return None
    low, high = min(values), max(values)
    for step in STEPS:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < MOST_TICKS:
            break
    last = max(last, first + 1)
    if last * step > 1 + 1e-9:
        first, last = first - 1, last - 1
    return Axis(tuple(round(mark * step, 6) for mark in range(first, last + 1)))


def learning_curve(card: Card) -> list[float]:
    """Return the accuracy on the validation images after each epoch; empty where it was not recorded."""
    return [row["validation_accuracy"] for row in card.history if "validation_accuracy" in row]


def charts_of(models: Sequence[tuple[Card, Robustness | None]]) -> dict[str, Any]:
    """Return models' learning curves and accuracies under corruptions, each with its place, and the axes of both."""
    curves = [(place, learning_curve(card)) for place, (card, _) in enumerate(models)]
    curves = [(place, curve) for place, curve in curves if len(curve) > 1]
    corruptions: dict[str, list[tuple[int, float]]] = {}
    for place, (_, robustness) in enumerate(models):
        for row in robustness.rows if robustness else ():
            corruptions.setdefault(row.corruption, []).append((place, row.accuracy))
    damaged = [accuracy for found in corruptions.values() for _, accuracy in found]
    return {
        "curves": curves,
        "curves_axis": axis([value for _, curve in curves for value in curve[1:]]),  # else the first epochs flatten it
        "corruptions": corruptions,
        "corruptions_axis": axis([*damaged, 1.0]) if damaged else None,
    }


@dataclass(frozen=True)
class Reliability:
    """How often a model is right among images of which it is equally sure, on the test split.

    A bin is an interval of confidence: its ends ``low`` and ``high``, ``count``, mean ``confidence``, ``accuracy``.
    """

    bins: tuple[dict[str, float], ...]

    @property
    def examples(self) -> int:
        """Number of images."""
        return round(sum(row["count"] for row in self.bins))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in [0, 1]: how far accuracy is from confidence, on average over the images."""
        return sum(row["count"] * abs(row["accuracy"] - row["confidence"]) for row in self.bins) / self.examples

    @property
    def largest(self) -> float:
        """Number of images in the fullest interval."""
        return max(row["count"] for row in self.bins)


def reliability_of(table: Iterable[dict[str, float]] | None) -> Reliability | None:
    """Return the diagram of a table as cards keep it; ``None`` where nothing was counted, or not as is known here."""
    rows = [row for row in table or () if row.keys() >= RELIABILITY_KEYS and row["count"] > 0]
    return Reliability(tuple(sorted(rows, key=lambda row: row["confidence"]))) if rows else None
