"""The linear model without Keras: by scikit-learn to convergence, or by gradient in batches.

A step by gradient is two small products, less than a call of Keras. What it finds is what Keras's AdamW finds, but for
the last digits; tests hold the two together.
"""

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabisco.data.dataset import Dataset, Split
from rabisco.errors import N_, InvalidConfigurationError
from rabisco.training.checkpoint import Position
from rabisco.training.config import TrainingConfiguration
from rabisco.training.schedule import rates

if TYPE_CHECKING:
    import keras

FIRST, SECOND, SMALLEST = 0.9, 0.999, 1e-7  # Adam's, as in Keras
JUDGED_AT_ONCE = 4096  # images
Values = NDArray[np.float32]


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
    from scipy.special import log_softmax
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
    missing = set(range(dataset.num_classes)) - set(dataset.train.labels.tolist())
    if missing:
        names = ", ".join(dataset.class_names[label] for label in sorted(missing))
        raise InvalidConfigurationError(
            N_("every class needs a training image; there is none of: %(names)s"), names=names
        )

    def pixels_of(split: Split) -> Values:
        return split.images.reshape(len(split), -1).astype(np.float32) / np.float32(255)

    regression = LogisticRegression(
        C=configuration.inverse_regularization,
        max_iter=configuration.max_iterations,
        random_state=configuration.seed,
    )
    with warnings.catch_warnings(), threadpool_limits(1, "blas"):  # more threads wait for each other
        warnings.simplefilter("ignore", ConvergenceWarning)  # the card says how many iterations were needed
        regression.fit(pixels_of(dataset.train), dataset.train.labels)
    kernel, bias = regression.coef_.T, regression.intercept_
    if len(bias) == 1:  # two classes: scikit-learn keeps the difference of the two logits only
        kernel, bias = np.hstack([np.zeros_like(kernel), kernel]), np.append(0, bias)
    model.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    kernel, bias = model.get_weights()
    row = {"epoch": 1.0, "iterations": float(regression.n_iter_[0])}
    for prefix, split in (("", dataset.train), ("validation_", dataset.validation)):
        logits = pixels_of(split) @ kernel + bias
        log_probabilities = log_softmax(logits, axis=1)
        row[f"{prefix}loss"] = -float(log_probabilities[np.arange(len(split)), split.labels].mean())
        row[f"{prefix}accuracy"] = float((logits.argmax(axis=1) == split.labels).mean())
    return row


def suits(model: "keras.Model", configuration: TrainingConfiguration) -> bool:
    """Tell whether a training is one that ``LinearModel`` can do."""
    return (
        model.name == "linear"
        and configuration.solver == "adamw"
        and configuration.precision == "float32"
        and configuration.augmentation is None
        and configuration.first_side is None
        and not configuration.mixup
    )


class Variable(np.ndarray[Any, Any]):
    """An array that is given new values as a Keras variable is."""

    def assign(self, values: Any) -> None:
        """Take over values of the same shape."""
        self[...] = values


class LinearModel:
    """Kernel and bias of a linear model, and the state of AdamW, in the places that Keras has for them.

    Args:
        model: Of the architecture ``linear``; its weights are where training begins.
        configuration: One that ``suits``.
        steps: Batches of an epoch.
    """

    def __init__(self, model: "keras.Model", configuration: TrainingConfiguration, steps: int) -> None:
        self.variables = [_variable(weight) for weight in model.get_weights()]
        self.metrics_variables = [_variable(0.0) for _ in range(4)]  # sums and counts of loss and right answers
        self.optimizer = SimpleNamespace(variables=[], learning_rate=0.0)
        moments = [_variable(np.zeros_like(weight)) for weight in self.variables for _ in range(2)]
        fixed = [_variable(configuration.learning_rate)] if configuration.schedule == "constant" else []
        self.optimizer.variables = [_variable(0, np.int64), *fixed, *moments]
        self.trainable_variables, self.stop_training = self.variables, False
        self._iterations, self._moments = self.optimizer.variables[0], moments
        self._configuration, self._steps = configuration, steps
        self._rates = rates(configuration, steps)

    def get_weights(self) -> list[NDArray[Any]]:
        """Return copies of kernel and bias."""
        return [np.array(weight) for weight in self.variables]

    def set_weights(self, weights: list[NDArray[Any]]) -> None:
        """Take over kernel and bias."""
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(weight)

    def fit(self, dataset: Dataset, callback: Any, position: Position, until: int) -> None:
        """Train from where the training stands to the end of epoch ``until``, or until the callback ends it."""
        from threadpoolctl import threadpool_limits

        smoothed = np.float32(self._configuration.label_smoothing)
        targets = np.eye(dataset.num_classes, dtype=np.float32) * (1 - smoothed) + smoothed / dataset.num_classes
        callback.set_model(self)
        callback.batches = SimpleNamespace(epoch=0)
        callback.on_train_begin()
        with threadpool_limits(1, "blas"):  # more threads wait for each other
            for epoch in range(position.epoch, until):
                self._fit_epoch(dataset, callback, epoch, position.step, targets)
                if self.stop_training:
                    break

    def _fit_epoch(self, dataset: Dataset, callback: Any, epoch: int, first: int, targets: Values) -> None:
        """Train one epoch, from 0, of which ``first`` batches were done before."""
        train, size = dataset.train, self._configuration.batch_size
        order = np.random.default_rng((self._configuration.seed, epoch + 1)).permutation(len(train))
        for variable in self.metrics_variables:
            variable.assign(0)
        callback.on_epoch_begin(epoch)
        for batch in range(first, self._steps):
            self.optimizer.learning_rate = float(self._rates[int(self._iterations)])
            callback.looked = 0.0  # a look at the learning rate takes no time here
            callback.on_train_batch_begin(batch - first)
            rows = order[batch * size : (batch + 1) * size]
            wanted = targets[train.labels[rows]] if train.targets is None else train.targets[rows]
            self._step(scaled(train.images[rows]), wanted)
            callback.on_train_batch_end(batch - first, self._figures())
            if self.stop_training:
                break
        loss, accuracy = self._judged(dataset.validation, targets)
        callback.on_epoch_end(epoch, {**self._figures(), "val_loss": loss, "val_accuracy": accuracy})

    def _step(self, pixels: Values, targets: Values) -> None:
        """Move the weights once, after Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019."""
        kernel, bias = self.variables
        errors, loss, right = _judge(np.asarray(pixels @ kernel), np.asarray(bias), targets)
        for variable, value in zip(self.metrics_variables, (loss, len(pixels), right, len(pixels)), strict=True):
            variable.assign(variable + np.float32(value))
        errors /= np.float32(len(pixels))
        self._iterations += 1
        turn, rate = int(self._iterations), self.optimizer.learning_rate
        corrected = np.float32(rate * np.sqrt(1 - SECOND**turn) / (1 - FIRST**turn))
        decay = np.float32(1 - rate * self._configuration.weight_decay)
        for place, gradient in enumerate((np.asarray(pixels.T @ errors), errors.sum(axis=0))):
            first, second = (np.asarray(moment) for moment in self._moments[2 * place : 2 * place + 2])
            first += (gradient - first) * np.float32(1 - FIRST)
            second += (gradient * gradient - second) * np.float32(1 - SECOND)
            weight = np.asarray(self.variables[place])
            weight *= decay
            weight -= first * corrected / (np.sqrt(second) + np.float32(SMALLEST))

    def _figures(self) -> dict[str, float]:
        loss, losses, right, answers = (float(variable) for variable in self.metrics_variables)
        return {"loss": loss / max(losses, 1), "accuracy": right / max(answers, 1)}

    def _judged(self, split: Split, targets: Values) -> tuple[float, float]:
        """Return mean loss and accuracy on a split."""
        kernel, bias = self.variables
        loss, right = 0.0, 0
        for start in range(0, len(split), JUDGED_AT_ONCE):
            images = split.images[start : start + JUDGED_AT_ONCE]
            expected = targets[split.labels[start : start + JUDGED_AT_ONCE]]
            _, more, correct = _judge(np.asarray(scaled(images) @ kernel), np.asarray(bias), expected)
            loss, right = loss + more, right + correct
        return loss / max(len(split), 1), right / max(len(split), 1)


def scaled(images: NDArray[np.uint8]) -> Values:
    """Return images as rows of float32 pixels in [0, 1], ``(N, H·W·C)``."""
    return images.reshape(len(images), -1).astype(np.float32) * np.float32(1 / 255)


def _judge(logits: Values, bias: Values, targets: Values) -> tuple[Values, float, int]:
    """Return probabilities less targets, the sum of the losses, and how many answers are right.

    The logits, ``(N, classes)``, are those without their bias, and changed in place; rows of the targets sum to 1.
    """
    logits += bias
    logits -= logits.max(axis=1, keepdims=True)
    right = int(np.count_nonzero(logits.argmax(axis=1) == targets.argmax(axis=1)))
    said = float(np.einsum("ij,ij->", logits, targets))
    np.exp(logits, out=logits)
    totals = logits.sum(axis=1, keepdims=True)
    loss = float(np.log(totals).sum()) - said
    logits /= totals
    logits -= targets
    return logits, loss, right


def _variable(values: Any, dtype: Any = np.float32) -> Variable:
    return np.array(values, dtype).view(Variable)
