"""When not to answer: from what a picture looks like and what a model made of it to a reason for refusing it.

A rule is fitted with each model (``rabisco.rejection.fitting``) and kept in its card; here it is only applied.
"""

import json
import math
from functools import cached_property
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from rabisco.errors import N_
from rabisco.images.ink import Ink
from rabisco.rejection.features import FEATURES

Reason = Literal[
    "blank", "scribble", "more-than-one-character", "not-a-character", "none-of-the-classes", "another-character"
]
REASONS: tuple[Reason, ...] = get_args(Reason)[:4]  # of a picture of no single character, in the order of the weights
MESSAGES: dict[Reason, str] = {
    "blank": N_("Nothing is drawn in this picture."),
    "scribble": N_("This does not look like one character: it looks scribbled."),
    "more-than-one-character": N_("This does not look like one character: it looks like several."),
    "not-a-character": N_("This does not look like one character: it looks like something else."),
    "none-of-the-classes": N_("This does not look like any of the things that the model knows."),
    "another-character": N_("This is a character that the model does not know."),
}

RESTLESS = 20.0  # standard deviation of gray levels above which a picture without ink is not an empty one
PRODUCTS = np.triu_indices(len(FEATURES))  # of each feature with itself and with those after it
PLACES = np.linspace(-2, 2, 17)  # in standard deviations; a column says how near a feature is to each
REACH = PLACES[1] - PLACES[0]
NEARNESS = 2.0  # at a place itself
COLUMNS = len(FEATURES) * (1 + len(PLACES)) + len(PRODUCTS[0])


class RejectionRule(BaseModel):
    """Which pictures a model refuses to read: multinomial logistic regression over what ``expand`` makes of features.

    It is stored as ``rejection.json``.
    """

    model_config = ConfigDict(extra="forbid")

    features: tuple[str, ...]  # their names, in order; those that ``FEATURES`` had when the rule was fitted
    means: tuple[float, ...]  # of each feature over what the rule was fitted on
    scales: tuple[float, ...]  # their standard deviations
    weights: tuple[tuple[float, ...], ...]  # a row per column of ``expand``, a column for a character and each reason
    biases: tuple[float, ...]  # one per column
    threshold: float  # log-odds of "not one character" above which a picture is refused
    fitted_on: dict[str, int]  # how many pictures of each kind

    def to_text(self) -> str:
        """Return what is stored in ``rejection.json``: one line for each field, one for each row of the weights."""
        fields = self.model_dump(mode="json")
        rows = ",\n  ".join(json.dumps(row) for row in fields["weights"])
        lines = {name: json.dumps(value) for name, value in fields.items()} | {"weights": f"[\n  {rows}\n ]"}
        return "{\n" + ",\n".join(f' "{name}": {line}' for name, line in lines.items()) + "\n}\n"

    def log_odds(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how much likelier than not each picture shows no single character, ``(N,)``, in nats."""
        means, scales, weights, biases = self._arrays
        return log_odds_of(expand((features - means) / scales) @ weights + biases)

    def judge(self, features: NDArray[np.floating]) -> list[tuple[Reason | None, float]]:
        """Return why each picture is refused, if it is, and the doubt that it shows one character.

        The doubt lies in [0, 1]; above 0.5 the picture is refused.

        Args:
            features: ``(N, len(FEATURES))``; see ``picture_features``.
        """
        means, scales, weights, biases = self._arrays
        verdicts: list[tuple[Reason | None, float]] = []
        for character, *others in (expand((features - means) / scales) @ weights + biases).tolist():
            likeliest = max(others)
            total = likeliest + math.log(sum(math.exp(other - likeliest) for other in others))
            excess = total - character - self.threshold
            reason = REASONS[others.index(likeliest)] if excess > 0 else None
            verdicts.append((reason, 1 / (1 + math.exp(min(max(-excess, -50), 50)))))
        return verdicts

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.float64], ...]:
        return tuple(np.array(values) for values in (self.means, self.scales, self.weights, self.biases))

    def __copy__(self) -> Self:
        """Return a copy that makes its arrays anew: ``model_copy`` may be about to change what they are made of."""
        copied = super().__copy__()
        copied.__dict__.pop("_arrays", None)
        copied.__dict__.pop("fits", None)
        return copied

    @cached_property
    def fits(self) -> bool:
        """Whether the rule was fitted on the features that are counted today, expanded as today."""
        return self.features == FEATURES and len(self.weights) == COLUMNS


def log_odds_of(outcomes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much likelier the reasons are together than "a character", the first column of ``(N, outcomes)``."""
    return np.asarray(np.logaddexp.reduce(outcomes[:, 1:], axis=1) - outcomes[:, 0])


def reason_without_ink(ink: Ink) -> Reason:
    """Return why a picture is refused in which no ink was found: nothing is drawn, or it shows something else.

    A photograph of a scene may have no ground that anything stands out from.
    """
    return "not-a-character" if float(ink.contrasts[ink.shades[::4, ::4]].std()) > RESTLESS else "blank"


def expand(standardized: NDArray[np.floating]) -> NDArray[np.float64]:
    """Expand features so that a linear rule can express nonlinear effects, ``(N, F)`` → ``(N, COLUMNS)``.

    They are the features, bent so that none counts for more than 1; the products of all pairs, because how thick the
    strokes are decides how many holes are strange; and how near each feature is to some places, because what is common
    lies between too little and too much. All are bounded, so an extreme value counts no more than a large one.

    Args:
        standardized: Of mean 0 and standard deviation 1 over what the rule was fitted on.
    """
    bent = np.tanh(standardized.astype(np.float64))
    distances = np.abs(standardized[:, np.newaxis, :] - PLACES[:, np.newaxis])  # (N, places, F)
    near = NEARNESS * np.maximum(1 - distances / REACH, 0).reshape(len(bent), PLACES.size * bent.shape[1])
    return np.concatenate([bent, bent[:, PRODUCTS[0]] * bent[:, PRODUCTS[1]], near], axis=1)
