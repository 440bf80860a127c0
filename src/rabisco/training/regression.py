"""The linear model's weights as scikit-learn finds them: multinomial logistic regression to convergence."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.training.config import TrainingConfiguration

if TYPE_CHECKING:
    import keras


def fit_logistic_regression(
    model: "keras.Model", dataset: Dataset, configuration: TrainingConfiguration
) -> dict[str, float]:
    """Put the weights of scikit-learn's ``LogisticRegression`` into a linear model and return its history row.

    Args:
        model: Of the architecture ``linear``.
        dataset: Its training split is fitted whole.
        configuration: ``seed``, ``max_iterations`` and ``inverse_regularization`` are read.

    Raises:
        InvalidConfigurationError: The model is not the linear one, or a class has no training image.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if model.name != "linear":
        raise InvalidConfigurationError(
            N_(
                "logistic regression fits the architecture 'linear' alone. Received: %(name)s; choose the solver "
                "adamw or sgd"
            ),
            name=repr(model.name),
        )
    _check_every_class(dataset)
    regression = LogisticRegression(
        C=configuration.inverse_regularization,
        max_iter=configuration.max_iterations,
        random_state=configuration.seed,
    )
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):  # more threads wait for each other
        warnings.simplefilter("ignore", ConvergenceWarning)  # the card says how many iterations were needed
        regression.fit(_scaled(dataset.train), dataset.train.labels)
    _set_weights(model, regression.coef_, regression.intercept_)
    row = {"epoch": 1.0, "iterations": float(regression.n_iter_[0])}
    for prefix, split in (("", dataset.train), ("validation_", dataset.validation)):
        logits = _scaled(split) @ model.get_weights()[0] + model.get_weights()[1]
        row[f"{prefix}loss"], row[f"{prefix}accuracy"] = _loss_and_accuracy(logits, split.labels)
    return row


def _check_every_class(dataset: Dataset) -> None:
    missing = set(range(dataset.num_classes)) - set(dataset.train.labels.tolist())
    if missing:
        names = ", ".join(dataset.class_names[label] for label in sorted(missing))
        raise InvalidConfigurationError(
            N_("every class needs a training image; there is none of: %(names)s"), names=names
        )


def _scaled(split: Split) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    return split.images.reshape(len(split), -1).astype(np.float32) / np.float32(255)


def _set_weights(model: "keras.Model", coefficients: np.ndarray, intercepts: np.ndarray) -> None:
    if len(coefficients) == 1:  # two classes: scikit-learn keeps the difference of the two logits only
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    model.set_weights([coefficients.T.astype(np.float32), intercepts.astype(np.float32)])


def _loss_and_accuracy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[np.arange(len(labels)), labels].mean()
    return float(loss), float((logits.argmax(axis=1) == labels).mean())
