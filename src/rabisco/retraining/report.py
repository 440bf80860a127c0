"""What a retraining came to: the same pictures read before and after, and what got worse beyond noise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rabisco.evaluation.statistics import paired_interval


@dataclass(frozen=True)
class Difference:
    """Accuracy on the same images before and after; ``change`` with its 95% interval, all in [-1, 1]."""

    what: str
    examples: int
    before: float
    after: float
    change: float
    change_low: float
    change_high: float

    @property
    def worse(self) -> bool:
        """Whether it got worse beyond noise: the whole interval lies below 0."""
        return self.change_high < 0


@dataclass(frozen=True)
class Reread:
    """One correction, read before and after."""

    correction: int
    true_label: str | None  # what the reader said that it is; ``None``: no character
    before: str  # the class that the earlier version names
    before_refused: str | None  # why that version refuses the picture; ``None`` if it does not
    after: str  # the class that the new version names
    after_refused: str | None  # why the new version refuses it

    @property
    def right_before(self) -> bool:
        """Whether the earlier version answers as the reader says: that class, or a refusal of what is no character."""
        return _right(self.true_label, self.before, self.before_refused)

    @property
    def right_after(self) -> bool:
        """Whether the new version does."""
        return _right(self.true_label, self.after, self.after_refused)


@dataclass(frozen=True)
class RuleChange:
    """What fitting the rule of refusal again came to, on pictures that it was not fitted on."""

    kept: bool  # whether the new rule was kept; if not, it was worse beyond noise, and the earlier one stays
    characters: Difference  # validation characters, drawn; accuracy is the share of them that is not refused
    # Drawings of what is no character, by code, and photographs; accuracy is the share that is refused
    others: Difference
    seconds: float  # that it took

    @property
    def wrongly_refused(self) -> tuple[int, int]:
        """How many of the validation characters are refused, before and after."""
        one = self.characters
        return round((1 - one.before) * one.examples), round((1 - one.after) * one.examples)

    @property
    def rightly_refused(self) -> tuple[int, int]:
        """How many of the others are refused, before and after."""
        one = self.others
        return round(one.before * one.examples), round(one.after * one.examples)


@dataclass(frozen=True)
class RetrainingReport:
    """What a retraining came to."""

    model: str  # name of the model
    version_before: int  # the version that it started from
    trained_on: int  # corrections whose classes it learned; with none, the weights are the earlier version's
    left_out: int  # corrections that it could not: nothing drawn, or no class of the model
    step: float  # how far it went from the earlier weights to those found, in [0, 1]; chosen on validation images
    # Of the corrections learned from, those whose class the earlier version names, be it as the best guess at a
    # picture that it refuses
    corrected_before: int
    corrected_after: int  # the same of the new version
    withheld_before: int  # of the corrections learned from, those that the earlier version refuses
    withheld_after: int  # the same of the new version
    not_characters: int  # corrections that say "not a character"; the rule of refusal is fitted with them
    refused_before: int  # of these, those that the earlier version refuses
    refused_after: int  # the same of the new version
    test: Difference  # on the test images
    # On the test images under each corruption, and on all of them together (``mean``)
    robustness: tuple[Difference, ...]
    seconds: float  # of training
    rereads: tuple[Reread, ...] = ()  # the newest corrections one by one
    version: int | None = None  # the new one, which nobody uses yet; ``None`` before it is saved
    rule: RuleChange | None = None  # what fitting the rule of refusal again came to; ``None`` where the model has none

    @property
    def worse(self) -> list[str]:
        """What got worse beyond noise; empty if the new version may be used without a second thought."""
        found = [one.what for one in (self.test, *self.robustness) if one.worse]
        if self.corrected_after < self.corrected_before:
            found.append("corrections")
        if self.rule:
            found += [one.what for one in (self.rule.characters, self.rule.others) if one.worse]
        return [*found, "refusals"] if self.refused_after < self.refused_before else found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return {**asdict(self), "worse": self.worse}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RetrainingReport":
        """Return what ``to_dict`` made these values from."""
        return TypeAdapter(cls).validate_python(values)


def difference(what: str, before: NDArray[np.floating], after: NDArray[np.floating]) -> Difference:
    """Return how accuracy changed over the same images, with the 95% interval of the paired difference.

    Of each image ``before`` and ``after``, ``(N,)``, say 1 if it is read correctly, else 0, or a mean of such.
    """
    accuracy_before, accuracy_after = float(before.mean()), float(after.mean())
    change = accuracy_after - accuracy_before
    return Difference(what, len(before), accuracy_before, accuracy_after, change, *paired_interval(after, before))


def _right(true_label: str | None, category: str, refused: str | None) -> bool:
    return refused is not None if true_label is None else refused is None and category == true_label
