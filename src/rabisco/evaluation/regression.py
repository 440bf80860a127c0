"""Multinomial logistic regression as a rule of refusal is fitted: outcome 0 weighs as much as all others together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from rabisco.refusal import REASONS

PENALTY = 11.0  # of the squared weights, shared by all rows: the more there are, the less it weighs
MOST_STEPS = 200
FOLDS = 3
_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """What is fitted on.

    Attributes:
        columns: ``(N, columns)``, what is known of each picture.
        outcomes: int64, ``(N,)``: 0 for a character, then one number for each reason.
        counts: ``(N,)``, as how many pictures each one counts.
    """

    columns: _Values
    outcomes: NDArray[np.int64]
    counts: _Values

    def only(self, rows: NDArray[np.bool_]) -> "Material":
        """Return some of the rows."""
        return Material(self.columns[rows], self.outcomes[rows], self.counts[rows])


def regress(
    material: Material, toward: tuple[_Values, _Values] | None = None, penalty: float | None = None
) -> tuple[_Values, _Values]:
    """Return weights, ``(columns, outcomes)``, and biases, ``(outcomes,)``.

    Args:
        material: What is fitted on.
        toward: Weights from which it starts and the distance from which is penalised, and biases; none: 0.
        penalty: Of that distance, squared; the usual one if not given.
    """
    from scipy.optimize import minimize

    columns, counts, read = material.columns, material.counts, material.outcomes == 0
    width, outcomes = columns.shape[1], 1 + len(REASONS)
    penalty = PENALTY / len(columns) if penalty is None else penalty
    origin, biases_there = toward or (np.zeros((width, outcomes)), np.zeros(outcomes))
    shares = counts * np.where(read, 0.5 / counts[read].sum(), 0.5 / counts[~read].sum())
    truth = np.eye(outcomes)[material.outcomes]

    def loss(values: _Values) -> tuple[float, _Values]:
        weights, biases = values[: width * outcomes].reshape(width, outcomes), values[width * outcomes :]
        log_probabilities = log_softmax(columns @ weights + biases, axis=1)
        slope = shares[:, np.newaxis] * (np.exp(log_probabilities) - truth)
        gradient = np.concatenate([(columns.T @ slope + penalty * (weights - origin)).ravel(), slope.sum(axis=0)])
        fit = -float(shares @ (log_probabilities * truth).sum(axis=1))
        return fit + penalty / 2 * float(((weights - origin) ** 2).sum()), gradient

    start = np.concatenate([origin.ravel(), biases_there])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    return found.x[: width * outcomes].reshape(width, outcomes), found.x[width * outcomes :]


def foresee(
    material: Material, toward: tuple[_Values, _Values] | None = None, penalty: float | None = None
) -> _Values:
    """Return what rules say of each row that were fitted without it, and without a third of the rows in all.

    Arguments as for ``regress``.

    Returns:
        Logits, ``(N, outcomes)``.
    """
    folds = np.arange(len(material.outcomes)) % FOLDS
    logits = np.empty((len(folds), 1 + len(REASONS)))
    for fold in range(FOLDS):
        weights, biases = regress(material.only(folds != fold), toward, penalty)
        logits[folds == fold] = material.columns[folds == fold] @ weights + biases
    return logits
