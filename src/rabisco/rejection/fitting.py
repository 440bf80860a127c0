"""Rejection rules are fitted here: multinomial logistic regression, anew or onward from an earlier rule."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from rabisco.evaluation.reader import Reader
from rabisco.images.normalize import CHARACTERS as CHARACTER_NORMALIZERS
from rabisco.rejection.features import FEATURES
from rabisco.rejection.negatives import KINDS
from rabisco.rejection.pictures import CHARACTERS, Described, Images, fit_pictures, further_pictures
from rabisco.rejection.rule import REASONS, Reason, RejectionRule, expand, log_odds_of

WRONGLY_REFUSED = 0.01  # share that the threshold may refuse of characters that a rule was not fitted on
QUICKLY = 1000  # drawn where somebody waits for a training to end: a quarter of the time, a little less refused
LEAST_CHARACTERS = 20
NO_HANDWRITING = frozenset({"fashion-mnist"})
LEAVING = 0.06  # penalty of the squared distance from an earlier rule's weights
DIGITS = 4  # decimals that are kept of each number
PENALTY = 11.0  # of the squared weights, shared by all rows: the more there are, the less it weighs
MOST_STEPS = 200
FOLDS = 3
_Values = NDArray[np.float64]
_ByKind = Mapping[str, Described]
_REASONS: dict[str, Reason] = {kind.name: kind.reason for kind in KINDS}


def fit_from_catalog(
    reader: Reader,
    normalizer: str,
    temperature: float,
    characters: Images,
    *,
    dataset: str,
    class_names: Sequence[str],
    most: int = CHARACTERS,
) -> RejectionRule | None:
    """Return the rule for a model of handwriting, fitted with what else the catalog has at hand; else ``None``.

    Fewer than 20 characters give no rule either.

    Args:
        reader: The model.
        normalizer: The one that its card names.
        temperature: Fitted before, on validation.
        characters: Validation images, uint8 ``(N, H, W, 1)``, bright = ink.
        dataset: What the model was trained on.
        class_names: Of its classes.
        most: As for ``fit_pictures``.
    """
    if not reads_handwriting(normalizer, dataset) or len(characters) < LEAST_CHARACTERS:
        return None
    further = further_pictures(len(characters), class_names, most)
    return fit_rule(*fit_pictures(reader, normalizer, temperature, characters, **further, most=most))


def reads_handwriting(normalizer: str, dataset: str) -> bool:
    """Return whether a model with this normalizer, trained on this data set, reads characters."""
    return normalizer in CHARACTER_NORMALIZERS and dataset not in NO_HANDWRITING


def fit_rule(read: _ByKind, refuse: _ByKind) -> RejectionRule:
    """Return the rule for pictures that are described already, by kind.

    Args:
        read: What is to be read.
        refuse: What is to be refused, by the names of ``KINDS``, or ``PHOTOGRAPHS``; other kinds are no characters.
    """
    features, outcomes = _rows(read, refuse)
    means, scales = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    examples = Examples(expand((features - means) / scales), outcomes, np.ones(len(features)))
    weights, biases, logits = regress_and_cross_validate(examples)
    unseen = log_odds_of(logits)[outcomes == 0]
    return RejectionRule(
        features=FEATURES,
        means=_rounded(means),
        scales=_rounded(scales),
        weights=tuple(_rounded(row) for row in weights),
        biases=_rounded(biases),
        threshold=round(float(np.quantile(unseen, 1 - WRONGLY_REFUSED)), DIGITS),
        fitted_on={kind: len(one.blank) for kind, one in {**read, **refuse}.items()},
    )


def learn(earlier: RejectionRule, read: _ByKind, refuse: _ByKind, counts: Mapping[str, float]) -> RejectionRule:
    """Return a rule that has learned these pictures beside what the earlier one knows.

    It starts from the earlier one's weights and is penalized for leaving them, so that a few hundred drawings are
    enough to keep what thousands taught. The threshold is set on out-of-fold scores. Its false-refusal rate is the
    mean of the allowed rate and the earlier rule's rate on the same characters, which that rule may have been fitted
    on.

    Args:
        earlier: One that fits today's features.
        read: What is to be read, as for ``fit_rule``.
        refuse: What is to be refused, likewise.
        counts: Weight of each picture, by kind; unlisted kinds weigh 1. Readers' pictures are listed here, and the
            threshold is computed without them.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017 (the penalty, here
    the same for all weights).
    """
    features, outcomes = _rows(read, refuse)
    sizes = {kind: int((~one.blank).sum()) for kind, one in {**read, **refuse}.items()}
    counted = np.repeat([counts.get(kind, 1.0) for kind in sizes], list(sizes.values()))
    usual = np.repeat([kind in read and kind not in counts for kind in sizes], list(sizes.values()))
    examples = Examples(expand((features - earlier.means) / np.array(earlier.scales)), outcomes, counted)
    toward = np.array(earlier.weights), np.array(earlier.biases)
    share = (WRONGLY_REFUSED + float((earlier.log_odds(features[usual]) > earlier.threshold).mean())) / 2
    weights, biases, logits = regress_and_cross_validate(examples, toward, LEAVING)
    unseen = log_odds_of(logits)[usual]
    update = {
        "weights": tuple(_rounded(row) for row in weights),
        "biases": _rounded(biases),
        "threshold": round(float(np.quantile(unseen, 1 - share)), DIGITS),
        "fitted_on": {**earlier.fitted_on, **{kind: sizes[kind] for kind in sizes if kind in counts}},
    }
    return earlier.model_copy(update=update)


def _rows(read: _ByKind, refuse: _ByKind) -> tuple[_Values, NDArray[np.int64]]:
    """Return features and outcome of every picture in which there is ink, kind after kind."""
    by_kind = {**read, **refuse}
    numbers = dict.fromkeys(read, 0)
    numbers |= {kind: 1 + REASONS.index(_REASONS.get(kind, "not-a-character")) for kind in refuse}
    features = [one.features[~one.blank] for one in by_kind.values()]
    outcomes = np.repeat([numbers[kind] for kind in by_kind], [len(rows) for rows in features])
    return np.concatenate(features), outcomes


def _rounded(values: _Values) -> tuple[float, ...]:
    return tuple(values.round(DIGITS).tolist())


@dataclass(frozen=True)
class Examples:
    """What is fitted on: one row per picture."""

    columns: _Values  # (N, columns), what is known of each picture
    outcomes: NDArray[np.int64]  # (N,): 0 for a character, then one number for each reason
    counts: _Values  # (N,), as how many pictures each one counts

    def only(self, rows: NDArray[np.bool_]) -> "Examples":
        """Return some of the rows."""
        return Examples(self.columns[rows], self.outcomes[rows], self.counts[rows])


def regress(
    examples: Examples, toward: tuple[_Values, _Values] | None = None, penalty: float | None = None
) -> tuple[_Values, _Values]:
    """Return weights, ``(columns, outcomes)``, and biases, ``(outcomes,)``, by logistic regression.

    Characters, outcome 0, weigh as much as all other outcomes together.

    Args:
        examples: What is fitted on.
        toward: Weights from which it starts and the distance from which is penalized, and biases; none: 0.
        penalty: Of that distance, squared; the usual one if not given.
    """
    from scipy.optimize import minimize

    columns, counts, read = examples.columns, examples.counts, examples.outcomes == 0
    width, outcomes = columns.shape[1], 1 + len(REASONS)
    penalty = PENALTY / len(columns) if penalty is None else penalty
    origin, biases_there = toward or (np.zeros((width, outcomes)), np.zeros(outcomes))
    shares = counts * np.where(read, 0.5 / counts[read].sum(), 0.5 / counts[~read].sum())
    truth = np.eye(outcomes)[examples.outcomes]

    def loss(values: _Values) -> tuple[float, _Values]:
        weights, biases = values[: width * outcomes].reshape(width, outcomes), values[width * outcomes :]
        log_probabilities = scipy.special.log_softmax(columns @ weights + biases, axis=1)
        slope = shares[:, np.newaxis] * (np.exp(log_probabilities) - truth)
        gradient = np.concatenate([(columns.T @ slope + penalty * (weights - origin)).ravel(), slope.sum(axis=0)])
        fit = -float(shares @ (log_probabilities * truth).sum(axis=1))
        return fit + penalty / 2 * float(((weights - origin) ** 2).sum()), gradient

    start = np.concatenate([origin.ravel(), biases_there])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    return found.x[: width * outcomes].reshape(width, outcomes), found.x[width * outcomes :]


def regress_and_cross_validate(
    examples: Examples, toward: tuple[_Values, _Values] | None = None, penalty: float | None = None
) -> tuple[_Values, _Values, _Values]:
    """Fit on all rows, and also return cross-validated logits.

    Each row's logits come from a fit that left out its third of the rows. Arguments as for ``regress``. The fits go on
    side by side.

    Returns:
        Weights, biases and logits, ``(N, outcomes)``.
    """
    from threadpoolctl import threadpool_limits

    folds = np.arange(len(examples.outcomes)) % FOLDS

    def fit(left_out: int) -> tuple[_Values, _Values]:
        return regress(examples.only(folds != left_out), toward, penalty)

    one_each = threadpool_limits(1, "blas")  # more threads wait for each other
    with one_each, ThreadPoolExecutor(min(1 + FOLDS, os.cpu_count() or 1)) as threads:
        others = threads.map(fit, range(FOLDS))
        weights, biases = threads.submit(regress, examples, toward, penalty).result()
    logits = np.empty((len(folds), 1 + len(REASONS)))
    for fold, (without, biases_without) in enumerate(others):
        logits[folds == fold] = examples.columns[folds == fold] @ without + biases_without
    return weights, biases, logits
